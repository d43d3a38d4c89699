"""A person settles a difference: the shelf was counted again, or the books are right as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext

from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.actions.fit_reservations import lock_shelves
from inventory.actions.move_stock import ShortOfStock, rebuild_levels
from inventory.models import Discrepancy, StockLevel, StockMovement
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move

BOOKS, COUNT = "books", "count"


@dataclass(frozen=True)
class Resolution:
    """``truth`` is ``count`` (then ``counted`` pieces lie there, set aside ones included) or ``books``: the
    ledger and the reservations are right. ``note`` says why."""

    discrepancy_id: int
    truth: str
    note: str
    counted: int | None = None


@transaction.atomic
def resolve_discrepancies(resolutions: Sequence[Resolution], *, by: Actor) -> list[Discrepancy]:
    """Settle open differences. Afterwards each level is the sum of its ledger, and what was counted.

    ``books`` writes the level anew from its rows. ``count`` takes the level as it stands for what was
    believed, and posts the difference to what was counted as an adjustment; fewer pieces than are promised
    displace promises. Raises :class:`Refused` without a note, for a difference that is settled already, and
    where the books promise more than they have (count the shelf then).
    """
    wanted = {r.discrepancy_id: r for r in resolutions}
    # Adjusting locks shelves before rows, and so do we.
    lock_shelves(Discrepancy.objects.filter(pk__in=wanted).values_list("item_id", "location_id"))
    rows = list(Discrepancy.objects.filter(pk__in=wanted).select_for_update().order_by("pk"))
    for row in rows:
        _check(wanted[row.pk])
    move(rows, "resolve", by=by, words=lambda d: _words(wanted[d.pk])).or_refuse()
    for row in rows:
        row.resolution = _words(wanted[row.pk])[:250]
        if wanted[row.pk].truth == BOOKS:
            _trust_books(row, by)
        else:
            _trust_count(row, wanted[row.pk], by)
    Discrepancy.objects.bulk_update(rows, ["resolution"])
    return rows


def _check(r: Resolution) -> None:
    if r.truth not in {BOOKS, COUNT}:
        raise Refused(Reason("truth_missing", gettext("Say what is right: the books, or a new count.")))
    if not r.note.strip():
        raise Refused(Reason("note_missing", gettext("Say what you found.")))
    if r.truth == COUNT and (r.counted is None or r.counted < 0):
        raise Refused(Reason("count_missing", gettext("Say how many pieces lie there.")))


def _words(r: Resolution) -> str:
    return (
        f"Counted: {r.counted}. {r.note.strip()}"
        if r.truth == COUNT
        else f"The books are right. {r.note.strip()}"
    )


def _trust_books(row: Discrepancy, by: Actor) -> None:
    if row.kind == "shortage":  # the books were written when it was found
        return
    try:
        rebuild_levels([(row.item_id, row.location_id)], by=by)
    except ShortOfStock:
        told = "The books promise more than they have there: count the shelf and settle it by the count."
        raise Refused(Reason("books_broken", told)) from None


def _trust_count(row: Discrepancy, r: Resolution, by: Actor) -> None:
    level = StockLevel.objects.get(item_id=row.item_id, location_id=row.location_id)
    if row.kind == "reserved":
        rebuild_levels([(row.item_id, row.location_id)], by=by)
    elif row.kind == "ledger":
        _book_what_is_believed(row, level, by)
    change = (r.counted or 0) - level.on_hand
    if change:
        adjust_stock(
            [
                Correction(
                    row.item_id,
                    row.location_id,
                    change,
                    "counted",
                    r.note.strip()[:200],
                    f"discrepancy:{row.pk}",
                )
            ],
            by=by,
        )


def _book_what_is_believed(row: Discrepancy, level: StockLevel, by: Actor) -> None:
    """The level moved without the ledger: one line brings the ledger up to it, so that the count starts from
    a level that is the sum of its movements."""
    shelf = StockMovement.objects.filter(item_id=row.item_id, location_id=row.location_id)
    sums = shelf.aggregate(on_hand=Sum("on_hand", default=0), aside=Sum("unavailable", default=0))
    on_hand, aside = level.on_hand - sums["on_hand"], level.unavailable - sums["aside"]
    if on_hand or aside:
        StockMovement.objects.create(
            item_id=row.item_id, location_id=row.location_id, on_hand=on_hand, unavailable=aside, reason="adjustment",
            document=f"discrepancy:{row.pk}", key=f"discrepancy-ledger:{row.pk}", actor=str(by),
            note="The ledger brought up to the level before counting.",
        )  # fmt: skip
