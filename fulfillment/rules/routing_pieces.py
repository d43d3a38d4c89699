"""What the solvers of ``routing`` work on: pieces that travel together, prices of parcels, and what was
found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fulfillment.rules.routing import Location, Options

EPS = 1e-9
"""Costs closer than this are equal."""

Load = tuple[tuple[int, int], ...]
"""What a parcel holds: (item id, quantity), by item id."""
Cost = Callable[[int, Load], float]
"""What a parcel of this load costs from this location. Must not fall when something is added to the load.
Above eight items it is also asked for an empty load, and taken as that plus what each item adds alone."""


@dataclass
class Piece:
    """A quantity of one item that travels together; ``at`` are the positions of the locations that may send
    it."""

    item_id: int
    quantity: int
    kg: float
    at: frozenset[int]


@dataclass
class Found:
    """A solver's answer: (position of location, pieces) a parcel, without and with what else it found out."""

    parcels: list[tuple[int, list[int]]]
    cost: float
    solver: str
    next_cost: float | None = None
    bound: float = 0.0
    using: dict[int, float] = field(default_factory=dict)


class Price:
    """Cost of parcels, split penalty included (it is taken off once in the end, for the first parcel)."""

    def __init__(
        self, usable: Sequence[Location], pieces: Sequence[Piece], options: Options, cost: Cost | None
    ):
        self.usable, self.pieces, self.penalty, self.own = usable, pieces, options.split_penalty, cost

    def fixed(self, place: int) -> float:
        location = self.usable[place]
        base = self.own(location.id, ()) if self.own else location.fixed
        return base + self.penalty

    def piece(self, place: int, piece: int) -> float:
        """What this piece adds to an empty parcel."""
        location, one = self.usable[place], self.pieces[piece]
        if self.own is None:
            return location.per_kg * one.kg
        return self.own(location.id, ((one.item_id, one.quantity),)) - self.own(location.id, ())

    def parcel(self, place: int, pieces: Iterable[int]) -> float:
        location = self.usable[place]
        if self.own is None:
            kg = sum(self.pieces[p].kg for p in pieces)
            return location.fixed + location.per_kg * kg + self.penalty
        return self.own(location.id, self.load(pieces)) + self.penalty

    def load(self, pieces: Iterable[int]) -> Load:
        units: dict[int, int] = {}
        for p in pieces:
            units[self.pieces[p].item_id] = units.get(self.pieces[p].item_id, 0) + self.pieces[p].quantity
        return tuple(sorted(units.items()))
