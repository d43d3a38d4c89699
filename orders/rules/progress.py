"""How far an order is: counted from quantities and transactions, never set by hand.

``fulfilment_status``, ``payment_status`` and ``return_status`` are what lists show; ``steps`` is the strip of
the order page with its one sentence; ``completes`` says why an order is not finished yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias

from oms.core.errors import Reason
from oms.core.money import MixedCurrencies
from oms.core.words import gettext_noop, told
from orders.rules.holds import HOLDS, OpenHold, Step, blocking

ZERO = Decimal(0)


COUNTER_WORDS: Mapping[str, str] = {
    "cancelled": gettext_noop("cancelled"),
    "unallocated": gettext_noop("not promised yet"),
    "backordered": gettext_noop("waiting for stock"),
    "promised": gettext_noop("promised"),
    "released": gettext_noop("to be picked"),
    "picked": gettext_noop("picked"),
    "packed": gettext_noop("packed"),
    "shipped": gettext_noop("sent"),
    "delivered": gettext_noop("of them delivered"),
    "returned": gettext_noop("came back"),
}
"""What is said of units in each counter, to clerks and to customers."""


@dataclass(frozen=True)
class LineCounts:
    """Where the units of a line are. Each ordered unit stands in exactly one of cancelled … shipped;
    delivered and returned are parts of shipped. ``ships`` is false for what needs no parcel (downloads,
    gift cards)."""

    key: Hashable
    ordered: int
    cancelled: int = 0
    unallocated: int = 0
    backordered: int = 0
    promised: int = 0
    released: int = 0
    picked: int = 0
    packed: int = 0
    shipped: int = 0
    delivered: int = 0
    returned: int = 0
    ships: bool = True

    @property
    def wanted(self) -> int:
        return self.ordered - self.cancelled

    def faults(self) -> tuple[str, ...]:
        """The conservation laws that these counters break; empty when all is well."""
        found = []
        places = (
            self.cancelled,
            self.unallocated,
            self.backordered,
            self.promised,
            self.released,
            self.picked,
            self.packed,
            self.shipped,
        )
        if sum(places) != self.ordered:
            found.append(f"ordered {self.ordered}, but {sum(places)} accounted for")
        if min(*places, self.ordered, self.delivered, self.returned) < 0:
            found.append("a counter is below zero")
        if self.delivered > self.shipped:
            found.append(f"{self.delivered} delivered of {self.shipped} shipped")
        if self.returned > self.shipped:
            found.append(f"{self.returned} returned of {self.shipped} shipped")
        return tuple(found)


def fulfilment_status(lines: Iterable[LineCounts]) -> str:
    """``not_required``, ``cancelled``, ``unfulfilled``, ``partly_shipped``, ``shipped``,
    ``partly_delivered`` or ``delivered``. Cancelled units do not count; an order with something still to be
    sent is at most ``partly_shipped``, whatever has arrived."""
    wanted = shipped = delivered = ordered = 0
    for line in lines:
        if line.ships:
            ordered += line.ordered
            wanted += line.wanted
            shipped += line.shipped
            delivered += line.delivered
    if not ordered:
        return "not_required"
    if not wanted:
        return "cancelled"
    if not shipped:
        return "unfulfilled"
    if shipped < wanted:
        return "partly_shipped"
    if not delivered:
        return "shipped"
    return "delivered" if delivered >= wanted else "partly_delivered"


# ---------------------------------------------------------------------------------------------- money


@dataclass(frozen=True)
class Transaction:
    """One fact of the payment ledger, as in ``orders.drafts.PaymentDraft``. A chargeback is ``pending``
    while it is disputed, ``succeeded`` when the money is gone, ``failed`` when we won. ``id`` is the
    provider's: facts are never changed, so what was pending and has ended is told twice under one id."""

    kind: str
    status: str
    amount: Decimal
    currency: str
    id: str = ""


@dataclass(frozen=True)
class Balance:
    """Sums of the transactions that succeeded, in the customer's currency; ``pending_refunds`` are on their
    way."""

    authorised: Decimal = ZERO
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    charged_back: Decimal = ZERO
    disputed: Decimal = ZERO
    pending_refunds: Decimal = ZERO
    voided: bool = False

    @property
    def paid(self) -> Decimal:
        """What we still have of the customer's money."""
        return self.captured - self.refunded - self.charged_back

    @property
    def refundable(self) -> Decimal:
        """What may still be given back: refunds on their way count as given, disputed money is not ours to
        give."""
        return max(ZERO, self.paid - self.pending_refunds - self.disputed)


def balance(transactions: Iterable[Transaction]) -> Balance:
    """Raises :class:`MixedCurrencies` when the transactions are not all in one currency."""
    transactions = _standing(tuple(transactions))
    currencies = {t.currency for t in transactions}
    if len(currencies) > 1:
        raise MixedCurrencies(f"the payments of one order are in {', '.join(sorted(currencies))}")

    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for t in transactions:
        sums[t.kind, t.status] += t.amount
    voided = sums.get(("void", "succeeded"))
    return Balance(
        authorised=max(ZERO, sums["authorisation", "succeeded"] - (voided or ZERO)),
        captured=sums["capture", "succeeded"] + sums["external_paid", "succeeded"],
        refunded=sums["refund", "succeeded"],
        charged_back=sums["chargeback", "succeeded"],
        disputed=sums["chargeback", "pending"],
        pending_refunds=sums["refund", "pending"],
        voided=voided is not None,
    )


def _standing(transactions: tuple[Transaction, ...]) -> tuple[Transaction, ...]:
    """Without what was pending and has ended since."""
    if all(t.status != "pending" for t in transactions):
        return transactions
    ended = {(t.kind, t.id) for t in transactions if t.id and t.status != "pending"}
    return tuple(t for t in transactions if t.status != "pending" or (t.kind, t.id) not in ended)


def payment_status(transactions: Iterable[Transaction], total: Decimal) -> str:
    """``none``, ``partly_authorised``, ``authorised``, ``partly_paid``, ``paid``, ``overpaid``,
    ``partly_refunded``, ``refunded``, ``voided`` or ``disputed``. ``total`` is what the order comes to now,
    in the customer's currency; where that is nothing, there is nothing to pay and the order is ``paid``."""
    sums = balance(transactions)
    returned = sums.refunded + sums.charged_back
    if sums.disputed:
        return "disputed"
    if sums.captured:
        if returned:
            return "refunded" if returned >= sums.captured else "partly_refunded"
        if sums.captured == total:
            return "paid"
        return "overpaid" if sums.captured > total else "partly_paid"
    if total <= 0:
        return "paid"
    if sums.authorised:
        return "authorised" if sums.authorised >= total else "partly_authorised"
    return "voided" if sums.voided else "none"


PAYMENT_ALLOWS_WORK = frozenset({"authorised", "paid", "overpaid", "partly_refunded"})
"""The payment states in which goods may leave without terms having been agreed."""


def return_status(lines: Iterable[LineCounts], open_returns: int = 0) -> str:
    """``none``, ``open`` (something is on its way back), ``partly_returned`` or ``returned``."""
    lines = tuple(lines)
    if open_returns:
        return "open"
    returned = sum(line.returned for line in lines)
    if not returned:
        return "none"
    return "returned" if returned >= sum(line.shipped for line in lines) else "partly_returned"


# ---------------------------------------------------------------------------------------------- the strip

STEPS = ("captured", "screened", "promised", "routed", "picked", "packed", "shipped", "delivered")
_GUARDED_BY = {
    "promised": Step.ALLOCATE,
    "picked": Step.RELEASE,
    "packed": Step.SHIP,
    "shipped": Step.SHIP,
}
_NEXT = {
    "screened": gettext_noop("it is checked by itself within moments"),
    "promised": gettext_noop("stock is promised by itself"),
    "routed": gettext_noop("a location is chosen by itself"),
    "picked": gettext_noop("pick it"),
    "packed": gettext_noop("pack it"),
    "shipped": gettext_noop("send it off"),
    "delivered": gettext_noop("the carrier brings it to the customer"),
}
_WAITING = {
    "screened": gettext_noop("waits to be checked"),
    "promised": gettext_noop("waits for stock to be promised"),
    "routed": gettext_noop("waits for a location"),
    "picked": gettext_noop("waits to be picked"),
    "packed": gettext_noop("waits to be packed"),
    "shipped": gettext_noop("waits to be sent off"),
    "delivered": gettext_noop("on its way"),
}


@dataclass(frozen=True)
class Obstacle:
    """What stands in the way of a step, where it is no hold: told by whoever knows (a location that refused,
    a label that could not be bought). ``next`` says what comes next."""

    step: str
    words: str
    since: datetime
    next: str


@dataclass(frozen=True)
class ProgressFacts:
    """``state`` is the stored one (draft, received, review, open, completed, cancelled). ``since`` is when the
    order last moved."""

    state: str
    placed_at: datetime
    lines: Sequence[LineCounts]
    holds: Sequence[OpenHold] = ()
    obstacles: Sequence[Obstacle] = ()
    since: datetime | None = None
    backordered_since: datetime | None = None
    backorder_expected: str = ""


@dataclass(frozen=True)
class StepView:
    """``state``: done, now, blocked or todo; ``units`` of ``of`` units have passed it."""

    name: str
    state: str
    units: int
    of: int


@dataclass(frozen=True)
class Strip:
    steps: tuple[StepView, ...]
    present: str | None
    words: str
    since: datetime | None
    next: str
    sentence: str


Say: TypeAlias = "Callable[[str], str]"
"""Says a text of ours in the reader's language, such as ``gettext``."""

_AGES = (
    (86400, gettext_noop("for 1 day"), gettext_noop("for %(n)s days")),
    (3600, gettext_noop("for 1 hour"), gettext_noop("for %(n)s hours")),
    (60, gettext_noop("for 1 minute"), gettext_noop("for %(n)s minutes")),
)


def age(since: datetime, now: datetime, say: Say = str) -> str:
    """``for 3 days``: as long as a person would say it."""
    seconds = max(0, int((now - since).total_seconds()))
    for size, one, many in _AGES:
        if seconds >= size:
            count = seconds // size
            return say(one) if count == 1 else say(many) % {"n": count}
    return say(gettext_noop("just now"))


def steps(order: ProgressFacts, now: datetime, say: Say = str) -> Strip:
    """The strip of steps and one sentence: what blocks the order, since when, what comes next."""
    lines = [line for line in order.lines if line.ships]
    wanted = sum(line.wanted for line in lines)
    passed = _passed(order, lines, wanted)
    if order.state in ("cancelled", "completed") or (wanted == 0 and order.state == "open"):
        ended = "cancelled" if order.state == "cancelled" else "finished"
        words = say(
            {
                "cancelled": gettext_noop("Cancelled"),
                "finished": gettext_noop("Finished: nothing more to do"),
            }[ended]
        )
        views = tuple(_ended_view(name, passed[name], wanted) for name in STEPS)
        return Strip(views, None, words, order.since, "", f"{words}.")

    present = next((name for name in STEPS if not _is_done(name, passed, wanted)), None)
    if present is None:
        views = tuple(StepView(name, "done", passed[name], wanted) for name in STEPS)
        done = say(gettext_noop("Delivered")), say(gettext_noop("Delivered in full."))
        return Strip(views, None, done[0], order.since, say(gettext_noop("it completes by itself")), done[1])

    obstacle = _obstacle(order, lines, present, say)
    state = "blocked" if obstacle else "now"
    at = STEPS.index(present)
    views = tuple(
        StepView(name, "done" if i < at else state if i == at else "todo", passed[name], wanted)
        for i, name in enumerate(STEPS)
    )
    if obstacle is None:
        obstacle = Obstacle(
            present, say(_WAITING[present]), order.since or order.placed_at, say(_NEXT[present])
        )
    told = obstacle.words[:1].upper() + obstacle.words[1:]
    sentence = say(gettext_noop("%(told)s (%(age)s); next: %(next)s.")) % {
        "told": told,
        "age": age(obstacle.since, now, say),
        "next": obstacle.next,
    }
    return Strip(views, present, obstacle.words, obstacle.since, obstacle.next, sentence)


def _passed(order: ProgressFacts, lines: Sequence[LineCounts], wanted: int) -> dict[str, int]:
    delivered = sum(line.delivered for line in lines)
    shipped = sum(line.shipped for line in lines)
    packed = shipped + sum(line.packed for line in lines)
    picked = packed + sum(line.picked for line in lines)
    released = picked + sum(line.released for line in lines)
    promised = released + sum(line.promised for line in lines)
    screened = wanted if order.state in ("open", "completed", "cancelled") else 0
    return {
        "captured": wanted if order.state != "draft" else 0,
        "screened": screened,
        "promised": promised,
        "routed": released,
        "picked": picked,
        "packed": packed,
        "shipped": shipped,
        "delivered": delivered,
    }


def _is_done(name: str, passed: dict[str, int], wanted: int) -> bool:
    return passed[name] >= wanted > 0


def _ended_view(name: str, units: int, wanted: int) -> StepView:
    return StepView(name, "done" if units >= wanted > 0 or name == "captured" else "todo", units, wanted)


def _held(step: str, hold: OpenHold, say: Say) -> Obstacle:
    kind = HOLDS[hold.type]
    words = say(gettext_noop("held: %(words)s")) % {"words": say(hold.reason.words or kind.words)}
    return Obstacle(step, words, hold.since, say(kind.mend))


def _obstacle(order: ProgressFacts, lines: Sequence[LineCounts], present: str, say: Say) -> Obstacle | None:
    if present == "captured":
        return Obstacle(
            "captured", say(gettext_noop("a draft")), order.placed_at, say(gettext_noop("place it"))
        )
    for hold in sorted(order.holds, key=lambda h: h.since):
        kind = HOLDS[hold.type]
        if present == "screened" and hold.line is None and kind.review:
            return _held(present, hold, say)
    guard = _GUARDED_BY.get(present)
    if guard:
        waiting = [line for line in lines if _waits_at(line, present)]
        held = {
            hold: line for line in waiting for hold in blocking(order.holds, guard, line.key)
        }  # one entry a hold, however many lines it stops
        if held and all(blocking(order.holds, guard, line.key) for line in waiting):
            hold = min(held, key=lambda h: h.since)
            return _held(present, hold, say)
    told = [o for o in order.obstacles if o.step == present]
    if told:
        return min(told, key=lambda o: o.since)
    if present == "promised" and not any(line.unallocated for line in lines):
        short = sum(line.backordered for line in lines)
        since = order.backordered_since or order.since or order.placed_at
        one, many = gettext_noop("1 piece is not in stock"), gettext_noop("%(n)s pieces are not in stock")
        what = say(one) if short == 1 else say(many) % {"n": short}
        then = say(gettext_noop("served as soon as stock arrives"))
        if order.backorder_expected:
            then = say(gettext_noop("served as soon as stock arrives (expected %(day)s)"))
            then %= {"day": order.backorder_expected}
        return Obstacle(present, what, since, then)
    return None


def _waits_at(line: LineCounts, present: str) -> int:
    """Units of the line that have not passed ``present`` yet."""
    before = {
        "promised": line.unallocated + line.backordered,
        "picked": line.unallocated + line.backordered + line.promised + line.released,
        "packed": line.picked,
        "shipped": line.picked + line.packed,
    }
    return before[present]


# ---------------------------------------------------------------------------------------------- the end


@dataclass(frozen=True)
class Completion:
    """What ``completes`` looks at. ``outstanding`` is the order's total less what was paid, in the
    customer's currency (below zero: we owe); ``complete_after`` lets an order without delivery news
    complete so long after its last shipment."""

    state: str
    lines: Sequence[LineCounts]
    holds: Sequence[OpenHold] = ()
    outstanding: Decimal = ZERO
    on_terms: bool = False
    open_returns: int = 0
    open_refunds: int = 0
    last_shipped_at: datetime | None = None
    complete_after: timedelta | None = None


def completes(order: Completion, now: datetime) -> tuple[Reason, ...]:
    """Why the order may not be completed now; empty means that it may."""
    reasons = []
    if order.state != "open":
        reasons.append(Reason("not_open", told(gettext_noop("Only an open order can be completed"))))
    to_send = sum(line.wanted - line.shipped for line in order.lines if line.ships)
    on_way = sum(line.shipped - line.delivered for line in order.lines if line.ships)
    if to_send > 0:
        reasons.append(Reason("not_shipped", told(gettext_noop("%(n)s still to be sent"), n=to_send)))
    elif on_way > 0:
        rested = (
            order.complete_after is not None
            and order.last_shipped_at is not None
            and now - order.last_shipped_at >= order.complete_after
        )
        if not rested:
            reasons.append(Reason("not_delivered", told(gettext_noop("%(n)s still on the way"), n=on_way)))
    if order.outstanding > 0 and not order.on_terms:
        reasons.append(Reason("not_paid", told(gettext_noop("Not paid in full"))))
    if order.outstanding < 0:
        reasons.append(Reason("owed", told(gettext_noop("The customer is owed money"))))
    if order.open_returns:
        reasons.append(Reason("open_return", told(gettext_noop("A return is open"))))
    if order.open_refunds:
        reasons.append(Reason("open_refund", told(gettext_noop("A refund is on its way"))))
    if order.holds:
        reasons.append(Reason("held", told(gettext_noop("A hold is open"))))
    return tuple(reasons)
