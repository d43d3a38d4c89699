"""Shopify's webhooks: hints only. A retry carries the first try's body, so no body is believed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from channels.adapters import shopify_queries as q
from channels.adapters.base import Hint
from channels.adapters.shopify_read import number_of
from channels.adapters.shopify_wire import Wire

TOPICS = (
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_EDITED",
    "ORDERS_CANCELLED",
    "ORDERS_DELETE",
    "ORDERS_RISK_ASSESSMENT_CHANGED",
    "REFUNDS_CREATE",
)


class Webhooks(Wire):
    def verify(self, headers: Mapping[str, str], body: bytes) -> bool:
        """base64 HMAC-SHA256 of the raw body under the app's secret."""
        secret = self.account.credentials.get("webhook_secret") or ""
        digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
        given = _header(headers, "X-Shopify-Hmac-Sha256").encode()
        return bool(secret) and hmac.compare_digest(digest, given)

    def hint(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        topic = _header(headers, "X-Shopify-Topic")
        try:
            told = json.loads(body)
        except ValueError:
            return None
        kind, external_id = _about(topic, told if isinstance(told, dict) else {})
        return Hint(kind, external_id, topic) if external_id else None

    def ensure_webhooks(self, callback_url: str) -> Sequence[str]:
        """Shopify drops a subscription whose endpoint keeps failing, so this is asked again every day."""
        found = self.every(q.WEBHOOKS, "", "webhookSubscriptions")
        ours = {row["topic"] for row in found if row["uri"] == callback_url}
        for topic in TOPICS:
            if topic not in ours:
                wanted = {"uri": callback_url, "format": "JSON"}
                self.change(q.SUBSCRIBE, "webhookSubscriptionCreate", topic=topic, webhookSubscription=wanted)
        return TOPICS


def _about(topic: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and id of the thing to read again. An edit and a refund speak of their order."""
    subject = topic.partition("/")[0]
    if topic == "orders/edited":
        return "order", str((told.get("order_edit") or {}).get("order_id") or "")
    if topic == "orders/risk_assessment_changed":
        return "order", number_of(told.get("admin_graphql_api_order_id") or told.get("order_id"))
    if subject == "orders":
        return "order", number_of(told.get("admin_graphql_api_id") or told.get("id"))
    if subject in ("refunds", "fulfillments", "order_transactions"):
        return "order", str(told.get("order_id") or "")
    if subject == "products":
        return "product", number_of(told.get("admin_graphql_api_id") or told.get("id"))
    if subject == "inventory_levels":
        return "stock", str(told.get("inventory_item_id") or "")
    return "other", ""


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")
