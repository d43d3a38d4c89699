"""``/orders/{id}/refunds`` and ``/refunds``.

Not idempotent, and with WooCommerce's own trap: most refusals carry a bare number in the place of
``{"status": n}``, so that they leave with HTTP 500 although nothing will ever make them good.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from channels.twins.woocommerce import paging, views
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer, check_meta
from oms.twinkit.server import Response

LIST = {
    **paging.PAGING,
    **paging.DATED,
    "orderby": Arg(enum=("date", "id", "include", "title", "slug", "modified"), default="date"),
    "dp": Arg("integer"),
}
CREATE = {
    "amount": Arg(),
    "reason": Arg(),
    "refunded_by": Arg("integer"),
    "meta_data": Arg("array"),
    "api_refund": Arg("boolean", True),
    "api_restock": Arg("boolean", True),
}
NO_ORDER = RestError("woocommerce_rest_invalid_order_id", "Invalid order ID.", data=404)


def list_refunds(shop: Shop, call: Call) -> Response:
    """Of one order; an order that is not there has none."""
    order_id = call.ids["order_id"]
    on_time, wanted = paging.dated(shop, call), paging.included(call)
    found = [r for r in shop.store.scan("refund") if r["parent_id"] == order_id and wanted(r) and on_time(r)]

    def view(refund: dict[str, Any]) -> dict[str, Any]:
        return views.refund(shop, refund, call.home, call["dp"])

    return paging.respond(shop, call, f"/orders/{order_id}/refunds", found, view)


def list_all(shop: Shop, call: Call) -> Response:
    on_time, wanted = paging.dated(shop, call), paging.included(call)
    found = [r for r in shop.store.scan("refund") if wanted(r) and on_time(r)]

    def view(refund: dict[str, Any]) -> dict[str, Any]:
        return views.refund(shop, refund, call.home, call["dp"], parent=True)

    return paging.respond(shop, call, "/refunds", found, view)


def get_refund(shop: Shop, call: Call) -> Response:
    refund = shop.store.get("refund", call.ids["id"])
    if refund is None:
        raise RestError("woocommerce_rest_shop_order_refund_invalid_id", "Invalid ID.", 404)
    if not shop.store.has("order", call.ids["order_id"]):
        raise NO_ORDER
    if refund["parent_id"] != call.ids["order_id"]:
        raise RestError("woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.", data=404)
    return answer(views.refund(shop, refund, call.home, call["dp"]))


def create_refund(shop: Shop, call: Call) -> Response:
    check_meta(call["meta_data"])
    order = shop.store.get("order", call.ids["order_id"])
    if order is None:
        raise NO_ORDER
    lines = wanted_lines(call["line_items"])
    amount = _amount(call["amount"], lines)
    if amount < 0:
        raise RestError(
            "woocommerce_rest_invalid_order_refund", "Refund amount must be greater than zero.", data=400
        )
    if amount > shop.remaining(order):
        raise _cannot("Invalid refund amount.")
    if call["api_refund"]:
        check_gateway(shop, order, amount)
    refund = shop.refund(
        order,
        amount,
        call["reason"] or "",
        lines,
        restock=call["api_restock"],
        through_gateway=call["api_refund"],
        meta_data=call["meta_data"],
    )
    where = f"{call.home}{views.API}/orders/{order['id']}/refunds/{refund['id']}"
    return answer(views.refund(shop, refund, call.home), 201, {"Location": where})


def check_gateway(shop: Shop, order: dict[str, Any], amount: Decimal) -> None:
    """Would the order's payment gateway give money back? Raises ``RestError``."""
    gateways = shop.config["gateways"]
    if order["payment_method"] not in gateways:
        raise _cannot("The payment gateway for this order does not exist.")
    if not gateways[order["payment_method"]]:
        raise _cannot("The payment gateway for this order does not support automatic refunds.")
    if amount <= 0 or not order["date_paid_gmt"]:
        raise _cannot(
            "An error occurred while attempting to create the refund using the payment gateway API."
        )


def wanted_lines(given: Any) -> dict[int, dict[str, Any]]:
    """``line_items`` of a request (a list with ids, or already by id) as the shop wants them."""
    if not given:
        return {}
    items = {str(item.get("id")): item for item in given} if isinstance(given, list) else given
    lines: dict[int, dict[str, Any]] = {}
    for item_id, item in items.items():
        if not str(item_id).isdigit():
            raise _bad_lines("line_items[0] needs an id.")
        taxes = item.get("refund_tax") or {}
        if isinstance(taxes, list):
            taxes = {
                str(tax["id"]): tax["refund_total"] for tax in taxes if "id" in tax and "refund_total" in tax
            }
        try:
            lines[int(item_id)] = {
                "qty": int(item.get("quantity", item.get("qty", 0)) or 0),
                "refund_total": Decimal(str(item.get("refund_total") or 0)),
                "refund_tax": {rate: Decimal(str(tax or 0)) for rate, tax in taxes.items()},
            }
        except (InvalidOperation, ValueError, TypeError) as problem:
            raise _bad_lines("line_items holds something that is not a number.") from problem
    return lines


def _amount(given: str | None, lines: dict[int, dict[str, Any]]) -> Decimal:
    if given is None:
        return sum(
            (line["refund_total"] + sum(line["refund_tax"].values()) for line in lines.values()), Decimal(0)
        )
    try:
        amount = Decimal(given.strip())
    except InvalidOperation as problem:
        raise _cannot("Invalid refund amount.") from problem
    if not amount.is_finite():
        raise _cannot("Invalid refund amount.")
    return amount


def _cannot(words: str) -> RestError:
    return RestError("woocommerce_rest_cannot_create_order_refund", words, data=500)


def _bad_lines(words: str) -> RestError:
    """The real one would read nonsense as nought; a twin had better say so."""
    return RestError(
        "rest_invalid_param",
        "Invalid parameter(s): line_items",
        data={"status": 400, "params": {"line_items": words}},
    )
