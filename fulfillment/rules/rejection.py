"""Why a location sends work back, and what that says about its shelf: one table.

Each reason borrows its effect on the stock from a reason of ``short_pick``: what is not there leaves the books,
what is broken is set aside, and a place that has no time has nothing to correct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fulfillment.rules.short_pick import SHORT_REASONS, ShortReason
from oms.core.words import gettext_noop


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
        Rejection("not_in_stock", gettext_noop("not in stock"), "not_found", gettext_noop("the shelf goes to zero, to be counted")),
        Rejection("fewer", gettext_noop("fewer there than the books say"), "miscount", gettext_noop("the missing pieces leave the books, to be counted")),
        Rejection("damaged", gettext_noop("damaged"), "damaged", gettext_noop("the pieces are set aside")),
        Rejection("expired", gettext_noop("past its date"), "expired", gettext_noop("the pieces are set aside")),
        Rejection("too_busy", gettext_noop("no time for it"), "no_capacity", gettext_noop("the stock stays as it is")),
        Rejection("closed", gettext_noop("the place is closed"), "no_capacity", gettext_noop("the stock stays as it is")),
        Rejection("cannot_send", gettext_noop("cannot be sent from here"), "unreachable", gettext_noop("the stock stays as it is")),
    )
}  # fmt: skip
OTHERWISE = "too_busy"
"""What the lines are that a reason about the stock was not given for: they come along, nothing is corrected."""
