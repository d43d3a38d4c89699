"""Bodies of what belongs to an order: refunds, fulfilments, returns."""

from __future__ import annotations

from channels.twins.shopify.books import Doc, gid
from channels.twins.shopify.hooks.rows import (
    address_row,
    line_row,
    transaction_row,
    when,
)
from channels.twins.shopify.money import ZERO, Pair, Purse, fixed


def refund_body(order: Doc, refund: Doc) -> Doc:
    purse = Purse.of(order)
    lines = {row["id"]: row for row in order["lines"]}
    return {
        "id": refund["id"],
        "admin_graphql_api_id": gid("Refund", refund["id"]),
        "order_id": order["id"],
        "created_at": when(refund["created_at"]),
        "note": refund["note"] or "",
        "user_id": 1,
        "processed_at": when(refund["created_at"]),
        # The published schemas of the hooks have no row of a duty, neither here nor on a line.
        "duties": [],
        "total_duties_set": purse.rest_set(
            sum((Pair.read(row["amount"]) for row in refund.get("duties", ())), ZERO)
        ),
        "return": None,
        "refund_shipping_lines": [
            {
                "id": row["id"],
                "shipping_line_id": row["shipping_line_id"],
                "subtotal_amount_set": purse.rest_set(Pair.read(row["subtotal"])),
            }
            for row in refund["shipping"]
        ],
        "restock": any(row["restocked"] for row in refund["lines"]),
        "order_adjustments": [
            {
                "id": row["id"],
                "amount": fixed(Pair.read(row["amount"]).s, purse.shop),
                "amount_set": purse.rest_set(Pair.read(row["amount"])),
                "kind": "refund_discrepancy",
                "order_id": order["id"],
                "reason": "Refund discrepancy",
                "refund_id": refund["id"],
                "tax_amount": "0.00",
                "tax_amount_set": purse.rest_set(ZERO),
            }
            for row in refund["adjustments"]
        ],
        "refund_line_items": [
            {
                "id": row["id"],
                "quantity": row["quantity"],
                "line_item_id": row["line_id"],
                "location_id": row["location_id"],
                "restock_type": row["restock_type"].lower(),
                "subtotal": float(Pair.read(row["subtotal"]).s),
                "total_tax": float(Pair.read(row["tax"]).s),
                "subtotal_set": purse.rest_set(Pair.read(row["subtotal"])),
                "total_tax_set": purse.rest_set(Pair.read(row["tax"])),
                "line_item": line_row(purse, order, lines[row["line_id"]]),
            }
            for row in refund["lines"]
        ],
        "transactions": [
            transaction_row(order, row)
            for row in order["transactions"]
            if row["id"] in refund["transaction_ids"]
        ],
    }


def fulfillment_body(order: Doc, parcel: Doc) -> Doc:
    purse = Purse.of(order)
    lines = {row["id"]: row for row in order["lines"]}
    first = parcel["tracking"][0] if parcel["tracking"] else {}
    return {
        "id": parcel["id"],
        "admin_graphql_api_id": gid("Fulfillment", parcel["id"]),
        "order_id": order["id"],
        "status": parcel["status"].lower(),
        "created_at": when(parcel["created_at"]),
        "service": "manual",
        "updated_at": when(parcel["updated_at"]),
        "tracking_company": first.get("company"),
        "shipment_status": None,
        "location_id": parcel["location_id"],
        "origin_address": None,
        "email": order["email"] or "",
        "destination": address_row(order["shipping_address"]),
        "line_items": [
            {**line_row(purse, order, lines[row["line_id"]]), "quantity": row["quantity"]}
            for row in parcel["lines"]
        ],
        "tracking_number": first.get("number"),
        "tracking_numbers": [row["number"] for row in parcel["tracking"] if row["number"]],
        "tracking_url": first.get("url"),
        "tracking_urls": [row["url"] for row in parcel["tracking"] if row["url"]],
        "receipt": {},
        "name": parcel["name"],
    }


def return_body(order: Doc, entry: Doc) -> Doc:
    return {
        "id": entry["id"],
        "admin_graphql_api_id": gid("Return", entry["id"]),
        "order": {"id": order["id"], "admin_graphql_api_id": gid("Order", order["id"])},
        "status": entry["status"].lower(),
        "name": entry["name"],
        "total_return_line_items": sum(row["quantity"] for row in entry["lines"]),
        "total_exchange_line_items": 0,
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "return_line_items": [
            {
                "id": row["id"],
                "admin_graphql_api_id": gid("ReturnLineItem", row["id"]),
                "quantity": row["quantity"],
                "return_reason": row["reason"].lower(),
                "return_reason_note": row["note"] or "",
                "customer_note": row["note"],
                "fulfillment_line_item": {"id": row["fulfillment_line_id"]},
            }
            for row in entry["lines"]
        ],
    }
