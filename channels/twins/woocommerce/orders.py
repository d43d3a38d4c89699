"""``/orders``: list, read, change, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.twins.woocommerce import lines, paging, views
from channels.twins.woocommerce.shop import STATUSES, Shop
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer, check_meta
from oms.twinkit.server import Response

LIST = {
    **paging.PAGING,
    **paging.DATED,
    "orderby": Arg(enum=("date", "id", "include", "title", "slug", "modified"), default="date"),
    "customer": Arg("integer"),
    "product": Arg("integer"),
    "dp": Arg("integer"),
}
WRITABLE: Mapping[str, Arg] = {
    "billing": Arg("object"),
    "shipping": Arg("object"),
    "customer_note": Arg(),
    "payment_method": Arg(),
    "payment_method_title": Arg(),
    "transaction_id": Arg(),
    "meta_data": Arg("array"),
    "line_items": Arg("array"),
    "set_paid": Arg("boolean"),
}
NOT_HERE = ("shipping_lines", "fee_lines", "coupon_lines", "currency", "customer_id", "parent_id")


def list_args(shop: Shop) -> dict[str, Arg]:
    return {**LIST, "status": Arg("strings", ["any"], enum=("any", "trash", *shop.statuses()))}


def list_orders(shop: Shop, call: Call) -> Response:
    on_time, wanted = paging.dated(shop, call), paging.included(call)
    statuses = set(call["status"])
    search = (call["search"] or "").lower()

    def passes(order: dict[str, Any]) -> bool:
        if order["status"] == "trash" and "trash" not in statuses:
            return False
        if "any" not in statuses and order["status"] not in statuses:
            return False
        if call["customer"] is not None and order["customer_id"] != call["customer"]:
            return False
        if call["product"] and not any(
            call["product"] in (line["product_id"], line["variation_id"]) for line in order["line_items"]
        ):
            return False
        if search and search not in f"{order['number']} {order['billing']} {order['shipping']}".lower():
            return False
        return wanted(order) and on_time(order)

    def view(order: dict[str, Any]) -> dict[str, Any]:
        shown = views.order(shop, order, call.home, call["dp"])
        return shown if shop.config["refunds_in_list"] else {**shown, "refunds": []}

    return paging.respond(shop, call, "/orders", filter(passes, shop.store.scan("order")), view)


def find(shop: Shop, call: Call, status: int = 404) -> dict[str, Any]:
    order = shop.store.get("order", call.ids["id"])
    if order is None:
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", status)
    return order


def get_order(shop: Shop, call: Call) -> Response:
    return answer(views.order(shop, find(shop, call), call.home, call["dp"]))


def update_args(shop: Shop) -> dict[str, Arg]:
    return {**WRITABLE, "status": Arg(enum=(*STATUSES, *shop.config["custom_statuses"]))}


def update_order(shop: Shop, call: Call) -> Response:
    """Fields, then lines, then status, as WooCommerce does. Any update touches ``date_modified``."""
    order = find(shop, call, 400)
    unable = [name for name in NOT_HERE if call[name] is not None]
    if unable:
        raise RestError(
            "twin_not_simulated", f"This twin cannot change {', '.join(unable)} of an order.", 501
        )
    check_meta(call["meta_data"])
    for part in ("billing", "shipping"):
        for name, value in (call[part] or {}).items():
            if name in order[part]:
                order[part][name] = value
    for name in ("customer_note", "payment_method", "payment_method_title", "transaction_id"):
        if call[name] is not None:
            order[name] = call[name]
    for meta in call["meta_data"] or []:
        shop.meta(order, meta["key"], meta.get("value"), meta.get("id"))
    if call["line_items"]:
        try:
            lines.change(shop, order, call["line_items"], "api")
        except ValueError as problem:
            raise RestError("woocommerce_rest_invalid_item_id", str(problem), 400) from problem
    if call["status"]:
        shop.set_status(order, call["status"], "api")
    if call["set_paid"] and order["status"] in ("pending", "failed", "on-hold"):
        shop.set_status(order, "processing", "api")
    shop.log("order", order=order["id"], fields=sorted(set(call.given)), by="api")
    shop.save(order)
    return answer(views.order(shop, order, call.home))


def delete_order(shop: Shop, call: Call) -> Response:
    order = find(shop, call)
    shown = views.order(shop, order, call.home)
    if call["force"]:
        erase(shop, order)
        return answer(shown)
    if order["status"] == "trash":
        raise RestError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    trash(shop, order, "api")
    return answer(shown)


def trash(shop: Shop, order: dict[str, Any], by: str) -> None:
    order["_twin"]["status_before_trash"] = order["status"]
    shop.log("status", order=order["id"], before=order["status"], after="trash", by=by)
    order["status"] = "trash"
    shop.save(order, "order.deleted")


def erase(shop: Shop, order: dict[str, Any]) -> None:
    shop.store.delete("order", order["id"])
    shop.store.delete("number", order["number"])
    shop.store.delete("hold", order["id"])
    shop.log("erased", order=order["id"])
    shop.tell("order.deleted", order["id"])
