"""Levels that an audit found wrong are written anew from their movements and reservations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.fit_reservations import lock_shelves
from inventory.actions.move_stock import ShortOfStock, rebuild_levels
from inventory.models import StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line

BROKEN = "the books promise more than they have there: count the shelf"
MISSING = "there are movements or promises, but no level: receive or adjust something there"


def repair_levels(subjects: Sequence[str], reason: str, by: Actor) -> Mapping[str, str]:
    """Make these levels (``stocklevel:7``) the sums of their rows, each in its own transaction; returns those
    that could not be, and why. Raises :class:`Refused` without a reason."""
    if not reason.strip():
        raise Refused(Reason("why_missing", gettext("Say why it is set right.")))
    left: dict[str, str] = {}
    for subject in subjects:
        kind, _, key = subject.partition(":")
        level = StockLevel.objects.filter(pk=key).first() if kind == "stocklevel" else None
        if level is None:
            left[subject] = MISSING
            continue
        try:
            with transaction.atomic():
                _repair(level, reason, by)
        except ShortOfStock:
            left[subject] = BROKEN
    return left


def _repair(level: StockLevel, reason: str, by: Actor) -> None:
    shelf = (level.item_id, level.location_id)
    lock_shelves([shelf])
    level.refresh_from_db()
    before = _told(level)
    rebuild_levels([shelf], by=by)
    level.refresh_from_db()
    words = f"Made the sum of its rows: {before} → {_told(level)}. {reason.strip()}"
    journal.write([Line.of(level, "repair", words)], by=by)


def _told(level: StockLevel) -> str:
    return f"{level.on_hand} on hand, {level.reserved} reserved, {level.unavailable} set aside"
