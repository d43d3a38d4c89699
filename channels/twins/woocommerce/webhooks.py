"""``/webhooks``, and what goes out to their addresses.

A delivery carries the state of the moment it is SENT, is tried once, and is not queued twice while it waits.
More than five failures in a row switch the webhook off, and nobody is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import Any

from channels.twins.woocommerce import dates, paging, views
from channels.twins.woocommerce.shop import Shop, hash_of
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer, encode
from oms.twinkit.server import Response

MAX_FAILURES = 5
AGENT = "WooCommerce/9.8.5 Hookshot (WordPress/6.7)"
HOOKS = {
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
    "order.deleted": ["wp_trash_post", "woocommerce_trash_order"],
    "order.restored": ["untrashed_post", "woocommerce_untrash_order"],
    "product.created": ["woocommerce_process_product_meta", "woocommerce_new_product"],
    "product.updated": ["woocommerce_process_product_meta", "woocommerce_update_product"],
    "product.deleted": ["wp_trash_post"],
    "product.restored": ["untrashed_post"],
}
TOPIC = re.compile(r"(coupon|customer|order|product)\.(created|updated|deleted|restored)|action\.[\w.]+")
ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")

LIST = {
    **paging.PAGING,
    "orderby": Arg(enum=("date", "id", "title"), default="date"),
    "status": Arg(enum=("all", "active", "paused", "disabled"), default="all"),
}
CREATE = {
    "name": Arg(),
    "status": Arg(enum=("active", "paused", "disabled"), default="active"),
    "topic": Arg(required=True),
    "secret": Arg(),
    "delivery_url": Arg(required=True),
}
UPDATE = {
    "name": Arg(),
    "status": Arg(enum=("active", "paused", "disabled")),
    "topic": Arg(),
    "secret": Arg(),
    "delivery_url": Arg(),
}


def list_webhooks(shop: Shop, call: Call) -> Response:
    wanted = paging.included(call)
    found = [
        hook
        for hook in shop.store.scan("webhook")
        if call["status"] in ("all", hook["status"]) and wanted(hook)
    ]
    return paging.respond(shop, call, "/webhooks", found, lambda hook: views.webhook(shop, hook, call.home))


def get_webhook(shop: Shop, call: Call) -> Response:
    return answer(views.webhook(shop, _find(shop, call, "ID is invalid.", 400), call.home))


def create_webhook(shop: Shop, call: Call, ping: Any) -> Response:
    """``ping(webhook)`` queues the unsigned first knock."""
    hook: dict[str, Any] = {
        "id": shop.new_id("webhook"),
        "name": call["name"] or f"Webhook created on {dates.local(shop.now(), shop.config['timezone'])}",
        "status": call["status"],
        "date_created_gmt": shop.now(),
        "date_modified_gmt": shop.now(),
        "_twin": {"secret": call["secret"] or secrets.token_urlsafe(36), "failures": 0},
    }
    _aim(hook, call["topic"], call["delivery_url"])
    shop.store.put("webhook", hook["id"], hook)
    ping(hook)
    where = f"{call.home}{views.API}/webhooks/{hook['id']}"
    return answer(views.webhook(shop, hook, call.home), 201, {"Location": where})


def update_webhook(shop: Shop, call: Call) -> Response:
    hook = _find(shop, call, "ID is invalid.", 400)
    _aim(hook, call["topic"] or hook["topic"], call["delivery_url"] or hook["delivery_url"])
    if call["status"] == "active" and hook["status"] != "active":
        hook["_twin"]["failures"] = 0
    hook["name"], hook["status"] = call["name"] or hook["name"], call["status"] or hook["status"]
    hook["_twin"]["secret"] = call["secret"] or hook["_twin"]["secret"]
    hook["date_modified_gmt"] = shop.now()
    shop.store.put("webhook", hook["id"], hook)
    return answer(views.webhook(shop, hook, call.home))


def delete_webhook(shop: Shop, call: Call) -> Response:
    if not call["force"]:
        raise RestError("woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.", 501)
    hook = _find(shop, call, "Invalid ID.", 404)
    shop.store.delete("webhook", hook["id"])
    return answer(views.webhook(shop, hook, call.home))


def _find(shop: Shop, call: Call, words: str, status: int) -> dict[str, Any]:
    hook = shop.store.get("webhook", call.ids["id"])
    if hook is None:
        raise RestError("woocommerce_rest_shop_webhook_invalid_id", words, status)
    return hook


def _aim(hook: dict[str, Any], topic: str, address: str) -> None:
    if not TOPIC.fullmatch(topic.lower()):
        words = "Webhook topic is required and must be valid."
        raise RestError("woocommerce_rest_shop_webhook_invalid_topic", words, 400)
    if not ADDRESS.fullmatch(address):
        words = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError("woocommerce_rest_shop_webhook_invalid_delivery_url", words, 400)
    hook["topic"], hook["delivery_url"] = topic, address
    hook["resource"], _, hook["event"] = topic.partition(".")
    hook["hooks"] = HOOKS.get(topic.lower(), [])


# --- going out -------------------------------------------------------------------------------------------


def ping(hook: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    """The first knock: a form, unsigned."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": AGENT}
    return hook["delivery_url"], headers, f"webhook_id={hook['id']}".encode()


def delivery(
    shop: Shop, hook: dict[str, Any], resource_id: int, home: str
) -> tuple[str, dict[str, str], bytes]:
    body = encode(payload(shop, hook, resource_id, home))
    secret = hook["_twin"]["secret"].encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "X-WC-Webhook-Source": f"{home}/",
        "X-WC-Webhook-Topic": hook["topic"],
        "X-WC-Webhook-Resource": hook["resource"],
        "X-WC-Webhook-Event": hook["event"],
        "X-WC-Webhook-Signature": base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode(),
        "X-WC-Webhook-ID": str(hook["id"]),
        # Made of the webhook and the second, so the deliveries of one second share it.
        "X-WC-Webhook-Delivery-ID": hash_of(hook["id"], shop.now()),
    }
    return hook["delivery_url"], headers, body


def payload(shop: Shop, hook: dict[str, Any], resource_id: int, home: str) -> dict[str, Any]:
    if hook["event"] == "deleted":
        return {"id": resource_id}
    kind = hook["resource"]
    document = shop.store.get(kind, resource_id)
    if document is None:
        what = "shop_order" if kind == "order" else kind
        return {
            "code": f"woocommerce_rest_{what}_invalid_id",
            "message": "Invalid ID.",
            "data": {"status": 404},
        }
    return views.order(shop, document, home) if kind == "order" else views.product(shop, document, home)


def settle(shop: Shop, hook_id: int, status: int | None, was_ping: bool) -> None:
    """Count failures; a webhook whose first knock was not answered 200 stays off."""
    hook = shop.store.get("webhook", hook_id)
    if hook is None:
        return
    good = status is not None and 200 <= status < 303
    if was_ping:
        if status != 200 and shop.config["ping_must_succeed"]:
            hook["status"] = "disabled"
            shop.log("webhook_disabled", webhook=hook_id, why="ping")
    elif good:
        hook["_twin"]["failures"] = 0
    elif hook["_twin"]["failures"] > MAX_FAILURES:
        hook["status"] = "disabled"
        shop.log("webhook_disabled", webhook=hook_id, why="failures")
    else:
        hook["_twin"]["failures"] += 1
    shop.store.put("webhook", hook_id, hook)
