"""The work an order makes: fulfilment orders, and the parcels that leave by them."""

from __future__ import annotations

from typing import Any

from channels.twins.shopify import shelf
from channels.twins.shopify.books import Books

Doc = dict[str, Any]


def ship_gift_cards(books: Books, order: Doc) -> None:
    """Shopify sends gift cards by itself once they are paid."""
    cards = {row["id"] for row in order["lines"] if row["gift_card"]}
    for job in order["fulfillment_orders"]:
        rows = [row for row in job["lines"] if row["line_id"] in cards and row["remaining"]]
        if rows:
            fulfil(books, order, [(job, row, row["remaining"]) for row in rows], tracking=[])


def fulfil(books: Books, order: Doc, parts: list[tuple[Doc, Doc, int]], *, tracking: list[Doc]) -> Doc:
    """Make a fulfilment of ``(fulfilment order, its line, units)``; the goods leave the shelf."""
    items = {row["id"]: row["item_id"] for row in order["lines"]}
    jobs = {job["id"]: job for job, _, _ in parts}
    parcel: Doc = {
        "id": books.new_id(),
        "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
        "status": "SUCCESS",
        "location_id": next(iter(jobs.values()))["location_id"],
        "fulfillment_order_ids": list(jobs),
        "tracking": tracking,
        "lines": [],
        "created_at": books.now,
        "updated_at": books.now,
    }
    for job, row, units in parts:
        row["remaining"] -= units
        parcel["lines"].append({"id": books.new_id(), "line_id": row["line_id"], "quantity": units})
        if items[row["line_id"]]:
            shelf.ship(books, items[row["line_id"]], job["location_id"], units)
    for job in jobs.values():
        settle(books, job)
    order["fulfillments"].append(parcel)
    return parcel


def settle(books: Books, job: Doc, *, empty: str = "CLOSED") -> None:
    """A fulfilment order's state after its quantities changed."""
    if not any(row["remaining"] for row in job["lines"]):
        job["status"] = empty
    elif job["status"] == "OPEN" and any(row["remaining"] < row["total"] for row in job["lines"]):
        job["status"] = "IN_PROGRESS"
    job["updated_at"] = books.now


def fulfillment_orders(
    books: Books, lines: list[Doc], takes: dict[int, list[tuple[int, int]]], shippings: list[Doc]
) -> list[Doc]:
    """One for each location and way of delivery, as Shopify groups them."""
    default = takes[next(iter(takes))][0][0] if takes else books.locations()[0]["id"]
    left = {item: [list(take) for take in places] for item, places in takes.items()}
    jobs: dict[tuple[int, str], Doc] = {}
    for row in lines:
        method = "SHIPPING" if row["requires_shipping"] else "NONE"
        parts = [(default, row["quantity"])]
        if row["item_id"]:
            parts, units = [], row["quantity"]
            for take in left[row["item_id"]]:
                here = min(units, take[1])
                if here:
                    parts.append((take[0], here))
                    take[1] -= here
                    units -= here
        for place, units in parts:
            key = (place, method)
            if key not in jobs:
                jobs[key] = new_fulfillment_order(books, place, method, shippings)
            jobs[key]["lines"].append(
                {"id": books.new_id(), "line_id": row["id"], "total": units, "remaining": units}
            )
    return list(jobs.values())


def new_fulfillment_order(books: Books, place: int, method: str, shippings: list[Doc]) -> Doc:
    return {
        "id": books.new_id(),
        "location_id": place,
        "status": "OPEN",
        "request_status": "UNSUBMITTED",
        "method_id": books.new_id(),
        "method": method,
        "service": shippings[0]["title"] if shippings and method == "SHIPPING" else None,
        "holds": [],
        "lines": [],
        "created_at": books.now,
        "updated_at": books.now,
    }
