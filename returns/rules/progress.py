"""How far a return is: derived from its lines. What is decided (authorised, declined, cancelled, expired)
is stored; what is counted (in transit, received) follows from the quantities."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told

DECIDED = frozenset({"requested", "declined", "cancelled", "expired", "closed"})


@dataclass(frozen=True)
class ReturnLineCounts:
    """``asked`` = units of the request. Each of them ends up received, lost on the way back, or not_sent
    (kept by the customer with our consent); the rest is still awaited. ``disposed`` is a part of received;
    ``extra`` units came without having been asked for. ``resolved``: its refund, exchange or refusal is
    settled."""

    key: Hashable
    asked: int
    received: int = 0
    lost: int = 0
    not_sent: int = 0
    disposed: int = 0
    extra: int = 0
    resolved: bool = False

    @property
    def awaited(self) -> int:
        return max(0, self.asked - self.received - self.lost - self.not_sent)

    def faults(self) -> tuple[str, ...]:
        """The conservation laws that these counters break."""
        found = []
        if self.received + self.lost + self.not_sent > self.asked:
            found.append(f"{self.received + self.lost + self.not_sent} accounted for, {self.asked} asked")
        if self.disposed > self.received + self.extra:
            found.append(f"{self.disposed} disposed of, {self.received + self.extra} received")
        if min(self.asked, self.received, self.lost, self.not_sent, self.disposed, self.extra) < 0:
            found.append("a counter is below zero")
        return tuple(found)


def return_state(stored: str, lines: Sequence[ReturnLineCounts], in_transit: bool = False) -> str:
    """``requested``, ``declined``, ``cancelled``, ``expired`` and ``closed`` stay as decided. Otherwise
    ``authorised``, ``in_transit`` (a carrier has scanned it), ``partly_received`` or ``received`` (nothing
    is awaited any more)."""
    if stored in DECIDED:
        return stored
    here = sum(line.received + line.extra for line in lines)
    if not any(line.awaited for line in lines) and lines:
        return "received"
    if here:
        return "partly_received"
    return "in_transit" if in_transit or stored == "in_transit" else "authorised"


def may_close(stored: str, lines: Sequence[ReturnLineCounts], open_refunds: int = 0) -> tuple[Reason, ...]:
    """Why a return may not be closed yet; empty means that it may."""
    reasons = []
    if stored in DECIDED:
        reasons.append(Reason("not_open", told(gettext_noop("Only an authorised return can be closed"))))
    awaited = sum(line.awaited for line in lines)
    if awaited:
        reasons.append(
            Reason(
                "awaited",
                told(gettext_noop("%(n)s still to come: receive them, or mark them lost or kept"), n=awaited),
            )
        )
    uninspected = sum(line.received + line.extra - line.disposed for line in lines)
    if uninspected > 0:
        reasons.append(
            Reason(
                "uninspected",
                told(gettext_noop("%(n)s received, and nobody has said what becomes of them"), n=uninspected),
            )
        )
    if any(not line.resolved and line.asked for line in lines):
        reasons.append(
            Reason("unresolved", told(gettext_noop("A line has neither refund, exchange nor refusal")))
        )
    if open_refunds:
        reasons.append(Reason("open_refund", told(gettext_noop("A refund is on its way"))))
    return tuple(reasons)
