"""An item is sold no more, or again."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from inventory.models import Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line


@transaction.atomic
def switch_items(item_ids: Collection[int], *, on: bool, by: Actor) -> list[Item]:
    """Returns those that changed. An item that is off is no longer found for new orders and new listings;
    what was promised of it stays so, and what lies on the shelves stays there."""
    rows = list(Item.objects.filter(pk__in=item_ids).exclude(active=on).select_for_update().order_by("pk"))
    Item.objects.filter(pk__in=[item.pk for item in rows]).update(active=on)
    words = "Sold again." if on else "Not sold any more."
    journal.write([Line.of(item, "switch_on" if on else "switch_off", words) for item in rows], by=by)
    for item in rows:
        item.active = on
    return rows
