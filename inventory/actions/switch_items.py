"""An item is sold no more, or again."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from inventory.actions.move_stock import TOLD_AT_ONCE
from inventory.events import StockChanged
from inventory.models import Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.outbox import emit


@transaction.atomic
def switch_items(item_ids: Collection[int], *, on: bool, by: Actor) -> list[Item]:
    """Returns those that changed. An item that is off is no longer found for new orders and new listings, and
    the shops are told that there is none of it; what was promised of it stays so, and what lies on the shelves
    stays there."""
    rows = list(Item.objects.filter(pk__in=item_ids).exclude(active=on).select_for_update().order_by("pk"))
    Item.objects.filter(pk__in=[item.pk for item in rows]).update(active=on)
    words = "Sold again." if on else "Not sold any more."
    journal.write([Line.of(item, "switch_on" if on else "switch_off", words) for item in rows], by=by)
    for item in rows:
        item.active = on
    told = sorted(item.pk for item in rows)
    parts = [tuple(told[at : at + TOLD_AT_ONCE]) for at in range(0, len(told), TOLD_AT_ONCE)]
    emit([StockChanged(part, on) for part in parts], by=by)
    return rows
