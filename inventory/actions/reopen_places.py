"""A place began or ceased to ship: what may be promised of everything in it changed, though no piece moved."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from inventory.events import StockChanged
from inventory.models import StockLevel
from oms.core.actors import Actor
from oms.core.outbox import emit

TOLD_AT_ONCE = 100


@transaction.atomic
def reopen_places(location_ids: Sequence[int], *, by: Actor) -> int:
    """Tell of every item that lies there: backorders are served from a place that ships again, and channels
    get their new levels. Returns how many items."""
    items = sorted(
        StockLevel.objects.filter(location_id__in=location_ids, on_hand__gt=0)
        .order_by()
        .values_list("item_id", flat=True)
        .distinct()
    )
    emit(
        [
            StockChanged(tuple(items[at : at + TOLD_AT_ONCE]), True)
            for at in range(0, len(items), TOLD_AT_ONCE)
        ],
        by=by,
    )
    return len(items)
