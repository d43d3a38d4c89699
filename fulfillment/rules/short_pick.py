"""Fewer pieces on the shelf than the pick list says: what the reason given means for the stock, and what
becomes of the pieces that are still owed.

The reason decides the correction: a shelf that is empty has nothing left in the books; a miscount loses
what was missing; a damaged piece is still there but cannot be sold; a piece that is only out of reach
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told


@dataclass(frozen=True)
class ShortReason:
    """``takes``: what leaves ``on_hand``: ``rest`` (all that should still be on the shelf), ``missing`` or
    ``none``. ``quarantines``: the missing pieces become unavailable instead. ``count``: ask for a count of
    the shelf. ``elsewhere``: route the remainder without this location."""

    code: str
    words: str
    takes: str = "none"
    quarantines: bool = False
    count: bool = True
    elsewhere: bool = True


SHORT_REASONS: Mapping[str, ShortReason] = {
    reason.code: reason
    for reason in (
        ShortReason("not_found", gettext_noop("not found: the shelf is empty"), takes="rest"),
        ShortReason("miscount", gettext_noop("fewer there than the books say"), takes="missing"),
        ShortReason("damaged", gettext_noop("damaged"), quarantines=True, count=False),
        ShortReason("expired", gettext_noop("past its date"), quarantines=True, count=False),
        ShortReason("wrong_item", gettext_noop("another item lies in its place"), quarantines=True),
        ShortReason("unreachable", gettext_noop("cannot be reached today"), count=False),
        ShortReason("no_capacity", gettext_noop("no time to pick it today"), count=False),
    )
}


@dataclass(frozen=True)
class ShelfFacts:
    """What the books say of the item here, before anything of this pick was written: ``off_shelf`` units of
    ``on_hand`` were already taken from the shelf by other picks."""

    on_hand: int
    unavailable: int = 0
    off_shelf: int = 0


@dataclass(frozen=True)
class ShortEffect:
    """``missing`` pieces leave the books through ``inventory.rules.displacement`` (which finds whose
    promises fall). ``quarantine`` pieces become unavailable. ``remainder`` pieces of this order are still
    owed: their reservation here is given up, and they are routed again, without this location where
    ``exclude_location``."""

    missing: int
    quarantine: int
    remainder: int
    count: bool
    exclude_location: bool
    words: str


def refusals(reason: str, asked: int, found: int) -> tuple[Reason, ...]:
    """Why this cannot be reported as a short pick."""
    reasons = []
    if reason not in SHORT_REASONS:
        reasons.append(
            Reason("reason_unknown", told(gettext_noop("“%(reason)s” is no reason"), reason=reason))
        )
    if found < 0:
        reasons.append(Reason("below_zero", told(gettext_noop("Fewer than none cannot be found"))))
    if found >= asked:
        reasons.append(Reason("not_short", told(gettext_noop("All %(asked)s were found"), asked=asked)))
    return tuple(reasons)


def effect(reason: str, asked: int, found: int, shelf: ShelfFacts) -> ShortEffect:
    """Raises ``KeyError`` and ``ValueError`` for what ``refusals`` names."""
    kind = SHORT_REASONS[reason]
    if not 0 <= found < asked:
        raise ValueError(f"{found} found of {asked} is no short pick")
    short = asked - found
    on_shelf = max(0, shelf.on_hand - shelf.unavailable - shelf.off_shelf - found)
    missing = {"rest": on_shelf, "missing": min(short, on_shelf), "none": 0}[kind.takes]
    return ShortEffect(
        missing=missing,
        quarantine=min(short, on_shelf) if kind.quarantines else 0,
        remainder=short,
        count=kind.count,
        exclude_location=kind.elsewhere,
        words=f"{found} of {asked} found: {kind.words}",
    )
