"""Which offer for a parcel is taken: by a rule that has a name, so that everybody can ask why."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from oms.core.words import gettext_noop

# What customers choose in the shop, and how many days it lets the carrier. The first that occurs decides.
PACE: Sequence[tuple[str, int]] = (
    (r"same.?day|next.?day|overnight|express|special|priority|24\b|24.?h|\b1.?day", 1),
    (r"\b2.?day|two.?day|second.?day|48\b|48.?h", 2),
    (r"\b3.?day|three.?day", 3),
)
RULES: Mapping[str, str] = {
    "chosen": gettext_noop("chosen by hand"),
    "asked": gettext_noop("the cheapest of the service asked for"),
    "in_time": gettext_noop("the cheapest that arrives in the days the customer chose"),
    "fastest": gettext_noop("none arrives in the days the customer chose: the fastest"),
    "cheapest": gettext_noop("the cheapest"),
}


@dataclass(frozen=True)
class Offer:
    """One service for one parcel. ``account`` is our carrier account's id, ``days`` the carrier's own estimate,
    ``None`` where it tells none."""

    account: int
    account_name: str
    carrier: str
    service: str
    amount: Decimal
    currency: str
    days: int | None = None

    @property
    def key(self) -> str:
        return f"{self.account}:{self.carrier}:{self.service}"


@dataclass(frozen=True)
class Choice:
    """``rule`` is one of ``RULES``; ``words`` say it with its figures."""

    offer: Offer
    rule: str
    words: str


def days_wanted(shipping_method: str) -> int | None:
    """In how many days the customer expects it, by the name of what was paid for; ``None``: no hurry."""
    text = shipping_method.lower()
    return next((days for pattern, days in PACE if re.search(pattern, text)), None)


def choose(
    offers: Sequence[Offer],
    *,
    shipping_method: str = "",
    carrier: str = "",
    service: str = "",
    by_hand: bool = False,
) -> Choice | None:
    """The offer to buy, ``None`` where none fits. ``carrier`` and ``service`` narrow the choice.

    Amounts of several currencies cannot be compared: those in the currency of most offers are looked at, the
    first among equals.
    """
    fitting = [
        offer for offer in offers
        if (not service or offer.service == service) and (not carrier or offer.carrier == carrier)
    ]  # fmt: skip
    if not fitting:
        return None
    currencies = [offer.currency for offer in fitting]
    common = max(dict.fromkeys(currencies), key=currencies.count)
    fitting = [offer for offer in fitting if offer.currency == common]
    wanted = None if service else days_wanted(shipping_method)
    timely = [offer for offer in fitting if wanted and offer.days is not None and offer.days <= wanted]
    if service:
        offer, rule = min(fitting, key=_cost), "chosen" if by_hand else "asked"
    elif timely:
        offer, rule = min(timely, key=_cost), "in_time"
    elif wanted and any(offer.days is not None for offer in fitting):
        offer, rule = min(fitting, key=lambda o: (_days(o), o.amount, o.service)), "fastest"
    else:
        offer, rule = min(fitting, key=_cost), "cheapest"
    told = RULES[rule] + (f" ({wanted})" if rule in ("in_time", "fastest") else "")
    return Choice(offer, rule, f"{told}, of {len(offers)} offer{'s' * (len(offers) != 1)}")


def _cost(offer: Offer) -> tuple[Decimal, int, str]:
    return offer.amount, _days(offer), offer.service


def _days(offer: Offer) -> int:
    return 99 if offer.days is None else offer.days


def stored(offer: Offer) -> dict[str, object]:
    """As JSON keeps it."""
    return {**offer.__dict__, "amount": str(offer.amount)}


def restored(kept: Mapping[str, object]) -> Offer:
    return Offer(**{**kept, "amount": Decimal(str(kept["amount"]))})  # type: ignore[arg-type]
