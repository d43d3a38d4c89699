"""Why a location sends work back, and what that says about its shelf: one table.

Each reason borrows its effect on the stock from a reason of ``short_pick``: what is not there leaves the books,
what is broken is set aside, and a place that has no time has nothing to correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fulfillment.rules.short_pick import SHORT_REASONS, ShortReason


@dataclass(frozen=True)
class Rejection:
    """``as_short`` is the short pick that has the same effect; ``says`` tells that effect to whoever chooses."""

    code: str
    words: str
    as_short: str
    says: str

    @property
    def effect(self) -> ShortReason:
        return SHORT_REASONS[self.as_short]

    @property
    def about_stock(self) -> bool:
        """Does it correct the books? Then only the pieces it is about are meant; else the whole work."""
        return self.effect.takes != "none" or self.effect.quarantines


REJECTIONS: Mapping[str, Rejection] = {
    reason.code: reason
    for reason in (
        Rejection("not_in_stock", "not in stock", "not_found", "the shelf goes to zero, to be counted"),
        Rejection("fewer", "fewer there than the books say", "miscount", "the missing pieces leave the books, to be counted"),
        Rejection("damaged", "damaged", "damaged", "the pieces are set aside"),
        Rejection("expired", "past its date", "expired", "the pieces are set aside"),
        Rejection("too_busy", "no time for it", "no_capacity", "the stock stays as it is"),
        Rejection("closed", "the place is closed", "no_capacity", "the stock stays as it is"),
        Rejection("cannot_send", "cannot be sent from here", "unreachable", "the stock stays as it is"),
    )
}  # fmt: skip
OTHERWISE = "too_busy"
"""What the lines are that a reason about the stock was not given for: they come along, nothing is corrected."""
