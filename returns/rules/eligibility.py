"""May these goods come back? Accept, refuse, or let a person look, with the reasons."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.core.errors import Reason
from oms.core.words import Told, gettext_noop, told

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
            reason = Reason("unknown_line", told(gettext_noop("This order has no such line")))
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
        refuse.append(
            Reason("no_quantity", told(gettext_noop("%(title)s: nothing to return"), title=line.title))
        )
    elif not line.shipped:
        refuse.append(
            Reason(
                "not_shipped",
                told(gettext_noop("%(title)s was not sent yet: cancel it instead"), title=line.title),
            )
        )
    elif wish.quantity > left:
        why = told(
            gettext_noop("%(title)s: %(asked)s asked for, %(left)s can still come back"), title=line.title,
            asked=wish.quantity, left=max(0, left),
        )  # fmt: skip
        refuse.append(Reason("too_many", why))
    limits = review if wish.faulty else refuse
    start = line.delivered_at or (line.shipped_at + policy.transit if line.shipped_at else None)
    if start is not None and now > start + policy.window:
        late = (now - start - policy.window).days
        why = told(
            gettext_noop("%(title)s: the %(days)s days ended %(ago)s"),
            title=line.title,
            days=policy.window.days,
            ago=_ago(late),
        )
        soft = now <= start + policy.window + policy.grace
        (review if soft else limits).append(Reason("window_over", why))
    if wish.quantity > policy.review_above:
        review.append(
            Reason("many", told(gettext_noop("%(title)s: %(n)s at once"), title=line.title, n=wish.quantity))
        )
    verdict = REFUSE if refuse else NEEDS_REVIEW if review else ACCEPT
    return LineEligibility(wish.key, wish.quantity, verdict, (*refuse, *review))


def _ago(days: int) -> Told:
    if days == 0:
        return told(gettext_noop("today"))
    return told(gettext_noop("1 day ago") if days == 1 else gettext_noop("%(n)s days ago"), n=days)
