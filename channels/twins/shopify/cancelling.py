"""Cancelling an order, asked for by the app (as a job) or by the shop's own people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from channels.twins.shopify import sums
from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.refunding import make_refund, take_off
from channels.twins.shopify.sale import new_transaction


def refuse_cancel(order: Doc) -> str | None:
    """Why this order cannot be cancelled, if so."""
    if order["cancelled_at"]:
        return "Order has already been cancelled"
    if any(parcel["status"] == "SUCCESS" for parcel in order["fulfillments"]):
        return "Cannot cancel an order with fulfilled items"
    if any(entry["status"] in ("REQUESTED", "OPEN") for entry in order["returns"]):
        return "Cannot cancel an order with returns in progress"
    return None


def cancel_order(
    books: Books, order: Doc, *, reason: str, restock: bool, refund: bool, staff_note: str | None = None
) -> None:
    """Cancel it now and save it. Without restock the shelf gains nothing; authorisations are always voided."""
    total = sums.totals(order)
    for entry in list(order["transactions"]):
        if entry["kind"] == "AUTHORIZATION" and total["capturable"].p > 0:
            new_transaction(
                books, order, "VOID", total["capturable"], gateway=entry["gateway"], parent=entry["id"]
            )
        if entry["status"] == "PENDING":
            entry["status"] = "FAILURE"
    wanted: list[tuple[int, int, str, int | None]] = []
    if refund or restock:
        for line in order["lines"]:
            units = sums.current(line)
            open_units = min(units, sums.unfulfilled(order, line["id"]))
            if restock and open_units:
                wanted.append((line["id"], open_units, "CANCEL", None))
            rest = units - (open_units if restock else 0)
            if refund and rest:
                wanted.append((line["id"], rest, "NO_RESTOCK", None))
    payments: list[tuple[Decimal, str, int | None]] = []
    if refund:
        payments = [
            (left, entry["gateway"], entry["id"])
            for entry in order["transactions"]
            if (left := sums.refundable(order, entry)) > 0
        ]
    if wanted or payments:
        make_refund(
            books,
            order,
            lines=wanted,
            shipping=total["current_shipping"].p if refund else Decimal(0),
            payments=payments,
            note=None,
            duties=[
                (row["id"], "FULL")
                for row in sums.duties(order)
                if refund and not sums.refunded_duty(order, row)[0]
            ],
        )
    for line in order["lines"]:
        take_off(books, order, line, sums.unfulfilled(order, line["id"]), restock=False)
    for job in order["fulfillment_orders"]:
        job["status"] = "CANCELLED"
        job["holds"] = []
    order["cancelled_at"] = order["closed_at"] = books.now
    order["cancel_reason"] = reason
    order["staff_note"] = staff_note
    books.save_order(order, "orders/cancelled")


def run_due_jobs(books: Books) -> None:
    """Do the jobs whose time has come."""
    now = books.clock().isoformat()
    due: list[Any] = [job for job in books.store.all("jobs") if not job["done"] and job["due"] <= now]
    for job in due:
        order = books.order(job["order_id"])
        if order is not None and refuse_cancel(order) is None:
            cancel_order(
                books,
                order,
                reason=job["reason"],
                restock=job["restock"],
                refund=job["refund"],
                staff_note=job["staff_note"],
            )
            books.log(
                "orderCancel",
                order_id=order["id"],
                order=order["name"],
                reason=job["reason"],
                restock=job["restock"],
                refund=job["refund"],
            )
        books.store.put("jobs", job["id"], {**job, "done": True})
