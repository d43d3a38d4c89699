"""The floor above tells how many returns of an order are under way: a downward call, like progress."""

from __future__ import annotations

from collections.abc import Mapping

from oms.core.journal import NoTransaction
from oms.core.transactions import in_transaction
from orders.actions.derive import counts
from orders.models import Order
from orders.rules.progress import return_status


def note_returns(open_returns: Mapping[int, int]) -> None:
    """Write ``return_status`` from the number of open returns by order id, 0 where the last one ended: two
    reads, one write. Needs a transaction with the orders locked."""
    if not in_transaction():
        raise NoTransaction("returns are noted inside a transaction")
    changed = []
    for order in Order.objects.filter(pk__in=open_returns).prefetch_related("lines"):
        now = return_status([counts(line) for line in order.lines.all()], open_returns[order.pk])
        now = "" if now == "none" else now
        if now != order.return_status:
            order.return_status = now
            changed.append(order)
    Order.objects.bulk_update(changed, ["return_status"])
