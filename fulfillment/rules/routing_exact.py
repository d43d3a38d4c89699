"""The best plan for up to eight pieces, whatever a parcel costs: dynamic programming over sets of pieces,
written as bit masks. Three to the number of pieces steps, halved; the locations count only in the parcels
they can send."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from fulfillment.rules.routing_pieces import EPS, Found, Piece, Price


def solve_exact(pieces: list[Piece], places: int, limit: int | None, price: Price) -> Found | None:
    n = len(pieces)
    full = (1 << n) - 1
    if limit is not None and limit >= n:
        limit = None
    options_of = [_parcels(place, pieces, price) for place in range(places)]
    best, sender = _cheapest(options_of, n)
    table = _partition(best, n, limit)
    total = table[-1][full][0]
    if total == inf:
        return None
    parcels = []
    left, level = full, len(table) - 1
    while left:
        part = table[level][left][1]
        parcels.append((sender[part], [i for i in range(n) if part >> i & 1]))
        left ^= part
        level = max(0, level - 1) if limit is not None else level
    found = Found(parcels, total - price.penalty, "exact", bound=total - price.penalty)
    chosen = {place for place, _ in parcels}

    # The cheapest plan that uses a given location: one of its parcels, and the best plan for the rest.
    rest = table[-1] if limit is None else table[-2] if len(table) > 1 else [(0.0, 0)] + [(inf, 0)] * full
    for place, parcel_costs in enumerate(options_of):
        using = min((c + rest[full ^ mask][0] for mask, c in parcel_costs), default=inf)
        if using < inf:
            found.using[place] = using - price.penalty
    # Another set of locations either uses one that was not chosen, or does without one that was.
    others = [c for place, c in found.using.items() if place not in chosen]
    if len(chosen) > 1:
        for place in chosen:
            kept = [o if i in chosen and i != place else [] for i, o in enumerate(options_of)]
            fewer = _partition(_cheapest(kept, n)[0], n, limit)[-1][full][0]
            others.append(fewer - price.penalty)
    least = min(others, default=inf)
    found.next_cost = least if least < inf else None
    return found


def _parcels(place: int, pieces: Sequence[Piece], price: Price) -> list[tuple[int, float]]:
    """Every parcel this location could send: (mask of pieces, cost)."""
    mine = [i for i, piece in enumerate(pieces) if place in piece.at]
    if not mine:
        return []
    if price.own is None:
        location = price.usable[place]
        found = [(0, location.fixed + price.penalty)]
        for i in mine:
            bit, more = 1 << i, location.per_kg * pieces[i].kg
            found += [(mask | bit, c + more) for mask, c in found]
        return found[1:]
    masks = [0]
    for i in mine:
        masks += [mask | 1 << i for mask in masks]
    return [(m, price.parcel(place, [i for i in mine if m >> i & 1])) for m in masks[1:]]


def _cheapest(options_of: Sequence[Sequence[tuple[int, float]]], n: int) -> tuple[list[float], list[int]]:
    """g: the cheapest single parcel for each set of pieces, and who sends it."""
    best, sender = [inf] * (1 << n), [-1] * (1 << n)
    for place, parcel_costs in enumerate(options_of):
        for mask, cost in parcel_costs:
            if cost < best[mask] - EPS:
                best[mask], sender[mask] = cost, place
    return best, sender


def _partition(best: Sequence[float], n: int, limit: int | None) -> list[list[tuple[float, int]]]:
    """f: for each set the cheapest cost and the part that holds its first piece. One table without a limit;
    with one, table k allows up to k + 1 parcels."""
    size = 1 << n
    tables: list[list[tuple[float, int]]] = []
    for level in range(limit or 1):
        table: list[tuple[float, int]] = [(0.0, 0)] * size
        fewer = table if limit is None else tables[level - 1] if level else None
        for mask in range(1, size):
            # The whole set as one parcel is tried first, so that a tie goes to fewer parcels.
            cheapest, part = best[mask], mask
            if fewer is not None:
                low = mask & -mask
                free = sub = mask ^ low
                while sub:
                    sub = (sub - 1) & free
                    c = best[sub | low] + fewer[free ^ sub][0]
                    if c < cheapest - EPS:
                        cheapest, part = c, sub | low
            table[mask] = (cheapest, part)
        tables.append(table)
    return tables
