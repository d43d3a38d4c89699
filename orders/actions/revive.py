"""An order that was cancelled is wanted again at its shop: paid late, taken out of the bin."""

from __future__ import annotations

from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.promise_lines import promise_lines
from orders.drafts import OrderDraft, called_off
from orders.models import Order, OrderLine


def revive(order: Order, read: OrderDraft, *, by: Actor) -> None:
    """Take a cancelled order up again: the pieces that the shop wants now, and has not paid back, are promised.
    It is new then, and screened like one. Needs a transaction and the order locked.

    Raises :class:`Refused` when nothing of it is wanted, or it is not cancelled.
    """
    gone = called_off(read)
    wanted = {line.external_id: line.quantity - gone.get(line.external_id, 0) for line in read.lines}
    lines = list(OrderLine.objects.filter(order=order))
    for line in lines:
        back = min(line.cancelled, max(0, wanted.get(line.external_id, 0)))
        line.cancelled -= back
        line.unallocated += back
    if not any(line.unallocated for line in lines):
        raise Refused(
            Reason(
                "nothing_wanted",
                gettext("Nothing of %(number)s is left to send: all was paid back.")
                % {"number": order.number},
            )
        )
    move([order], "revive", by=by, words="Wanted again at the shop.", sets={"closed_at": None}).or_refuse()
    promise_lines(order, lines, by=by)
    write_columns(lines, "cancelled", "unallocated", "promised", "backordered")
