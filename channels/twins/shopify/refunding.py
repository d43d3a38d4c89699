"""Giving money back, and (only when told so) goods back on the shelf.

CANCEL takes units off the order that were not shipped and puts them for sale again, RETURN puts shipped ones
on the shelf, NO_RESTOCK leaves shelf and fulfilment alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from channels.twins.shopify import shelf, sums
from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.money import ZERO, Pair, Purse
from channels.twins.shopify.sale import new_transaction
from channels.twins.shopify.work import settle


def make_refund(
    books: Books,
    order: Doc,
    *,
    lines: list[tuple[int, int, str, int | None]],
    shipping: Decimal,
    payments: list[tuple[Decimal, str, int | None]],
    note: str | None,
    reason: str | None = None,
    duties: Sequence[tuple[int, str]] = (),
) -> Doc:
    """Write a refund into an order (the caller saves it). ``lines`` are ``(line, units, restock type, place)``,
    ``duties`` are ``(duty, refund type)``."""
    purse = Purse.of(order)
    suggested = ZERO
    refund: Doc = {
        "id": books.new_id(),
        "created_at": books.now,
        "note": note,
        "lines": [],
        "shipping": [],
        "duties": [],
        "adjustments": [],
        "transaction_ids": [],
    }
    # Before the lines: what a duty is a share of is the units that go with this refund.
    asked = {number: units for number, units, _, _ in lines}
    for number, how in duties:
        row = duty_back(purse, order, number, how, asked)
        suggested += Pair.read(row["amount"]) + (ZERO if order["taxes_included"] else Pair.read(row["tax"]))
        refund["duties"].append(row)
    for number, units, kind, place in lines:
        line = next(row for row in order["lines"] if row["id"] == number)
        before = sums.gone(line)
        subtotal = _between(purse, sums.discounted(line), line, before, units)
        tax = _between(purse, sums.tax(line), line, before, units)
        where = _restock(books, order, line, units, kind, place)
        line["refunded"] += units
        suggested += subtotal + (ZERO if order["taxes_included"] else tax)
        refund["lines"].append(
            {
                "id": books.new_id(),
                "line_id": number,
                "quantity": units,
                "restock_type": kind,
                "restocked": kind != "NO_RESTOCK",
                "location_id": where,
                "subtotal": subtotal.doc(),
                "tax": tax.doc(),
            }
        )
    if shipping:
        row = order["shipping_lines"][0]
        whole = sums.discounted(row)
        back = purse.pair(shipping)
        tax = purse.pair(sums.tax(row).p * shipping / whole.p) if whole.p else ZERO
        suggested += back + (ZERO if order["taxes_included"] else tax)
        refund["shipping"].append(
            {"id": books.new_id(), "shipping_line_id": row["id"], "subtotal": back.doc(), "tax": tax.doc()}
        )
    actual = ZERO
    for amount, gateway, parent in payments:
        money = purse.pair(amount)
        entry = new_transaction(books, order, "REFUND", money, gateway=gateway, parent=parent)
        refund["transaction_ids"].append(entry["id"])
        actual += money
    if actual.p != suggested.p:
        refund["adjustments"].append(
            {
                "id": books.new_id(),
                "amount": (suggested - actual).doc(),
                "reason": reason if reason in ("CUSTOMER", "DAMAGE", "RESTOCK") else "REFUND_DISCREPANCY",
            }
        )
    order["refunds"].append(refund)
    books.announce("refunds/create", refund["id"], order_id=order["id"])
    return refund


def duty_back(purse: Purse, order: Doc, number: int, how: str, units: dict[int, int]) -> Doc:
    """FULL is all of it; PROPORTIONAL what falls on the refunded units of its line."""
    line = next(line for line in order["lines"] if any(row["id"] == number for row in line.get("duties", ())))
    duty = next(row for row in line["duties"] if row["id"] == number)
    amount, tax = Pair.read(duty["amount"]), sums.tax(duty)
    if how == "PROPORTIONAL":
        before, some = sums.gone(line), units.get(line["id"], 0)
        amount, tax = (_between(purse, whole, line, before, some) for whole in (amount, tax))
    return {"duty_id": number, "amount": amount.doc(), "tax": tax.doc()}


def _between(purse: Purse, whole: Pair, line: Doc, before: int, units: int) -> Pair:
    """The money of the next units to go, so that all units together are exactly the whole."""
    return purse.share(whole, before + units, line["quantity"]) - purse.share(whole, before, line["quantity"])


def _restock(books: Books, order: Doc, line: Doc, units: int, kind: str, place: int | None) -> int | None:
    if kind == "CANCEL":
        return take_off(books, order, line, units, restock=True, place=place)
    if kind == "RETURN":
        place = place or next(
            parcel["location_id"]
            for parcel in order["fulfillments"]
            if any(row["line_id"] == line["id"] for row in parcel["lines"])
        )
        if line["item_id"]:
            shelf.put_back(books, line["item_id"], place, units)
        return place
    return None


def take_off(
    books: Books, order: Doc, line: Doc, units: int, *, restock: bool, place: int | None = None
) -> int | None:
    """Take unshipped units off the fulfilment orders; returns the last location they were at."""
    where: Any = place
    for job in order["fulfillment_orders"]:
        for row in job["lines"]:
            here = min(units, row["remaining"]) if row["line_id"] == line["id"] else 0
            if not here:
                continue
            row["remaining"] -= here
            row["total"] -= here
            units -= here
            where = place or job["location_id"]
            if line["item_id"]:
                shelf.release(books, line["item_id"], job["location_id"], here, restock=restock and not place)
                if restock and place:
                    shelf.put_back(books, line["item_id"], place, here)
            settle(books, job)
    return where
