"""Bring line counters in step with what inventory holds for them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from inventory.actions.fit_reservations import holdings
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.journal import Line
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.models import Order, OrderLine


@transaction.atomic
def follow_reservations(demand_keys: Iterable[UUID], *, why: str, by: Actor) -> list[int]:
    """A backorder was served or a promise displaced: count again, and let the order go on.

    Units in a warehouse's hands count as promised firm; where fewer are firm than that, the caller
    (fulfillment) has cut the work first. Returns the orders concerned.
    """
    keys = list(demand_keys)
    order_ids = sorted(set(OrderLine.objects.filter(demand_key__in=keys).values_list("order_id", flat=True)))
    orders = {o.pk: o for o in Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk")}
    held = holdings(keys)
    lines: list[OrderLine] = []
    told: list[Line] = []
    for line in OrderLine.objects.filter(demand_key__in=keys).order_by("pk"):
        rows = held[line.demand_key]
        firm = sum(r.quantity for r in rows if r.state == "firm")
        waiting = sum(r.quantity for r in rows if r.state == "backordered")
        busy = line.released + line.picked + line.packed
        before = (line.promised, line.backordered)
        open_units = line.unallocated + line.backordered + line.promised
        line.promised = max(0, firm - busy)
        line.backordered = min(waiting, open_units - line.promised)
        line.unallocated = open_units - line.promised - line.backordered
        if before != (line.promised, line.backordered):
            lines.append(line)
            more = line.promised - before[0]
            words = f"{abs(more)} × {line.title} " + ("promised" if more > 0 else "no longer promised")
            told.append(Line.of(orders[line.order_id], "follow_stock", f"{words}: {why}."))
    write_columns(lines, "promised", "backordered", "unallocated")
    journal.write(told, by=by)
    changed = sorted({line.order_id for line in lines})
    derive_statuses(changed)
    go_on(changed, by=by)
    return changed
