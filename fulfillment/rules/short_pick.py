"""Pieces that a location does not send after all, since fewer lie on the shelf than the pick list says or since it
sends the work back: what the reason given means for the stock, and what becomes of the pieces that are still owed.

The reason decides the correction: a shelf that is empty has nothing left in the books; a miscount loses
what was missing; a damaged piece is still there but cannot be sold; a piece that is only out of reach
changes nothing. Which reasons there are is the shop's own choice: they come in as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told


class Stock(StrEnum):
    """What becomes of the books: nothing; the missing pieces leave them; all that should still be on the shelf
    does; the missing pieces become unavailable."""

    STAYS = "stays"
    MISSING = "missing"
    REST = "rest"
    ASIDE = "aside"


@dataclass(frozen=True)
class ShortReason:
    """``counts``: ask for a count of the shelf. ``skips``: the types of place that are not tried for the pieces
    either. ``picks`` and ``rejects``: for whom it is, a picker or a location that sends work back."""

    code: str
    words: str
    stock: Stock = Stock.STAYS
    counts: bool = False
    skips: frozenset[str] = frozenset()
    picks: bool = True
    rejects: bool = True

    @property
    def about_stock(self) -> bool:
        """Does it speak of the shelf? Then only the pieces it is about are meant; else the whole work."""
        return self.stock != Stock.STAYS or self.counts

    @property
    def says(self) -> str:
        """Its effect, told to whoever chooses."""
        return SAYS[self.stock, self.counts]


SAYS: Mapping[tuple[str, bool], str] = {
    (Stock.STAYS, False): gettext_noop("the stock stays as it is"),
    (Stock.STAYS, True): gettext_noop("the stock stays as it is, to be counted"),
    (Stock.MISSING, False): gettext_noop("the missing pieces leave the books"),
    (Stock.MISSING, True): gettext_noop("the missing pieces leave the books, to be counted"),
    (Stock.REST, False): gettext_noop("the shelf goes to zero"),
    (Stock.REST, True): gettext_noop("the shelf goes to zero, to be counted"),
    (Stock.ASIDE, False): gettext_noop("the pieces are set aside"),
    (Stock.ASIDE, True): gettext_noop("the pieces are set aside, the shelf is to be counted"),
}

ALONG = ShortReason("along", gettext_noop("sent back with the rest"), picks=False)
"""What the lines are that a reason about the stock was not given for: they come along, nothing is corrected."""

UNSAID = "not_found"
"""What is taken for the reason where a picker gave none."""


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
    owed: their reservation here is given up, and they are routed again, without this location."""

    missing: int
    quarantine: int
    remainder: int
    count: bool
    words: str


def refusals(code: str, known: Mapping[str, ShortReason], asked: int, found: int) -> tuple[Reason, ...]:
    """Why this cannot be reported as a short pick; ``known`` are the reasons that may be given."""
    reasons = []
    if code not in known:
        reasons.append(Reason("reason_unknown", told(gettext_noop("“%(reason)s” is no reason"), reason=code)))
    if found < 0:
        reasons.append(Reason("below_zero", told(gettext_noop("Fewer than none cannot be found"))))
    if found >= asked:
        reasons.append(Reason("not_short", told(gettext_noop("All %(asked)s were found"), asked=asked)))
    return tuple(reasons)


def effect(
    reason: ShortReason, asked: int, found: int, shelf: ShelfFacts, *, sent_back: bool = False
) -> ShortEffect:
    """Raises ``ValueError`` for counts that ``refusals`` names."""
    if not 0 <= found < asked:
        raise ValueError(f"{found} found of {asked} is no short pick")
    short = asked - found
    on_shelf = max(0, shelf.on_hand - shelf.unavailable - shelf.off_shelf - found)
    missing = {Stock.REST: on_shelf, Stock.MISSING: min(short, on_shelf)}.get(reason.stock, 0)
    told = f"{short} sent back" if sent_back else f"{found} of {asked} found"
    return ShortEffect(
        missing=missing,
        quarantine=min(short, on_shelf) if reason.stock == Stock.ASIDE else 0,
        remainder=short,
        count=reason.counts,
        words=f"{told}: {reason.words}",
    )
