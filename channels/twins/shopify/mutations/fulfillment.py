"""Telling the shop that goods left. Not idempotent: two equal calls are two parcels, if there is enough left."""

from __future__ import annotations

from typing import Any

from channels.twins.shopify import ids
from channels.twins.shopify.books import Doc
from channels.twins.shopify.mutations.idempotency import error
from channels.twins.shopify.node import Node, Session
from channels.twins.shopify.work import fulfil

OPEN = ("OPEN", "IN_PROGRESS")


def create(session: Session, fulfillment: Doc, message: str | None = None) -> Doc:
    books = session.books
    order: Doc | None = None
    parts: list[tuple[Doc, Doc, int]] = []
    places: set[int] = set()
    if not fulfillment["lineItemsByFulfillmentOrder"]:
        return _refused("Line items by fulfillment order can't be blank")
    for wanted in fulfillment["lineItemsByFulfillmentOrder"]:
        number = ids.number("FulfillmentOrder", wanted["fulfillmentOrderId"])
        found = books.order_with(number)
        if found is not None and order is not None and found["id"] == order["id"]:
            found = order
        job = (
            next((row for row in found["fulfillment_orders"] if row["id"] == number), None) if found else None
        )
        if found is None or job is None:
            return _refused("Fulfillment order does not exist.")
        if order is not None and found["id"] != order["id"]:
            return _refused("All fulfillment orders must belong to the same order.")
        order = found
        places.add(job["location_id"])
        if len(places) > 1:
            return _refused("All fulfillment orders must be assigned to the same location.")
        if job["status"] not in OPEN:
            return _refused(
                f"Fulfillment order {number} has an unfulfillable status= {job['status'].lower()}."
            )
        rows = wanted.get("fulfillmentOrderLineItems")
        if not rows:
            parts += [(job, row, row["remaining"]) for row in job["lines"] if row["remaining"]]
            continue
        for asked in rows:
            line = ids.number("FulfillmentOrderLineItem", asked["id"])
            row = next((row for row in job["lines"] if row["id"] == line), None)
            if row is None:
                return _refused("Fulfillment order line item does not exist.")
            taken = sum(units for _, other, units in parts if other is row)
            if asked["quantity"] < 1 or taken + asked["quantity"] > row["remaining"]:
                return _refused("Invalid fulfillment order line item quantity requested.")
            parts.append((job, row, asked["quantity"]))
    assert order is not None
    if not parts:
        return _refused("There is nothing left to fulfill.")
    tracking = _tracking(fulfillment.get("trackingInfo") or {})
    parcel = fulfil(books, order, parts, tracking=tracking)
    parcel["notify"] = bool(fulfillment.get("notifyCustomer"))
    done = not any(row["remaining"] for job in order["fulfillment_orders"] for row in job["lines"])
    books.save_order(order, "orders/fulfilled" if done else "orders/partially_fulfilled")
    books.announce("fulfillments/create", parcel["id"], order_id=order["id"])
    books.log(
        "fulfillmentCreate",
        order_id=order["id"],
        order=order["name"],
        fulfillment_id=parcel["id"],
        tracking=[row["number"] for row in tracking],
        units=sum(units for _, _, units in parts),
    )
    return {"fulfillment": Node("Fulfillment", parcel, order), "userErrors": []}


def update_tracking(
    session: Session,
    fulfillmentId: str,
    trackingInfoInput: Doc,
    notifyCustomer: bool | None = None,
) -> Doc:
    books = session.books
    number = ids.number("Fulfillment", fulfillmentId)
    order = books.order_with(number)
    parcel = next((row for row in order["fulfillments"] if row["id"] == number), None) if order else None
    if order is None or parcel is None:
        return {"fulfillment": None, "userErrors": [error(["fulfillmentId"], "Fulfillment does not exist.")]}
    if parcel["status"] == "CANCELLED":
        return {"fulfillment": None, "userErrors": [error(["fulfillmentId"], "Fulfillment is cancelled.")]}
    parcel["tracking"] = _tracking(trackingInfoInput)
    parcel["updated_at"] = books.now
    books.save_order(order)
    books.announce("fulfillments/update", parcel["id"], order_id=order["id"])
    books.log(
        "fulfillmentTrackingInfoUpdate",
        order_id=order["id"],
        fulfillment_id=number,
        tracking=[row["number"] for row in parcel["tracking"]],
    )
    return {"fulfillment": Node("Fulfillment", parcel, order), "userErrors": []}


def _refused(message: str) -> Doc:
    return {"fulfillment": None, "userErrors": [error(["fulfillment"], message)]}


def _tracking(given: Doc) -> list[Doc]:
    """One entry for each number, with the address in the same place where there is one."""
    numbers: list[Any] = list(given.get("numbers") or ([given["number"]] if given.get("number") else []))
    urls: list[Any] = list(given.get("urls") or ([given["url"]] if given.get("url") else []))
    if not numbers and not urls and not given.get("company"):
        return []
    size = max(len(numbers), len(urls), 1)
    numbers += [None] * (size - len(numbers))
    urls += [None] * (size - len(urls))
    return [
        {"company": given.get("company"), "number": number, "url": url}
        for number, url in zip(numbers, urls, strict=True)
    ]
