"""What follows from a return's rows: counts for the rules, and what its order is told of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q

from orders.actions.note_returns import note_returns
from orders.actions.quote_refund import UNDER_WAY
from orders.models import Order
from returns.models import Return, ReturnLine
from returns.rules.outcome import LineOutcome, settled, units_to_refund
from returns.rules.progress import ReturnLineCounts

OPEN = ("requested", "authorised", "partly_received", "received")


def tell_orders(order_ids: Iterable[int | None]) -> None:
    """Tell orders how many returns of them are under way (a return may have no order yet). Needs a transaction
    with the orders locked."""
    ids = sorted({pk for pk in order_ids if pk})
    if ids:
        rows = Order.objects.filter(pk__in=ids).annotate(n=Count("returns", Q(returns__state__in=OPEN)))
        note_returns(dict(rows.values_list("pk", "n")))


def outcome(line: ReturnLine) -> LineOutcome:
    return LineOutcome(line.quantity, line.received, line.disposed, line.reception, line.decision)


def accepted_units(rma: Return) -> dict[int, int]:
    """Units to be paid for, by order line id."""
    units = {line.order_line_id: units_to_refund(outcome(line)) for line in rma.lines.all()}
    return {pk: n for pk, n in units.items() if pk and n}


def counts(rma: Return, *, settled_otherwise: bool = False) -> list[ReturnLineCounts]:
    """The lines as the rules count them."""
    paid_back = settled_otherwise or (rma.refund is not None and rma.refund.state != "cancelled")
    return [
        ReturnLineCounts(
            key=line.pk, asked=line.quantity, received=line.received, disposed=line.disposed,
            lost=line.quantity - line.received if line.reception == "short" else 0,
            not_sent=line.quantity if line.reception == "not_sent" else 0,
            resolved=settled(outcome(line), paid_back),
        )
        for line in rma.lines.all()
    ]  # fmt: skip


def open_refunds(rma: Return) -> int:
    return int(rma.refund is not None and rma.refund.state in UNDER_WAY)
