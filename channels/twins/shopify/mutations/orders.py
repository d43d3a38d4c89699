"""Changing an order: cancel (a job that is done a little later), tags, note and the like."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from channels.twins.shopify import ids
from channels.twins.shopify.books import Doc
from channels.twins.shopify.cancelling import refuse_cancel
from channels.twins.shopify.mutations.idempotency import error
from channels.twins.shopify.node import Session, order_node

ADDRESS = {
    "address1": "address1",
    "address2": "address2",
    "city": "city",
    "company": "company",
    "country": "country",
    "countryCode": "country_code",
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "province": "province",
    "provinceCode": "province_code",
    "zip": "zip",
}


def cancel(
    session: Session,
    orderId: str,
    reason: str,
    restock: bool,
    notifyCustomer: bool | None = False,
    refund: bool | None = None,
    refundMethod: Doc | None = None,
    staffNote: str | None = None,
) -> Doc:
    books = session.books
    order = books.order(ids.number("Order", orderId))
    if order is None:
        return _cancel_refused(["orderId"], "Order does not exist", "NOT_FOUND")
    if refund is not None and refundMethod is not None:
        return _cancel_refused(["refund"], "Only one of refund and refundMethod can be given.", "INVALID")
    if (refundMethod or {}).get("storeCreditRefund") is not None:
        return _cancel_refused(
            ["refundMethod"],
            "No permission to refund to store credit.",
            "NO_REFUND_TO_STORE_CREDIT_PERMISSION",
        )
    if staffNote and len(staffNote) > 255:
        return _cancel_refused(["staffNote"], "Staff note is too long (maximum is 255 characters)", "INVALID")
    refused = refuse_cancel(order)
    if refused or any(job["order_id"] == order["id"] and not job["done"] for job in books.store.scan("jobs")):
        return _cancel_refused(["orderId"], refused or "The order is being cancelled already.", "INVALID")
    wait = float(session.config["job_seconds"])
    number = str(uuid.UUID(int=books.new_id()))
    job = {
        "id": number,
        "order_id": order["id"],
        "done": False,
        "due": (books.clock() + timedelta(seconds=wait)).isoformat(),
        "reason": reason,
        "restock": restock,
        "refund": bool(refund or (refundMethod or {}).get("originalPaymentMethodsRefund")),
        "staff_note": staffNote,
    }
    books.store.put("jobs", number, job)
    session.later(wait)
    return {
        "job": {"id": f"gid://shopify/Job/{number}", "done": False, "query": {}},
        "orderCancelUserErrors": [],
        "userErrors": [],
    }


def _cancel_refused(path: list[str], message: str, code: str) -> Doc:
    found = [error(path, message, code)]
    return {"job": None, "orderCancelUserErrors": found, "userErrors": found}


def update(session: Session, input: Doc) -> Doc:
    books = session.books
    order = books.order(ids.number("Order", input["id"]))
    if order is None:
        return {"order": None, "userErrors": [error(["id"], "Order does not exist")]}
    changed = {name for name in input if name != "id"}
    for field in ("email", "note", "phone"):
        if field in input:
            order[field] = input[field]
    if "poNumber" in input:
        order["po_number"] = input["poNumber"]
    if "tags" in input:
        order["tags"] = _tags(input["tags"] or [])
    if "customAttributes" in input:
        order["attributes"] = [dict(row) for row in input["customAttributes"] or ()]
    if input.get("shippingAddress"):
        given = {ADDRESS[name]: value for name, value in input["shippingAddress"].items() if name in ADDRESS}
        if given.get("country_code") and not given.get("country"):
            given["country"] = None
        before = order["shipping_address"] or {"id": books.new_id(), **dict.fromkeys(ADDRESS.values())}
        order["shipping_address"] = before | given
    if changed:
        books.save_order(order)
        books.log("orderUpdate", order_id=order["id"], order=order["name"], fields=sorted(changed))
    return {"order": order_node(order), "userErrors": []}


def _tags(tags: list[str]) -> list[str]:
    """Tags compare without case, and come sorted."""
    split = [part.strip() for tag in tags for part in tag.split(",") if part.strip()]
    return sorted({tag.lower(): tag for tag in reversed(split)}.values(), key=str.lower)


def add_tags(session: Session, id: str, tags: list[str]) -> Doc:
    return _retag(session, "tagsAdd", id, lambda have: [*have, *tags])


def remove_tags(session: Session, id: str, tags: list[str]) -> Doc:
    gone = {tag.strip().lower() for tag in tags}
    return _retag(session, "tagsRemove", id, lambda have: [tag for tag in have if tag.lower() not in gone])


def _retag(session: Session, operation: str, id: str, change: Any) -> Doc:
    books = session.books
    try:
        order = books.order(ids.number("Order", id))
    except GraphQLError:
        order = None
    if order is None:
        return {"node": None, "userErrors": [error(["id"], "Resource does not exist or has no tags here")]}
    tags = _tags(change(order["tags"]))
    if tags != order["tags"]:
        order["tags"] = tags
        books.save_order(order)
        books.log(operation, order_id=order["id"], order=order["name"], tags=tags)
    return {"node": order_node(order), "userErrors": []}
