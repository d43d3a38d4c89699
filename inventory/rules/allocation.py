"""Where the stock for a demand is taken from. The checker and the allocator are this one function.

All demands of a call draw on the same shelves, so two lines for one item are never both promised the same
piece. Nothing is ever picked beyond ``available``; what cannot be picked is a shortfall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Key = Any
"""Tells the demands of one call apart; hashable, and in an order among themselves."""


@dataclass(frozen=True)
class Demand:
    """``quantity`` units of an item for ``key``. Lower ``priority`` is served first,
    equal ones in the order given. ``near`` are locations to try before others (where the order's other
    goods are, say); ``only`` forbids all others, where it is given."""

    key: Key
    item_id: int
    quantity: int
    priority: int = 0
    near: tuple[int, ...] = ()
    only: frozenset[int] | None = None


@dataclass(frozen=True)
class Supply:
    """``available`` units of an item at a location; below zero counts as nothing. Rows of one shelf add
    up."""

    item_id: int
    location_id: int
    available: int


@dataclass(frozen=True)
class Pick:
    key: Key
    item_id: int
    location_id: int
    quantity: int


@dataclass(frozen=True)
class Shortfall:
    key: Key
    item_id: int
    quantity: int


@dataclass(frozen=True)
class Plan:
    picks: tuple[Pick, ...]
    shortfalls: tuple[Shortfall, ...]


Shelves = Mapping[int, int]
"""What is left of one item, by location; empty shelves are not in it."""

Preference = Callable[[Demand, Shelves], Iterable[int]]
"""The locations to try for a demand, best first."""


def whole_first(demand: Demand, shelves: Shelves) -> list[int]:
    """A shelf that holds all of it before one that does not, then the demand's own wishes, then the
    fullest."""
    wish = {location: rank for rank, location in enumerate(demand.near)}
    far = len(wish)
    return sorted(
        shelves,
        key=lambda at: (shelves[at] < demand.quantity, wish.get(at, far), -shelves[at], at),
    )


def near_first(demand: Demand, shelves: Shelves) -> list[int]:
    """The demand's own wishes in their order, even for a part; then the fullest."""
    wish = {location: rank for rank, location in enumerate(demand.near)}
    far = len(wish)
    return sorted(shelves, key=lambda at: (wish.get(at, far), -shelves[at], at))


def fullest_first(demand: Demand, shelves: Shelves) -> list[int]:
    """The fullest shelf first: keeps stock level over the locations."""
    return sorted(shelves, key=lambda at: (-shelves[at], at))


def emptiest_first(demand: Demand, shelves: Shelves) -> list[int]:
    """The smallest rests first: clears shelves, at the price of more parcels."""
    return sorted(shelves, key=lambda at: (shelves[at], at))


STRATEGIES: Mapping[str, Preference] = {
    "whole_first": whole_first,
    "near_first": near_first,
    "fullest_first": fullest_first,
    "emptiest_first": emptiest_first,
}


def plan(demands: Sequence[Demand], supply: Iterable[Supply], prefer: Preference | str = whole_first) -> Plan:
    """Pick stock for each demand; ``prefer`` is a strategy or its name in :data:`STRATEGIES`."""
    if isinstance(prefer, str):
        prefer = STRATEGIES[prefer]
    left: dict[int, dict[int, int]] = {}
    for shelf in supply:
        if shelf.available > 0:
            at = left.setdefault(shelf.item_id, {})
            at[shelf.location_id] = at.get(shelf.location_id, 0) + shelf.available
    picks: list[Pick] = []
    shortfalls: list[Shortfall] = []
    for demand in sorted(demands, key=lambda d: d.priority):
        missing = demand.quantity
        shelves = left.get(demand.item_id)
        if missing <= 0:
            continue
        if shelves:
            for location in _order(demand, shelves, prefer):
                if demand.only is not None and location not in demand.only:
                    continue
                take = min(missing, shelves[location])
                picks.append(Pick(demand.key, demand.item_id, location, take))
                missing -= take
                if take == shelves[location]:
                    del shelves[location]
                else:
                    shelves[location] -= take
                if not missing:
                    break
        if missing:
            shortfalls.append(Shortfall(demand.key, demand.item_id, missing))
    return Plan(tuple(picks), tuple(shortfalls))


def _order(demand: Demand, shelves: dict[int, int], prefer: Preference) -> Sequence[int]:
    """The strategy's order as a list: shelves are emptied while it is walked. One shelf needs no choosing."""
    return tuple(shelves) if len(shelves) == 1 else tuple(prefer(demand, shelves))


# ------------------------------------------------------------------------------------------- backorders


@dataclass(frozen=True)
class Waiting:
    """A backordered demand. ``promised`` is the date the customer was told, if any; ``since`` when it was
    taken."""

    demand: Demand
    since: datetime
    promised: datetime | None = None


def promise_order(waiting: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """Who is served first when stock arrives: the demand's own priority, then the oldest promise (a demand
    without a promised date counts from when it was taken), then who has waited longest."""
    return tuple(
        sorted(waiting, key=lambda w: (w.demand.priority, w.promised or w.since, w.since, w.demand.key))
    )


def serve_backorders(
    waiting: Iterable[Waiting], supply: Iterable[Supply], prefer: Preference | str = whole_first
) -> Plan:
    """``plan`` in promise order. Who comes later gets only what those before could not use."""
    return plan([w.demand for w in promise_order(waiting)], supply, prefer)
