"""Parcels leave the house: reservations are consumed, the ledger written, everyone told once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from fulfillment.actions.pick import lock_work
from fulfillment.events import Shipped
from fulfillment.models import FulfillmentOrder, ParcelLine, Shipment
from inventory.actions.consume_reservations import Use, consume_reservations
from oms.core.actors import Actor
from oms.core.lifecycle import move
from oms.core.outbox import emit
from oms.core.steps import reached
from orders.actions.advance import Step, advance_lines
from orders.models import Order


@transaction.atomic
def ship(work_ids: Sequence[int], *, by: Actor) -> list[FulfillmentOrder]:
    """Hand the parcels of this work over. Raises :class:`Refused` when any is not ready: nothing leaves."""
    now = timezone.now()
    works = move(
        lock_work(work_ids, "shipments"), "ship", by=by, words=_words, sets={"shipped_at": now}
    ).or_refuse()
    parcels = [p for work in works for p in work.shipments.all() if p.state != "voided"]
    work_of = {work.pk: work for work in works}
    place_of = {p.pk: work_of[p.fulfillment_order_id].location_id for p in parcels}
    parts = list(
        ParcelLine.objects.filter(shipment__in=parcels)
        .order_by("pk")
        .values_list(
            "pk",
            "shipment_id",
            "quantity",
            "line__item_id",
            "line__order_line_id",
            "line__order_line__demand_key",
        )
    )
    consume_reservations(
        [
            Use(key, item, place_of[parcel], quantity, document=f"shipment:{parcel}", key=f"parcel-line:{pk}")
            for pk, parcel, quantity, item, _, key in parts
        ],
        by=by,
    )
    Shipment.objects.filter(pk__in=[p.pk for p in parcels]).update(shipped_at=now)
    advance_lines([Step(line, quantity, "packed", "shipped") for _, _, quantity, _, line, _ in parts])
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
    reached("shipped")
    return works


def _words(work: FulfillmentOrder) -> str:
    numbers = ", ".join(
        p.tracking_number for p in work.shipments.all() if p.tracking_number and p.state != "voided"
    )
    return f"Handed over. {numbers}".strip()
