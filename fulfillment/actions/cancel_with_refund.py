"""Cancel what is not sent and, where wanted, pay it back in the same moment: both or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import transaction

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from oms.core.actors import Actor
from oms.core.errors import Refused
from orders.actions.approve_refunds import Refunding, approve_refunds
from orders.actions.cancel import Cancelling
from orders.actions.quote_refund import for_quote, quote_refund
from orders.models import Order, OrderLine, Refund
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote

NOTHING = "nothing_to_refund"


def left(order: Order) -> dict[OrderLine, int]:
    """Units by line that can still be cancelled: neither sent nor cancelled."""
    units = {line: line.ordered - line.cancelled - line.shipped for line in order.lines.all()}
    return {line: n for line, n in units.items() if n}


def units_of(order: Order, cancelling: Cancelling) -> Mapping[OrderLine, int]:
    """What a cancelling takes off."""
    if not cancelling.units:
        return left(order)
    return {line: n for line in order.lines.all() if (n := cancelling.units.get(line.pk, 0))}


def ask_for(order: Order, cancelling: Cancelling) -> RefundAsk:
    """What was paid for it; with the whole order also its shipping and fees."""
    if not cancelling.units:
        return RefundAsk(whole=True)
    return RefundAsk(lines=[LineAsk(line.pk, n) for line, n in units_of(order, cancelling).items()])


def quote_cancelling(order: Order, cancelling: Cancelling) -> RefundQuote | None:
    """What would be paid back for it, ``None`` where nothing was paid. ``order`` as ``for_quote`` reads it."""
    quote = quote_refund(order, ask_for(order, cancelling))
    return None if any(r.code == NOTHING for r in quote.refusals) else quote


@transaction.atomic
def cancel_with_refund(
    cancellings: Sequence[Cancelling], *, key: str, limit: Decimal | None, by: Actor
) -> tuple[list[Order], list[Refund]]:
    """Cancel as :func:`cancel_orders_in_work` does, and approve a refund of what was paid for it; orders of
    which nothing was paid are cancelled alone. The same ``key`` makes no second refund. ``limit`` is the most
    this person may give back in one go.

    Raises :class:`Refused` with every reason of either; then nothing is cancelled and nothing paid.
    """
    wanted = {c.order_id: c for c in cancellings}
    orders = for_quote(list(wanted), lock=True)
    quotes = {order.pk: quote_cancelling(order, wanted[order.pk]) for order in orders}
    reasons = [reason for quote in quotes.values() if quote for reason in quote.refusals]
    if reasons:
        raise Refused(reasons)
    refundings = [
        Refunding(
            order.pk, ask_for(order, wanted[order.pk]), wanted[order.pk].reason, cause=f"cancel:{key}"[:80], limit=limit
        )
        for order in orders
        if quotes[order.pk]
    ]  # fmt: skip
    refunds = approve_refunds(refundings, by=by)
    return cancel_orders_in_work(cancellings, by=by), refunds
