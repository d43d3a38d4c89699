"""The day ends at a place: everything that was handed over goes on a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from fulfillment.actions.make_manifests import make_manifests
from fulfillment.models import Manifest, ManifestParcel, Shipment
from oms.core.actors import Actor

BACK = timedelta(days=3)
"""How far back the end of a day looks: what left before, and was never on a list, is no news any more."""


def waiting_parcels(location_ids: Iterable[int]) -> QuerySet[Shipment]:
    """Parcels of these places that were handed over, are not scanned yet, and stand on no manifest."""
    live = ManifestParcel.objects.filter(shipment=OuterRef("pk"), dropped=False)
    return Shipment.objects.filter(
        ~Exists(live), state="labelled", shipped_at__gt=timezone.now() - BACK,
        fulfillment_order__location__in=list(location_ids),
    ).order_by("pk")  # fmt: skip


def close_day(location_ids: Sequence[int], *, own: bool = False, by: Actor) -> list[Manifest]:
    """Manifests of all that was handed over at these places and stands on none. Raises :class:`Refused` when
    there is nothing."""
    return make_manifests(list(waiting_parcels(location_ids).values_list("pk", flat=True)), own=own, by=by)
