"""Good plans for many pieces, with a bound that says how good: all small sets of locations at once with
numpy, then local search where a larger set might be cheaper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, inf

import numpy as np

from fulfillment.rules.routing_pieces import EPS, Found, Piece, Price

SUBSET_SIZE = 4
SUBSET_BUDGET = 20_000
"""How many location sets are tried for one order: all of up to four among 20 locations are 6,195."""


@lru_cache(maxsize=64)
def _subsets(places: int, size: int) -> np.ndarray:
    return np.array(list(combinations(range(places), size)), dtype=np.intp)


def solve_large(pieces: list[Piece], places: int, limit: int | None, price: Price) -> Found | None:
    """Separable costs: a location's fixed part and what each piece adds; ``inf`` where it does not hold the
    piece."""
    fixed = np.array([price.fixed(place) for place in range(places)])
    adds = np.full((places, len(pieces)), inf)
    for i, piece in enumerate(pieces):
        for place in piece.at:
            adds[place, i] = price.piece(place, i)

    most = min(places, limit or places)
    cheapest = float(adds.min(axis=0).sum())
    opening = np.sort(fixed).cumsum()
    tried: list[tuple[np.ndarray, np.ndarray]] = []
    cost, solver = inf, "subsets"
    chosen: tuple[int, ...] = ()
    beyond, second = inf, inf
    for size in range(1, most + 1):
        # A plan with so many locations or more pays for them, and for each piece at its cheapest.
        beyond = float(opening[size - 1]) + cheapest
        sets = sum(comb(places, k) for k in range(1, size + 1))
        if second <= beyond or size > SUBSET_SIZE or sets > SUBSET_BUDGET:
            break
        subsets, totals = _try_all(fixed, adds, _subsets(places, size))
        tried.append((subsets, totals))
        second = float(np.partition(np.append(totals, [cost, second]), 1)[1])
        if len(totals) and totals.min() < cost - EPS:
            cost, chosen = float(totals.min()), tuple(int(i) for i in subsets[totals.argmin()])
    else:
        beyond = inf

    bound = cost
    if cost > beyond + EPS:
        better, improved = _local_search(fixed, adds, chosen or _greedy(fixed, adds), limit)
        if better < cost - EPS:
            cost, chosen, solver = better, improved, "local_search"
        bound = max(beyond, _dual_ascent(fixed, adds))
    if cost == inf:
        return None

    parcels = _assign(adds, chosen)
    if price.own is not None:
        cost = sum(price.parcel(place, held) for place, held in parcels)
        bound = _loose_bound(price, pieces)
    found = Found(parcels, cost - price.penalty, solver, bound=max(0.0, min(bound, cost) - price.penalty))
    _other_sets(found, tried, fixed, adds, price.penalty)
    return found


def _try_all(fixed: np.ndarray, adds: np.ndarray, subsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The subsets that hold everything and leave no location idle, with their costs."""
    nearest = adds[subsets[:, 0]]
    for column in range(1, subsets.shape[1]):
        nearest = np.minimum(nearest, adds[subsets[:, column]])
    totals = fixed[subsets].sum(axis=1) + nearest.sum(axis=1)
    whole = np.isfinite(totals)
    subsets, totals, nearest = subsets[whole], totals[whole], nearest[whole]
    busy = np.ones(len(totals), dtype=bool)
    for column in range(subsets.shape[1]):
        busy &= (adds[subsets[:, column]] <= nearest + EPS).any(axis=1)
    return subsets[busy], totals[busy]


def _evaluate(fixed: np.ndarray, adds: np.ndarray, chosen: Sequence[int]) -> float:
    if not chosen:
        return inf
    index = list(chosen)
    return float(fixed[index].sum() + adds[index].min(axis=0).sum())


def _greedy(fixed: np.ndarray, adds: np.ndarray) -> tuple[int, ...]:
    """Add the location that covers most of what is uncovered, the cheapest among equals, until all is
    covered."""
    chosen: list[int] = []
    open_ = np.ones(adds.shape[1], dtype=bool)
    while open_.any():
        holds = np.isfinite(adds[:, open_])
        count = holds.sum(axis=1)
        spend = fixed + np.where(holds, adds[:, open_], 0.0).sum(axis=1)
        place = min(range(len(fixed)), key=lambda i: (-count[i], spend[i], i))
        chosen.append(place)
        open_ &= ~np.isfinite(adds[place])
    return tuple(chosen)


def _local_search(
    fixed: np.ndarray, adds: np.ndarray, start: Sequence[int], limit: int | None
) -> tuple[float, tuple[int, ...]]:
    """Best of adding, dropping or exchanging one location, again and again, until nothing gets cheaper."""
    current = tuple(sorted(set(start)))
    cost = _evaluate(fixed, adds, current)
    if limit is not None and len(current) > limit:
        cost = inf
    while True:
        outside = [i for i in range(len(fixed)) if i not in current]
        moves = [(*current, i) for i in outside]
        for drop in current:
            kept = tuple(i for i in current if i != drop)
            moves.append(kept)
            moves += [(*kept, i) for i in outside]
        moves = [m for m in moves if m and (limit is None or len(m) <= limit)]
        best, best_cost = None, cost
        for move in moves:
            c = _evaluate(fixed, adds, move)
            if c < best_cost - EPS:
                best, best_cost = move, c
        if best is None:
            return cost, current
        current, cost = tuple(sorted(best)), best_cost


def _assign(adds: np.ndarray, chosen: Sequence[int]) -> list[tuple[int, list[int]]]:
    """Each piece from the cheapest of the chosen locations; those that end up with nothing are left out."""
    index = list(chosen)
    nearest = adds[index].argmin(axis=0)
    parcels = [(place, [int(p) for p in np.flatnonzero(nearest == at)]) for at, place in enumerate(index)]
    return [(place, held) for place, held in parcels if held]


def _dual_ascent(fixed: np.ndarray, adds: np.ndarray) -> float:
    """A cost below that of every plan (Erlenkotter 1978): raise what each piece pays, step by step through
    its costs, while no location gets more than its fixed part. The sum of the payments is the bound."""
    levels = [np.sort(column[np.isfinite(column)]) for column in adds.T]
    value = np.array([level[0] for level in levels])
    step = [1] * len(levels)
    slack = fixed.astype(float).copy()
    moving = True
    while moving:
        moving = False
        for j, level in enumerate(levels):
            # Locations that this piece already pays for lose slack when its price rises.
            paying = np.flatnonzero(adds[:, j] <= value[j] + EPS)
            room = float(slack[paying].min())
            target = level[step[j]] if step[j] < len(level) else inf
            rise = min(room, target - value[j])
            if rise > EPS:
                slack[paying] -= rise
                value[j] += rise
                moving = True
            if step[j] < len(level) and value[j] >= level[step[j]] - EPS:
                step[j] += 1
                moving = moving or room - rise > EPS
    return float(value.sum())


def _loose_bound(price: Price, pieces: Sequence[Piece]) -> float:
    """For any cost that does not fall with more load: the plan holds each piece, so it costs the dearest
    one alone."""
    return max(min(price.parcel(place, [i]) for place in piece.at) for i, piece in enumerate(pieces))


def _other_sets(
    found: Found,
    tried: Sequence[tuple[np.ndarray, np.ndarray]],
    fixed: np.ndarray,
    adds: np.ndarray,
    penalty: float,
) -> None:
    """What other location sets would cost: all that were tried, and of larger ones those one exchange
    away."""
    using = np.full(len(fixed), inf)
    other = inf
    chosen = tuple(sorted(place for place, _ in found.parcels))
    for subsets, totals in tried:
        for column in range(subsets.shape[1]):
            np.minimum.at(using, subsets[:, column], totals)
        if subsets.shape[1] == len(chosen):
            totals = totals[(subsets != chosen).any(axis=1)]
        other = min(other, float(totals.min(initial=inf)))
    if len(chosen) > len(tried):
        outside = [i for i in range(len(fixed)) if i not in chosen]
        for out in chosen:
            kept = tuple(i for i in chosen if i != out)
            for move in [kept, *((*kept, i) for i in outside)]:
                cost = _evaluate(fixed, adds, move)
                other = min(other, cost)
                for place in move:
                    using[place] = min(using[place], cost)
    found.using = {i: float(c) - penalty for i, c in enumerate(using) if c < inf}
    found.next_cost = max(found.cost, other - penalty) if other < inf else None
