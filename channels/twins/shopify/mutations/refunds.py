"""Giving money back on the app's word: everything is checked before anything is written."""

from __future__ import annotations

from decimal import Decimal

from channels.twins.shopify import ids, sums
from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.mutations.idempotency import Error, Facts, error
from channels.twins.shopify.node import Node, Session, order_node
from channels.twins.shopify.refunding import make_refund


def create(session: Session, input: Doc) -> tuple[Facts, list[Error]]:
    books = session.books
    order = books.order(ids.number("Order", input["orderId"]))
    if order is None:
        return {}, [error(["orderId"], "Order does not exist")]
    errors = _check(session, order, input)
    if errors:
        return {}, errors
    refund = make_refund(
        books,
        order,
        lines=[
            (
                ids.number("LineItem", row["lineItemId"]),
                row["quantity"],
                row.get("restockType") or "NO_RESTOCK",
                ids.number("Location", row["locationId"]) if row.get("locationId") else None,
            )
            for row in input.get("refundLineItems") or ()
        ],
        shipping=_shipping_wanted(order, input.get("shipping")),
        payments=[
            (Decimal(row["amount"]), row["gateway"], _parent(row)) for row in input.get("transactions") or ()
        ],
        note=input.get("note"),
        reason=input.get("discrepancyReason"),
        duties=[
            (ids.number("Duty", row["dutyId"]), row["refundType"]) for row in input.get("refundDuties") or ()
        ],
    )
    books.save_order(order)
    books.log(
        "refundCreate",
        order_id=order["id"],
        order=order["name"],
        refund_id=refund["id"],
        amount=str(sum((Decimal(row["amount"]) for row in input.get("transactions") or ()), Decimal(0))),
        restock=[row["restock_type"] for row in refund["lines"]],
        duties=[row["duty_id"] for row in refund["duties"]],
    )
    return {"order_id": order["id"], "refund_id": refund["id"]}, []


def show(session: Session, facts: Facts) -> Doc:
    order = session.books.order(facts["order_id"]) if facts else None
    if order is None:
        return {"order": None, "refund": None}
    refund = next(row for row in order["refunds"] if row["id"] == facts["refund_id"])
    return {"order": order_node(order), "refund": Node("Refund", refund, order)}


def _parent(row: Doc) -> int | None:
    return ids.number("OrderTransaction", row["parentId"]) if row.get("parentId") else None


def _check(session: Session, order: Doc, input: Doc) -> list[Error]:
    if not any(input.get(part) for part in ("refundLineItems", "refundDuties", "shipping", "transactions")):
        return [error(None, "A refund needs line items, duties, shipping or transactions.")]
    if order["presentment"] != order["currency"] and input.get("currency") is None:
        return [error(["currency"], "Currency is required for a multi-currency order.")]
    if input.get("currency") not in (None, order["presentment"]):
        return [error(["currency"], "Currency must be the presentment currency of the order.")]
    return [
        *_check_lines(session.books, order, input.get("refundLineItems") or []),
        *_check_duties(order, input),
        *_check_shipping(order, input.get("shipping")),
        *_check_payments(order, input),
    ]


def _check_lines(books: Books, order: Doc, rows: list[Doc]) -> list[Error]:
    errors: list[Error] = []
    taken: dict[int, int] = {}
    restocked: dict[tuple[int, str], int] = {}
    for place, row in enumerate(rows):
        path = ["refundLineItems", str(place)]
        number = ids.number("LineItem", row["lineItemId"])
        line = next((line for line in order["lines"] if line["id"] == number), None)
        if line is None:
            errors.append(error([*path, "lineItemId"], "Line item does not exist"))
            continue
        taken[number] = taken.get(number, 0) + row["quantity"]
        if row["quantity"] < 1:
            errors.append(error([*path, "quantity"], "Quantity must be greater than 0"))
        elif taken[number] > sums.current(line):
            errors.append(error([*path, "quantity"], "Quantity cannot refund more items than were purchased"))
        kind = row.get("restockType") or "NO_RESTOCK"
        units = restocked[number, kind] = restocked.get((number, kind), 0) + row["quantity"]
        if kind == "LEGACY_RESTOCK":
            errors.append(error([*path, "restockType"], "Restock type legacy_restock is not accepted"))
        elif kind == "CANCEL" and units > sums.unfulfilled(order, number):
            errors.append(
                error([*path, "restockType"], "Restock type cancel is only for items that are not fulfilled")
            )
        elif kind == "RETURN" and units > sums.returnable(order, number):
            errors.append(
                error([*path, "restockType"], "Restock type return is only for items that were fulfilled")
            )
        if row.get("locationId") and books.location(ids.number("Location", row["locationId"])) is None:
            errors.append(error([*path, "locationId"], "Location does not exist"))
    return errors


def _check_duties(order: Doc, input: Doc) -> list[Error]:
    """A duty goes back once. What the published schema leaves open (a type left out, the rest of a part) is refused."""
    errors: list[Error] = []
    lines = {row["id"]: line for line in order["lines"] for row in line.get("duties", ())}
    going = {ids.number("LineItem", row["lineItemId"]) for row in input.get("refundLineItems") or ()}
    named: set[int] = set()
    for place, row in enumerate(input.get("refundDuties") or ()):
        path, number = ["refundDuties", str(place)], ids.number("Duty", row["dutyId"])
        if number not in lines:
            errors.append(error([*path, "dutyId"], "Duty does not exist"))
            continue
        duty = next(entry for entry in lines[number]["duties"] if entry["id"] == number)
        if number in named or sums.refunded_duty(order, duty)[0]:
            errors.append(error([*path, "dutyId"], "Duty has already been refunded"))
        elif not row.get("refundType"):
            errors.append(error([*path, "refundType"], "Refund type can't be blank"))
        elif row["refundType"] == "PROPORTIONAL" and lines[number]["id"] not in going:
            errors.append(
                error([*path, "refundType"], "Refund type proportional needs units of the duty's line")
            )
        named.add(number)
    return errors


def _check_shipping(order: Doc, wanted: Doc | None) -> list[Error]:
    if not wanted or wanted.get("amount") is None:
        return []
    amount = Decimal(wanted["amount"])
    left = sums.totals(order)["current_shipping"].p
    if amount < 0 or amount > left:
        return [error(["shipping", "amount"], "Shipping refund amount is more than what is left of it")]
    return []


def _check_payments(order: Doc, input: Doc) -> list[Error]:
    errors: list[Error] = []
    spent: dict[int, Decimal] = {}
    whole = Decimal(0)
    for place, row in enumerate(input.get("transactions") or ()):
        path = ["transactions", str(place)]
        amount = Decimal(row["amount"])
        if row["kind"] != "REFUND":
            errors.append(error([*path, "kind"], "Transactions kind must be refund"))
            continue
        if ids.number("Order", row["orderId"]) != order["id"]:
            errors.append(error([*path, "orderId"], "Transactions order is another order"))
            continue
        if amount <= 0:
            errors.append(error([*path, "amount"], "Transactions amount must be greater than zero"))
            continue
        number = _parent(row)
        parent = next((t for t in order["transactions"] if t["id"] == number), None)
        if parent is None or parent["kind"] not in ("SALE", "CAPTURE") or parent["status"] != "SUCCESS":
            errors.append(
                error([*path, "parentId"], "Transactions require a parent_id of a successful sale or capture")
            )
            continue
        if parent["gateway"] != row["gateway"]:
            errors.append(
                error([*path, "gateway"], "Transactions gateway is not that of the parent transaction")
            )
            continue
        whole += amount
        spent[parent["id"]] = spent.get(parent["id"], Decimal(0)) + amount
        if spent[parent["id"]] > sums.refundable(order, parent) and not input.get("allowOverRefunding"):
            errors.append(
                error([*path, "amount"], "Refund amount is greater than the amount that can be refunded")
            )
    if not errors and whole > sums.totals(order)["net"].p and not input.get("allowOverRefunding"):
        errors.append(error(["transactions"], "Refund amount is greater than net payment received"))
    return errors


def _shipping_wanted(order: Doc, wanted: Doc | None) -> Decimal:
    if not wanted:
        return Decimal(0)
    if wanted.get("fullRefund"):
        return sums.totals(order)["current_shipping"].p
    return Decimal(wanted.get("amount") or 0)
