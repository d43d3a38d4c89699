"""The Shipment Tracking plug-in's routes, there only where the shop has the plug-in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channels.twins.woocommerce.shop import Shop, hash_of
from channels.twins.woocommerce.wordpress import Arg, Call, RestError, answer
from oms.twinkit.server import Response

KEY = "_wc_shipment_tracking_items"
CREATE = {
    "tracking_provider": Arg(),
    "custom_tracking_provider": Arg(),
    "custom_tracking_link": Arg(),
    "tracking_number": Arg(required=True),
    "date_shipped": Arg(),
}


def _order(shop: Shop, call: Call) -> dict[str, Any]:
    order = shop.store.get("order", call.ids["order_id"])
    if order is None:
        raise RestError("woocommerce_rest_order_invalid_id", "Invalid order ID.", 404)
    return order


def items(order: dict[str, Any]) -> list[dict[str, Any]]:
    return next((meta["value"] for meta in order["meta_data"] if meta["key"] == KEY), [])


def list_trackings(shop: Shop, call: Call) -> Response:
    return answer([_view(item) for item in items(_order(shop, call))])


def create_tracking(shop: Shop, call: Call) -> Response:
    order = _order(shop, call)
    day = call["date_shipped"] or shop.now()[:10]
    try:
        stamp = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    except ValueError as problem:
        raise RestError("woocommerce_rest_invalid_date", "Invalid date_shipped.", 400) from problem
    item = {
        "tracking_provider": call["tracking_provider"] or "",
        "custom_tracking_provider": call["custom_tracking_provider"] or "",
        "custom_tracking_link": call["custom_tracking_link"] or "",
        "tracking_number": call["tracking_number"],
        "date_shipped": str(stamp),
        "tracking_id": hash_of(order["id"], call["tracking_number"], len(items(order))),
    }
    shop.meta(order, KEY, [*items(order), item])
    shop.log("tracking", order=order["id"], number=item["tracking_number"])
    shop.save(order)
    return answer(_view(item), 201)


def _view(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "tracking_id": item["tracking_id"],
        "tracking_provider": item["tracking_provider"] or item["custom_tracking_provider"],
        "tracking_link": item["custom_tracking_link"],
        "tracking_number": item["tracking_number"],
        "date_shipped": datetime.fromtimestamp(int(item["date_shipped"]), UTC).strftime("%Y-%m-%d"),
    }
