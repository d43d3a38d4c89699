"""Finding an order, and telling it in the twin's own words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from channels.twins.shopify import sums
from channels.twins.shopify.books import Books, Doc, gid, number_of
from channels.twins.shopify.money import Pair, Purse
from oms.twinkit.server import Refused


def only(given: Doc, *known: str) -> None:
    unknown = set(given) - set(known)
    if unknown:
        raise Refused(f"This verb does not know {', '.join(sorted(unknown))}.")


def find(books: Books, which: Any) -> Doc:
    text = str(which)
    number = number_of("Order", text)
    if number is not None:
        order = books.order(number)
    else:
        order = books.order_named(text) or books.order_named(f"#{text}")
    if order is None:
        order = next((o for o in books.store.all("orders") if text in (str(o["number"]), str(o["id"]))), None)
    if order is None:
        raise Refused(f"There is no order {which}.")
    return order


def find_line(order: Doc, given: Doc) -> Doc:
    wanted = number_of("LineItem", str(given.get("line", "")))
    for line in order["lines"]:
        if line["id"] == wanted or (given.get("sku") and line["sku"] == given["sku"]):
            return line
    raise Refused(f"{order['name']} has no such line.")


def told(order: Doc) -> Doc:
    """An order in the twin's own words."""
    total = sums.totals(order)
    purse = Purse.of(order)

    def money(amount: Pair) -> Doc:
        return {"presentment": str(amount.p), "shop": str(amount.s)}

    return {
        "id": gid("Order", order["id"]),
        "name": order["name"],
        "number": order["number"],
        "email": order["email"],
        "updated_at": order["updated_at"],
        "cancelled_at": order["cancelled_at"],
        "cancel_reason": order["cancel_reason"],
        "financial_status": sums.financial_status(order, total),
        "fulfillment_status": sums.fulfillment_status(order),
        "return_status": sums.return_status(order),
        "currency": purse.presentment,
        "shop_currency": purse.shop,
        "total": money(total["total"]),
        "current_total": money(total["current_total"]),
        "received": money(total["received"]),
        "refunded": money(total["refunded"]),
        "tags": order["tags"],
        "note": order["note"],
        "lines": [
            {
                "id": gid("LineItem", line["id"]),
                "sku": line["sku"],
                "title": line["title"],
                "quantity": line["quantity"],
                "current_quantity": sums.current(line),
                "fulfilled": sums.fulfilled(order, line["id"]),
                "unfulfilled": sums.unfulfilled(order, line["id"]),
            }
            for line in order["lines"]
        ],
        "refunds": [
            {
                "id": gid("Refund", refund["id"]),
                "at": refund["created_at"],
                "note": refund["note"],
                "amount": str(
                    sum(
                        (
                            Decimal(t["amount"][0])
                            for t in order["transactions"]
                            if t["id"] in refund["transaction_ids"]
                        ),
                        Decimal(0),
                    )
                ),
                "restock_types": [row["restock_type"] for row in refund["lines"]],
                "lines": [
                    {
                        "line": gid("LineItem", row["line_id"]),
                        "quantity": row["quantity"],
                        "restock_type": row["restock_type"],
                    }
                    for row in refund["lines"]
                ],
            }
            for refund in order["refunds"]
        ],
        "fulfillments": [
            {
                "id": gid("Fulfillment", parcel["id"]),
                "status": parcel["status"],
                "tracking": parcel["tracking"],
                "lines": [
                    {"line": gid("LineItem", row["line_id"]), "quantity": row["quantity"]}
                    for row in parcel["lines"]
                ],
            }
            for parcel in order["fulfillments"]
        ],
        "fulfillment_orders": [
            {
                "id": gid("FulfillmentOrder", job["id"]),
                "status": job["status"],
                "location": gid("Location", job["location_id"]),
            }
            for job in order["fulfillment_orders"]
        ],
        "returns": [
            {
                "id": gid("Return", entry["id"]),
                "status": entry["status"],
                "quantity": sum(row["quantity"] for row in entry["lines"]),
            }
            for entry in order["returns"]
        ],
    }
