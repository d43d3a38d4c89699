"""A person sets pieces aside, gives them back for sale, sends set aside ones back to the supplier, or writes them off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from inventory.actions.move_stock import ShortOfStock
from inventory.models import MovementKey, StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line

WORDS = {
    "damage": "set aside", "restock": "back for sale", "return_to_supplier": "sent back to the supplier",
    "write_off": "written off",
}  # fmt: skip


@dataclass(frozen=True)
class Sorting:
    """``quantity`` pieces of a stock level: ``damage`` (for sale → set aside), ``restock`` (set aside → for
    sale), ``return_to_supplier`` (set aside → out of the house) or ``write_off`` (set aside → off the books). ``key`` makes it happen once."""

    level_id: int
    kind: str
    quantity: int
    note: str
    key: str


@transaction.atomic
def sort_stock(sortings: Sequence[Sorting], *, by: Actor) -> list[StockLevel]:
    """Move pieces between for sale, set aside and gone, one ledger line each. What is promised stays so.

    Raises :class:`Refused` without a note, for less than one piece, and where so many are not there (for
    what is promised, correct the level instead: that displaces promises).
    """
    levels = {x.pk: x for x in StockLevel.objects.filter(pk__in=[s.level_id for s in sortings])}
    used = set(
        MovementKey.objects.filter(key__in=[f"sort:{s.key}" for s in sortings]).values_list("key", flat=True)
    )
    fresh = [s for s in sortings if f"sort:{s.key}" not in used]
    for s in fresh:
        if s.kind not in WORDS:
            raise Refused(Reason("unknown_kind", gettext("Say what shall become of them.")))
        if s.quantity < 1 or not s.note.strip():
            raise Refused(Reason("bad_quantity", gettext("Say how many pieces (at least one), and why.")))
    try:
        handle_units(
            [
                Handling(
                    levels[s.level_id].item_id, levels[s.level_id].location_id, s.quantity, s.kind,
                    f"stocklevel:{s.level_id}", f"sort:{s.key}", note=s.note.strip()[:200],
                )
                for s in fresh
            ],
            by=by,
        )  # fmt: skip
    except ShortOfStock:
        raise Refused(
            Reason("short_of_stock", gettext("So many are not there to be moved. Look again."))
        ) from None
    journal.write(
        [
            Line.of(levels[s.level_id], "sort", f"{s.quantity} {WORDS[s.kind]}: {s.note.strip()}")
            for s in fresh
        ],
        by=by,
    )
    return [levels[s.level_id] for s in sortings]
