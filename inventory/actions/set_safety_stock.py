"""A person says how many pieces of an item are kept back at a place and never promised."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from inventory.events import StockChanged
from inventory.models import StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.outbox import emit


@transaction.atomic
def set_safety_stock(pieces: Mapping[int, int], *, by: Actor) -> list[StockLevel]:
    """``pieces``: stock level id → pieces kept back. Returns the levels that changed; a number that stood
    there already is no change. What is promised stays promised; listings follow, and whoever waits is served
    from what was set free. Raises :class:`Refused` for fewer than none.
    """
    if any(n < 0 for n in pieces.values()):
        raise Refused(Reason("bad_quantity", gettext("Say how many pieces are kept back: none or more.")))
    levels = StockLevel.objects.filter(pk__in=pieces).select_for_update().order_by("item_id", "location_id")
    changed, lines = [], []
    less: set[int] = set()
    more: set[int] = set()
    for level in levels:
        before, after = level.safety_stock, pieces[level.pk]
        if before == after:
            continue
        level.safety_stock, level.changed_at = after, timezone.now()
        changed.append(level)
        (more if after < before else less).add(level.item_id)
        lines.append(Line.of(level, "set_safety_stock", f"Kept back: {after} instead of {before} pieces."))
    write_columns(changed, "safety_stock", "changed_at")
    journal.write(lines, by=by)
    emit([StockChanged(tuple(sorted(items)), items is more) for items in (less, more) if items], by=by)
    return changed
