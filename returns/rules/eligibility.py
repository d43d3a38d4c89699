"""May these goods come back? Accept, refuse, or let a person look, with the reasons."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.core.errors import Reason

ACCEPT, NEEDS_REVIEW, REFUSE = "accept", "needs_review", "refuse"


@dataclass(frozen=True)
class SoldLine:
    """``returned`` counts units that came back or are on their way back in another return. ``delivered_at``
    is of the last parcel with units of this line, ``None`` while no delivery is known."""

    key: Hashable
    title: str
    shipped: int
    returned: int = 0
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None

    @property
    def returnable(self) -> int:
        return max(0, self.shipped - self.returned)


@dataclass(frozen=True)
class Wish:
    """``faulty``: the customer says that we sent it wrong or broken; then the policy's limits do not bind
    alone."""

    key: Hashable
    quantity: int
    faulty: bool = False


@dataclass(frozen=True)
class ReturnPolicy:
    """``window`` counts from delivery; where none is known, from shipping plus ``transit``. ``grace`` after
    it is looked at by a person. More than ``review_above`` units in one wish are looked at, too."""

    window: timedelta = timedelta(days=30)
    grace: timedelta = timedelta(days=14)
    transit: timedelta = timedelta(days=7)
    review_above: int = 20


POLICY = ReturnPolicy()


@dataclass(frozen=True)
class LineEligibility:
    key: Hashable
    quantity: int
    verdict: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Eligibility:
    """``verdict`` is the worst of the lines': one refused line refuses the request as it was asked."""

    verdict: str
    lines: tuple[LineEligibility, ...]


def eligible(
    sold: Sequence[SoldLine], wishes: Sequence[Wish], now: datetime, policy: ReturnPolicy = POLICY
) -> Eligibility:
    """Units already on their way back are not counted twice, also when one line is wished for twice."""
    known = {line.key: line for line in sold}
    asked: dict[Hashable, int] = {}
    judged = []
    for wish in wishes:
        line = known.get(wish.key)
        if line is None:
            reason = Reason("unknown_line", "This order has no such line")
            judged.append(LineEligibility(wish.key, wish.quantity, REFUSE, (reason,)))
            continue
        before = asked.get(wish.key, 0)
        asked[wish.key] = before + max(0, wish.quantity)
        judged.append(_judge(line, wish, line.returnable - before, now, policy))
    if not judged:
        return Eligibility(REFUSE, ())
    worst = max(judged, key=lambda one: _BADNESS[one.verdict]).verdict
    return Eligibility(worst, tuple(judged))


_BADNESS = {ACCEPT: 0, NEEDS_REVIEW: 1, REFUSE: 2}


def _judge(line: SoldLine, wish: Wish, left: int, now: datetime, policy: ReturnPolicy) -> LineEligibility:
    refuse: list[Reason] = []
    review: list[Reason] = []
    if wish.quantity <= 0:
        refuse.append(Reason("no_quantity", f"{line.title}: nothing to return"))
    elif not line.shipped:
        refuse.append(Reason("not_shipped", f"{line.title} was not sent yet: cancel it instead"))
    elif wish.quantity > left:
        told = f"{line.title}: {wish.quantity} asked for, {max(0, left)} can still come back"
        refuse.append(Reason("too_many", told))
    limits = review if wish.faulty else refuse
    start = line.delivered_at or (line.shipped_at + policy.transit if line.shipped_at else None)
    if start is not None and now > start + policy.window:
        late = (now - start - policy.window).days
        told = f"{line.title}: the {policy.window.days} days ended {_ago(late)}"
        soft = now <= start + policy.window + policy.grace
        (review if soft else limits).append(Reason("window_over", told))
    if wish.quantity > policy.review_above:
        review.append(Reason("many", f"{line.title}: {wish.quantity} at once"))
    verdict = REFUSE if refuse else NEEDS_REVIEW if review else ACCEPT
    return LineEligibility(wish.key, wish.quantity, verdict, (*refuse, *review))


def _ago(days: int) -> str:
    if days == 0:
        return "today"
    return f"{days} day{'' if days == 1 else 's'} ago"
