"""The floor above tells how many returns of an order are under way: a downward call, like progress."""

from __future__ import annotations

from collections.abc import Mapping

from oms.core.columns import write_columns
from oms.core.journal import NoTransaction
from oms.core.transactions import in_transaction
from orders.actions.derive import added_up
from orders.models import Order
from orders.rules.progress import return_status


def note_returns(open_returns: Mapping[int, int]) -> None:
    """Write ``return_status`` from the number of open returns by order id, 0 where the last one ended: two
    reads, one write. Needs a transaction with the orders locked."""
    if not in_transaction():
        raise NoTransaction("returns are noted inside a transaction")
    changed = []
    lines_of = added_up(open_returns)
    for order in Order.objects.filter(pk__in=open_returns):
        now = return_status(lines_of[order.pk], open_returns[order.pk])
        now = "" if now == "none" else now
        if now != order.return_status:
            order.return_status = now
            changed.append(order)
    write_columns(changed, "return_status")
