"""What a parcel's scans add up to. Scans come late, twice and out of order: they are folded by their own
time, and a late earlier one never moves the parcel back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from oms.core.errors import Reason


class ScanLike(Protocol):
    """As ``fulfillment.carriers.base.Scan``, or a stored row of it."""

    @property
    def status(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def place(self) -> str: ...
    @property
    def external_id(self) -> str: ...


STATE_OF: Mapping[str, str] = {
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "delivered": "delivered",
    "exception": "exception",
    "lost": "lost",
    "return_to_sender": "returned_to_sender",
}
"""Carrier's status → shipment state. Others (pre_transit, cancelled, unknown) do not tell where it is."""

TRANSITIONS: Mapping[str, str] = {
    "in_transit": "move_on",
    "out_for_delivery": "go_out",
    "delivered": "deliver",
    "exception": "stumble",
    "lost": "lose",
    "returned_to_sender": "come_back",
}
"""Shipment state → the transition of the lifecycle that leads there."""

MOVES: Mapping[str, frozenset[str]] = {
    "labelled": frozenset(STATE_OF.values()),
    "in_transit": frozenset(STATE_OF.values()) - {"in_transit"},
    "out_for_delivery": frozenset(STATE_OF.values()) - {"out_for_delivery"},
    "exception": frozenset(STATE_OF.values()) - {"exception"},
    "lost": frozenset({"delivered", "returned_to_sender"}),
    "delivered": frozenset(),
    "returned_to_sender": frozenset(),
    "voided": frozenset(),
}
"""Where a parcel may go from where it is. Delivered and returned are the end: a scan after them is told to a
person, and moves nothing. A voided label that is scanned all the same was used by somebody: told as well. A
lost parcel is found when it is delivered or comes back; single scans of it on the way are no news."""

# At the very same moment the scan that tells more wins.
_RANK = {
    "in_transit": 1,
    "exception": 2,
    "out_for_delivery": 3,
    "lost": 4,
    "return_to_sender": 5,
    "delivered": 6,
}


@dataclass(frozen=True)
class Tracking:
    """``state`` now, ``since`` when (the event's time), the ``moves`` that lead there from the state given,
    in order, and ``contradictions``: words of scans that came after the end."""

    state: str
    since: datetime | None
    moves: tuple[tuple[str, datetime], ...]
    last_scan_at: datetime | None
    first_scan_at: datetime | None
    delivered_at: datetime | None
    words: str
    place: str
    contradictions: tuple[str, ...] = ()


def fold(scans: Iterable[ScanLike], start: str = "labelled") -> Tracking:
    """All known scans of one parcel, in any order, from the state it had before the first: always the same
    answer, however they arrived. The caller moves the shipment from its stored state by ``target``."""
    ordered = sorted(_once(scans), key=lambda s: (s.at, _RANK.get(s.status, 0), s.external_id, s.words))
    state, since = start, None
    moves: list[tuple[str, datetime]] = []
    odd: list[str] = []
    delivered_at = None
    telling = [s for s in ordered if s.status in STATE_OF]
    words, place = "", ""
    for scan in telling:
        to = STATE_OF[scan.status]
        if to in MOVES.get(state, ()):
            state, since = to, scan.at
            moves.append((to, scan.at))
            if to == "delivered":
                delivered_at = scan.at
        elif to != state and not MOVES.get(state):
            odd.append(
                f"{scan.words or to} on {scan.at:%Y-%m-%d %H:%M} UTC, after it was {state.replace('_', ' ')}"
            )
            continue
        if to == state:
            words, place = scan.words, scan.place
    return Tracking(
        state=state,
        since=since,
        moves=tuple(moves),
        last_scan_at=ordered[-1].at if ordered else None,
        first_scan_at=telling[0].at if telling else None,
        delivered_at=delivered_at,
        words=words,
        place=place,
        contradictions=tuple(odd),
    )


def _once(scans: Iterable[ScanLike]) -> Iterable[ScanLike]:
    """Carriers repeat themselves: the same status at the same time is one scan, whatever its id."""
    seen: dict[tuple[datetime, str], ScanLike] = {}
    for scan in scans:
        key = (scan.at, scan.status)
        if key not in seen or (scan.external_id, scan.words) < (seen[key].external_id, seen[key].words):
            seen[key] = scan
    return seen.values()


def target(stored: str, tracking: Tracking) -> str | None:
    """The state that the shipment should move to now; ``None`` to stay."""
    return tracking.state if tracking.state in MOVES.get(stored, ()) else None


UNDER_WAY = frozenset({"labelled", "in_transit", "out_for_delivery", "exception"})


@dataclass(frozen=True)
class Patience:
    """How long without a scan is worrying: before the carrier has it at all, and on the way."""

    first_scan: timedelta = timedelta(days=2)
    next_scan: timedelta = timedelta(days=4)


PATIENCE = Patience()


def silent(
    state: str,
    handed_over_at: datetime | None,
    last_scan_at: datetime | None,
    now: datetime,
    patience: Patience = PATIENCE,
) -> Reason | None:
    """Why the parcel's silence is worrying; ``None`` while it is not. A parcel still in the house never
    is."""
    if state not in UNDER_WAY or handed_over_at is None:
        return None
    if last_scan_at is None or last_scan_at < handed_over_at:
        days = (now - handed_over_at).days
        if now - handed_over_at >= patience.first_scan:
            return Reason("never_scanned", f"Handed over {_days(days)} ago, and the carrier never scanned it")
        return None
    if now - last_scan_at >= patience.next_scan:
        return Reason("no_scan", f"No scan for {_days((now - last_scan_at).days)}")
    return None


def _days(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}"
