"""The shop's own books, for checks that do not trust anybody else's."""

from __future__ import annotations

from typing import Any

from channels.twins.woocommerce import trackings
from channels.twins.woocommerce.shop import Shop, reduced


def records(shop: Shop, name: str) -> dict[str, Any]:
    """``{"shop", "currency", "orders", "products", "gateway", "webhooks", "log"}``; see the functions below.

    ``gateway``: money that left, ``[{at, order, refund, amount}]``. ``log``: every applied write as it came,
    ``[{at, what, ...}]``; ``what`` is placed, status, stock, line, refund, note, tracking, order, address,
    erased or webhook_disabled.
    """
    return {
        "shop": name,
        "currency": shop.config["currency"],
        "orders": [_order(shop, order) for order in shop.store.scan("order")],
        "products": [*map(_item, shop.store.scan("product")), *map(_item, shop.store.scan("variation"))],
        "gateway": list(shop.store.scan("gateway")),
        "webhooks": [
            {
                "id": hook["id"],
                "topic": hook["topic"],
                "status": hook["status"],
                "failures": hook["_twin"]["failures"],
            }
            for hook in shop.store.scan("webhook")
        ],
        "log": list(shop.store.scan("log")),
    }


def _order(shop: Shop, order: dict[str, Any]) -> dict[str, Any]:
    """``ordered`` is what was bought, ``lines`` what stands now, ``off_shelf`` what they took of it."""
    refunds = [shop.store.get("refund", one["id"]) for one in order["refunds"]]
    return {
        "id": order["id"],
        "number": order["number"],
        "status": order["status"],
        "currency": order["currency"],
        "total": order["total"],
        "email": order["billing"].get("email", ""),
        "date_created_gmt": order["date_created_gmt"],
        "date_modified_gmt": order["date_modified_gmt"],
        "date_completed_gmt": order["date_completed_gmt"],
        "ordered": [{"sku": sku, "quantity": quantity} for sku, quantity in order["_twin"]["ordered"]],
        "lines": [
            {
                "id": line["id"],
                "sku": line.get("sku", ""),
                "name": line["name"],
                "product_id": line["product_id"],
                "variation_id": line["variation_id"],
                "quantity": line["quantity"],
                "total": line["total"],
                "total_tax": line["total_tax"],
                "off_shelf": reduced(line) or 0,
            }
            for line in order["line_items"]
        ],
        "refunds": [
            {
                "id": refund["id"],
                "at": refund["date_created_gmt"],
                "amount": refund["amount"],
                "reason": refund["reason"],
                "through_gateway": refund["refunded_payment"],
                "restocked": refund["_twin"]["restocked"],
                "by": refund["_twin"]["by"],
                "lines": [
                    {"sku": x.get("sku", ""), "quantity": -x["quantity"]} for x in refund["line_items"]
                ],
            }
            for refund in refunds
            if refund
        ],
        "notes": [
            {
                "id": note["id"],
                "at": note["date_created_gmt"],
                "note": note["note"],
                "customer_note": note["customer_note"],
            }
            for note in (
                shop.store.get("note", number) for number in shop.store.get("notes", order["id"], [])
            )
        ],
        "trackings": trackings.items(order),
        "meta": {meta["key"]: meta["value"] for meta in order["meta_data"]},
    }


def _item(item: dict[str, Any]) -> dict[str, Any]:
    variation = item.get("type") == "variation"
    return {
        "product_id": item["parent_id"] if variation else item["id"],
        "variation_id": item["id"] if variation else 0,
        "sku": item["sku"],
        "name": item["name"],
        "status": item["status"],
        "manage_stock": item["manage_stock"],
        "stock_quantity": item["stock_quantity"],
        "backorders": item["backorders"],
    }
