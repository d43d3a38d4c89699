"""A person corrects a level, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.move_stock import Entry, move_stock
from inventory.actions.record_shortage import Missing, record_shortage
from inventory.models import StockAdjustment, StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line


@dataclass(frozen=True)
class Correction:
    """``quantity`` pieces more (or, negative, fewer) than the system believed."""

    item_id: int
    location_id: int
    quantity: int
    reason: str
    note: str
    key: str


def adjust_limit(user: Any) -> int | None:
    """How many pieces this person may change by one correction; ``None`` is no limit."""
    return None if user.has_perm("inventory.adjust_any") else settings.ADJUST_LIMIT


@transaction.atomic
def adjust_stock(
    corrections: Sequence[Correction], *, by: Actor, limit: int | None = None
) -> list[StockAdjustment]:
    """Post corrections. A correction downward beyond what is free displaces promises, newest first
    (``record_shortage``), so that no level ever goes below zero. A key used before is not posted again.

    ``limit`` is how many pieces one correction may change (``adjust_limit``), ``None`` any number. Raises
    :class:`Refused` beyond it, for zero, for an unknown reason, for "other" without a note, and when more is
    taken away than is there.
    """
    known = set(StockAdjustment.Reason.values)
    for c in corrections:
        if not c.quantity:
            raise Refused(Reason("no_change", gettext("Say how many pieces more or fewer there are.")))
        if limit is not None and abs(c.quantity) > limit:
            told = f"{abs(c.quantity)} pieces are more than the {limit} that you may change at once: ask a manager."
            raise Refused(Reason("over_limit", told))
        if c.reason not in known:
            raise Refused(Reason("unknown_reason", gettext("Choose a reason.")))
        if c.reason == "other" and not c.note.strip():
            raise Refused(Reason("note_missing", gettext("Say in the note what the reason is.")))
    used = set(
        StockAdjustment.objects.filter(key__in=[c.key for c in corrections]).values_list("key", flat=True)
    )
    fresh = [c for c in corrections if c.key not in used]
    rows = StockAdjustment.objects.bulk_create(
        [
            StockAdjustment(
                item_id=c.item_id, location_id=c.location_id, quantity=c.quantity, reason=c.reason, note=c.note,
                key=c.key, actor=str(by),
            )
            for c in fresh
        ]
    )  # fmt: skip
    up = [row for row in rows if row.quantity > 0]
    down = [row for row in rows if row.quantity < 0]
    move_stock(
        entries=[
            Entry(
                row.item_id, row.location_id, "opening" if row.reason == "opening" else "adjustment",
                f"stockadjustment:{row.pk}", f"adjustment:{row.pk}", on_hand=row.quantity, note=row.note,
            )
            for row in up
        ],
        by=by,
    )  # fmt: skip
    for row in down:
        there = StockLevel.objects.filter(item_id=row.item_id, location_id=row.location_id).first()
        sellable = there.on_hand - there.unavailable if there else 0
        if sellable < -row.quantity:
            raise Refused(
                Reason(
                    "not_there",
                    gettext("Only %(sellable)s pieces for sale are on the books there; %(n)s cannot go.")
                    % {"sellable": sellable, "n": -row.quantity},
                )
            )
    if down:
        record_shortage(
            [
                Missing(
                    row.item_id, row.location_id, -row.quantity, document=f"stockadjustment:{row.pk}",
                    key=f"adjustment:{row.pk}", reason="adjustment", note=row.note or row.get_reason_display(),
                )
                for row in down
            ],
            by=by,
        )  # fmt: skip
    journal.write(
        [
            Line.of(row, "adjust", f"{row.quantity:+d} ({row.get_reason_display()}) {row.note}".strip())
            for row in rows
        ],
        by=by,
    )
    return rows
