"""Names, headers and signatures of deliveries."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

Doc = dict[str, Any]

API_VERSION = "2026-07"


def topic_name(topic: str) -> str:
    """``ORDERS_CREATE`` is called ``orders/create`` on the wire, ``INVENTORY_LEVELS_UPDATE`` likewise."""
    head, _, tail = topic.lower().rpartition("_")
    if topic == "ORDERS_PARTIALLY_FULFILLED":
        head, tail = "orders", "partially_fulfilled"
    return f"{head}/{tail}"


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(config: Doc, job: Doc, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": job["topic"],
        "X-Shopify-Hmac-Sha256": signature(config["secret"], body),
        "X-Shopify-Shop-Domain": config["shop_domain"],
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": job["webhook_id"],
        "X-Shopify-Event-Id": job["event_id"],
        "X-Shopify-Triggered-At": job["triggered_at"],
    } | ({"X-Shopify-Name": job["name"]} if job.get("name") else {})


def unique(*parts: object) -> str:
    """An id that is the same for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(str(part) for part in parts)))


def serialise(body: Doc, only: list[str]) -> str:
    if only:
        body = {name: value for name, value in body.items() if name in only}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
