"""That labels were sent to the printer: when first, and that they were printed again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from fulfillment.models import Label, Shipment
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line


@transaction.atomic
def note_printed(shipment_ids: Sequence[int], *, by: Actor) -> int:
    """Note it on each parcel; returns how many were printed before."""
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids).select_related("fulfillment_order").order_by("pk")
    )
    labels = Label.objects.filter(shipment__in=parcels, state="purchased")
    again = set(labels.filter(printed_at__isnull=False).values_list("shipment_id", flat=True))
    labels.filter(printed_at=None).update(printed_at=timezone.now())
    journal.write(
        [
            Line.of(p, "print_label", "Label printed again." if p.pk in again else "Label printed.")
            for p in parcels
        ],
        by=by,
    )
    return len(again)
