"""Pieces that should be on a shelf are not. Whose promise is taken back?

Free pieces go first; then reservations, the newest promise first, since who was promised first is served
first. Pieces that somebody has in hand (picked, packed) cannot be missing from the shelf and are never
displaced. What the books cannot give even so is uncovered: a difference for a person, never a level
below zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Level:
    """What the books say of an item at a location: ``unavailable`` units are part of ``on_hand``."""

    on_hand: int
    unavailable: int = 0


@dataclass(frozen=True)
class Reserved:
    """A reservation there. ``promised_at`` is the time of the promise; ``in_hand`` units were already taken
    from the shelf (picked or packed)."""

    key: UUID
    quantity: int
    promised_at: datetime
    in_hand: int = 0


@dataclass(frozen=True)
class Displaced:
    """``quantity`` units of the reservation lose their stock and wait again."""

    key: UUID
    quantity: int


@dataclass(frozen=True)
class Displacement:
    """``taken_off`` = what ``on_hand`` may fall by (missing less uncovered), once ``displaced`` is done."""

    displaced: tuple[Displaced, ...]
    taken_off: int
    uncovered: int


def displace(level: Level, missing: int, reservations: Iterable[Reserved]) -> Displacement:
    """``missing`` units of the shelf are not there; 0 or less changes nothing."""
    reservations = tuple(reservations)
    reserved = sum(r.quantity for r in reservations)
    left = max(0, missing)
    left -= min(left, max(0, level.on_hand - level.unavailable - reserved))
    displaced = []
    # Newest first; the key settles a tie so that the same facts always displace the same promise.
    for one in sorted(reservations, key=lambda r: (r.promised_at, r.key), reverse=True):
        take = min(left, max(0, one.quantity - one.in_hand))
        if take:
            displaced.append(Displaced(one.key, take))
            left -= take
    # Books already wrong (more reserved than there is) give no more than they have.
    return Displacement(tuple(displaced), max(0, missing) - left, left)
