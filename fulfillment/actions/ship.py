"""Parcels leave the house: reservations are consumed, the ledger written, everyone told once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from fulfillment.actions.pick import lock_work
from fulfillment.events import Shipped
from fulfillment.models import FulfillmentOrder, Shipment
from inventory.actions.consume_reservations import Use, consume_reservations
from oms.core.actors import Actor
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.advance import Step, advance_lines
from orders.models import Order, OrderLine


@transaction.atomic
def ship(work_ids: Sequence[int], *, by: Actor) -> list[FulfillmentOrder]:
    """Hand the parcels of this work over. Raises :class:`Refused` when any is not ready: nothing leaves."""
    now = timezone.now()
    demand = Prefetch("lines__order_line", OrderLine.objects.only("demand_key"))
    works = lock_work(work_ids, demand, "shipments__lines")
    works = move(works, "ship", by=by, words=_words, sets={"shipped_at": now}).or_refuse()
    parcels = [p for work in works for p in work.shipments.all() if p.state != "voided"]
    work_of = {work.pk: work for work in works}
    lines = {line.pk: line for work in works for line in work.lines.all()}
    consume_reservations(
        [
            Use(
                lines[part.line_id].order_line.demand_key, lines[part.line_id].item_id,
                work_of[parcel.fulfillment_order_id].location_id, part.quantity,
                document=f"shipment:{parcel.pk}", key=f"parcel-line:{part.pk}",
            )
            for parcel in parcels
            for part in parcel.lines.all()
        ],
        by=by,
    )  # fmt: skip
    Shipment.objects.filter(pk__in=[p.pk for p in parcels]).update(shipped_at=now)
    advance_lines(
        [
            Step(lines[part.line_id].order_line_id, part.quantity, "packed", "shipped")
            for parcel in parcels
            for part in parcel.lines.all()
        ]
    )
    orders = sorted({work.order_id for work in works})
    Order.objects.filter(pk__in=orders).update(shipped_at=now)
    emit(
        [
            Shipped(
                order_id,
                shipment_ids=tuple(
                    p.pk for p in parcels if work_of[p.fulfillment_order_id].order_id == order_id
                ),
            )
            for order_id in orders
        ],
        by=by,
    )
    return works


def _words(work: FulfillmentOrder) -> str:
    numbers = ", ".join(
        p.tracking_number for p in work.shipments.all() if p.tracking_number and p.state != "voided"
    )
    return f"Handed over. {numbers}".strip()
