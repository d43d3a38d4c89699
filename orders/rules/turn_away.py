"""Orders that may not wait: taken only where all of it is free. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Wish:
    """Units of each item (by id) that an order wants; ``whole`` ones want all of it now or nothing."""

    units: Mapping[int, int]
    whole: bool


def turned_away(wishes: Iterable[Wish], free: Mapping[int, int]) -> dict[int, dict[int, int]]:
    """Which of these, served in this order from what is ``free`` of each item, find too little and may not wait: by
    position, what is left for them of each item that they want more of. They leave it to those behind them; others
    take what they find."""
    left = dict(free)
    away: dict[int, dict[int, int]] = {}
    for at, wish in enumerate(wishes):
        short = {item: left.get(item, 0) for item, units in wish.units.items() if units > left.get(item, 0)}
        if wish.whole and short:
            away[at] = short
            continue
        for item, units in wish.units.items():
            left[item] = max(0, left.get(item, 0) - units)
    return away
