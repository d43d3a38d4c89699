"""The statuses that lists show, counted anew from quantities and transactions."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from oms.core.columns import write_columns
from oms.core.money import MixedCurrencies
from orders.models import Order, OrderLine
from orders.rules.progress import LineCounts, Transaction, fulfilment_status, payment_status, return_status

COUNTERS = ("ordered", "cancelled", "unallocated", "backordered", "promised", "released", "picked", "packed",
            "shipped", "delivered", "returned")  # fmt: skip


def counts(line: OrderLine) -> LineCounts:
    """A line's counters as the rules read them; its key is the line's primary key."""
    units: dict[str, int] = {name: getattr(line, name) for name in COUNTERS}
    return LineCounts(key=line.pk, ships=line.stocked, **units)


def facts_of(order: Order) -> list[Transaction]:
    """The order's payment ledger as the rules read it."""
    return [
        Transaction(t.kind, t.status, t.amount, t.currency, t.external_id) for t in order.transactions.all()
    ]


def payment_of(order: Order) -> str:
    try:
        return payment_status(facts_of(order), order.total)
    except MixedCurrencies:
        return "disputed"


def added_up(order_ids: Iterable[int]) -> dict[int, list[LineCounts]]:
    """The counters of each order's lines added up, those that need a parcel and those that do not: the
    statuses ask for sums alone, and an order may have a thousand lines. Its key is the order's primary key."""
    names = ", ".join(f"sum({name})" for name in COUNTERS)
    found: dict[int, list[LineCounts]] = {pk: [] for pk in order_ids}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT order_id, requires_shipping AND kind = 'item', {names} FROM orders_orderline"  # noqa: S608 - our own names
            " WHERE order_id = ANY(%s) GROUP BY 1, 2",
            [sorted(found)],
        )
        for pk, ships, *sums in cursor.fetchall():
            found[pk].append(LineCounts(key=pk, ships=ships, **dict(zip(COUNTERS, sums, strict=True))))
    return found


def derive_statuses(order_ids: Iterable[int]) -> None:
    """Write the derived columns of these orders where they changed; three reads, two writes at most."""
    ids = list(order_ids)
    if not ids:
        return
    derive_progress(ids)
    changed = []
    for order in (
        Order.objects.filter(pk__among=ids).only("total", "payment_status").prefetch_related("transactions")
    ):
        now = payment_of(order)
        if now != order.payment_status:
            order.payment_status = now
            changed.append(order)
    write_columns(changed, "payment_status")


def derive_progress(order_ids: Iterable[int]) -> None:
    """Of the derived columns those that units alone decide; two reads, one write. A return under way stays
    ``open``: only ``note_returns`` knows when the last one ended."""
    ids = list(order_ids)
    lines_of = added_up(ids)
    changed = []
    for order in Order.objects.filter(pk__among=ids).only("fulfillment_status", "return_status"):
        lines = lines_of[order.pk]
        back = return_status(lines, int(order.return_status == "open"))
        now = (fulfilment_status(lines), "" if back == "none" else back)
        if now != (order.fulfillment_status, order.return_status):
            order.fulfillment_status, order.return_status = now
            changed.append(order)
    write_columns(changed, "fulfillment_status", "return_status")
