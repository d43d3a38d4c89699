"""Take work back from the warehouse: nothing left the house, so everything can be as before."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from fulfillment.actions.pick import lock_work
from fulfillment.actions.void_labels import void_labels
from fulfillment.models import FulfillmentOrder, Label
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.lifecycle import move
from orders.actions.advance import Step, advance_lines
from orders.actions.go_on import go_on

# Where a line's units are counted while its work is in this state.
OPEN_STATES = ("released", "picking", "picked", "packed")
_COUNTED = {
    "released": "released",
    "picking": "released",
    "picked": "picked",
    "packed": "packed",
}


@transaction.atomic
def cancel_work(
    work_ids: Sequence[int], *, reason: str, by: Actor, route_again: bool = True
) -> list[FulfillmentOrder]:
    """Cancel fulfillment orders that are not shipped: picked goods go back to their shelf, labels are given
    back, and what is still promised is routed anew. Raises :class:`Refused` when one has left."""
    works = lock_work(work_ids, "lines", "shipments")
    steps: list[Step] = []
    for work in works:
        for line in work.lines.all():
            there = (
                line.picked
                if work.state in {"picked", "packed"}
                else line.quantity - line.short - line.cancelled
            )
            if there:
                steps.append(
                    Step(line.order_line_id, there, _COUNTED.get(work.state, "released"), "promised")
                )
    move(works, "cancel", by=by, words=reason).or_refuse()
    for work in works:
        for line in work.lines.all():
            line.cancelled, line.picked = line.quantity - line.short, 0
    write_columns([x for w in works for x in w.lines.all()], "cancelled", "picked")
    advance_lines(steps)
    parcels = [p for w in works for p in w.shipments.all()]
    void_labels(list(Label.objects.filter(shipment__in=parcels).values_list("pk", flat=True)), by=by)
    move(parcels, "void", by=by, words=reason, quiet=True)
    if route_again:
        go_on({work.order_id for work in works}, by=by)
    return works
