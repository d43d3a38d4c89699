"""Promises moved without their order asking: bring work and counters in step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from fulfillment.actions.cancel_work import cancel_work
from fulfillment.models import FulfillmentLine
from inventory.actions.fit_reservations import holdings
from oms.core.actors import SYSTEM, Actor
from orders.actions.follow_reservations import follow_reservations


@transaction.atomic
def follow_demand(demand_keys: Iterable[UUID], *, why: str, by: Actor = SYSTEM) -> None:
    """Work that stands on units no longer reserved at its location is taken back (and routed anew); then
    the lines' counters follow what they hold."""
    keys = list(demand_keys)
    firm: dict[tuple[UUID, int], int] = defaultdict(int)
    for key, rows in holdings(keys).items():
        for row in rows:
            if row.state == "firm" and row.location_id:
                firm[key, row.location_id] += row.quantity
    hollow: set[int] = set()
    needed: dict[tuple[UUID, int], int] = defaultdict(int)
    parts = FulfillmentLine.objects.filter(
        order_line__demand_key__in=keys,
        fulfillment_order__state__in=["released", "picking", "picked", "packed"],
    ).select_related("order_line", "fulfillment_order")
    for part in parts.order_by("pk"):
        shelf = (part.order_line.demand_key, part.fulfillment_order.location_id)
        picked = part.fulfillment_order.state in {"picked", "packed"}
        needed[shelf] += part.picked if picked else part.quantity - part.short - part.cancelled
        if needed[shelf] > firm[shelf]:
            hollow.add(part.fulfillment_order_id)
    if hollow:
        cancel_work(sorted(hollow), reason=f"Its stock is gone: {why}.", by=by, route_again=False)
    follow_reservations(keys, why=why, by=by)
