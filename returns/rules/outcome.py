"""What a returned line comes to in money: which of its units are to be paid for, and whether it is settled."""

from __future__ import annotations

from dataclasses import dataclass

ACCEPTED, REJECTED = "accepted", "rejected"
KEPT = "not_sent"


@dataclass(frozen=True)
class LineOutcome:
    """``asked`` units of a line, of which ``received`` came and ``disposed`` are inspected. ``decision`` is
    pending, accepted or rejected; ``reception`` is ``not_sent`` where the customer keeps them with our
    consent."""

    asked: int
    received: int
    disposed: int
    reception: str
    decision: str


def units_to_refund(line: LineOutcome) -> int:
    """Inspected units of an accepted line, and those kept with our consent. What nobody has looked at yet is
    not proposed."""
    if line.decision != ACCEPTED:
        return 0
    return line.asked if line.reception == KEPT else line.disposed


def settled(line: LineOutcome, paid_back: bool) -> bool:
    """Is nothing left to be said about its money? ``paid_back``: the return has a refund, or was settled
    another way."""
    return paid_back or line.decision == REJECTED or (not line.received and line.reception != KEPT)
