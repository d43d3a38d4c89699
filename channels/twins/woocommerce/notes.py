"""``/orders/{id}/notes``: newest first, never paged."""

from __future__ import annotations

from typing import Any

from channels.twins.woocommerce import views
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer
from oms.twinkit.server import Response

LIST = {
    "context": Arg(enum=("view", "edit"), default="view"),
    "type": Arg(enum=("any", "customer", "internal"), default="any"),
}
CREATE = {
    "note": Arg(required=True),
    "customer_note": Arg("boolean", False),
    "added_by_user": Arg("boolean", False),
}


def _order(shop: Shop, call: Call) -> dict[str, Any]:
    order = shop.store.get("order", call.ids["order_id"])
    if order is None:
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid order ID.", 404)
    return order


def list_notes(shop: Shop, call: Call) -> Response:
    order = _order(shop, call)
    notes = [shop.store.get("note", number) for number in reversed(shop.store.get("notes", order["id"], []))]
    if call["type"] != "any":
        notes = [note for note in notes if note["customer_note"] == (call["type"] == "customer")]
    return answer([views.note(shop, note, call.home) for note in notes])


def get_note(shop: Shop, call: Call) -> Response:
    order = _order(shop, call)
    note = shop.store.get("note", call.ids["id"])
    if note is None or note["order_id"] != order["id"]:
        raise RestError("woocommerce_rest_invalid_id", "Invalid resource ID.", 404)
    return answer(views.note(shop, note, call.home))


def create_note(shop: Shop, call: Call) -> Response:
    order = _order(shop, call)
    author = "admin" if call["added_by_user"] else "WooCommerce"
    note = shop.note(order, call["note"], call["customer_note"], author)
    where = f"{call.home}{views.API}/orders/{order['id']}/notes/{note['id']}"
    return answer(views.note(shop, note, call.home), 201, {"Location": where})
