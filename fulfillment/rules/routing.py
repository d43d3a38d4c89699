"""Which locations send an order: the cheapest plan over all of them, and in words why.

Exact up to eight different items. For a set T of items, g[T] is the cheapest single parcel that holds all
of it; the best plan for a set is the best parcel for a part that contains its first item, plus the best
plan for the rest: f[S] = min over T of g[T] + f[S minus T]. The cost of a parcel may be anything (weight
bands, lateness, carbon): nothing is linearised. Above eight items, all sets of up to four locations are
tried at once with numpy, then improved by adding, dropping and exchanging locations; a lower bound (dual
ascent) says how far from the best possible the plan can be at most.

What a plan may use: ``available`` must contain the units which this very order already has reserved at a
location, since routing may re-seat them; and units of others must not be in it. Backordered units are left
out by the caller. Lines for one item are added up before anything is decided, and shared out again after.

A quantity is sent from one location wherever some location holds it whole. Where none does, the fullest
locations give all they have (the fewest parts this item can be sent in), and only the last part is free to
be chosen; with those parts fixed, the plan is exact again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations
from math import comb, inf

import numpy as np

EXACT_ITEMS = 8
SUBSET_SIZE = 4
SUBSET_BUDGET = 20_000
"""How many location sets are tried for a large order: all of up to four among 20 locations are 6,195."""
EPS = 1e-9

Load = tuple[tuple[int, int], ...]
"""What a parcel holds: (item id, quantity), by item id."""
Cost = Callable[[int, Load], float]
"""What a parcel of this load costs from this location. Must not fall when something is added to the load.
Above eight items it is also asked for an empty load, and taken as that plus what each item adds alone."""


@dataclass(frozen=True)
class Line:
    """``quantity`` units to be sent; ``weight_g`` is of one unit."""

    key: Hashable
    item_id: int
    quantity: int
    weight_g: int = 500


@dataclass(frozen=True)
class Location:
    """A place that may send: what a parcel from it costs (``fixed`` and ``per_kg``, from ``rates.tariff``)
    and the units it has of each item. ``excluded`` says in words why it may not be chosen for this
    order."""

    id: int
    name: str
    available: Mapping[int, int]
    fixed: float = 0.0
    per_kg: float = 0.0
    active: bool = True
    excluded: str = ""


@dataclass(frozen=True)
class Options:
    """``max_splits``: parcels beyond the first that are allowed, ``None`` for any number. ``split_penalty``
    is added to the cost for each of them."""

    split_penalty: float = 0.0
    max_splits: int | None = None
    currency: str = ""


ANY_PLAN = Options()


@dataclass(frozen=True)
class Pick:
    key: Hashable
    item_id: int
    location_id: int
    quantity: int


@dataclass(frozen=True)
class Shipment:
    location_id: int
    picks: tuple[Pick, ...]
    cost: float


@dataclass(frozen=True)
class Unplaced:
    """Units that no location may send: ``code`` is no_stock, or too_many_splits."""

    key: Hashable
    item_id: int
    quantity: int
    code: str


@dataclass(frozen=True)
class Verdict:
    """Why a location was chosen or refused. ``holds`` of ``wanted`` pieces are there; ``more`` is what the
    cheapest plan that uses it would cost beyond the chosen one (``None``: no such plan was looked at).
    ``code``: chosen, dearer, holds_nothing, not_needed, inactive, excluded."""

    location_id: int
    name: str
    chosen: bool
    code: str
    holds: int
    wanted: int
    more: float | None
    words: str


@dataclass(frozen=True)
class Plan:
    """``cost`` includes split penalties. ``next_cost`` is that of the best plan which uses another set of
    locations. ``bound`` is below every plan's cost; ``gap`` = (cost - bound) / cost, 0 where the plan is
    proven best. ``solver``: none, exact, subsets or local_search. ``notes`` tell of quantities that had to
    be split."""

    shipments: tuple[Shipment, ...]
    unplaced: tuple[Unplaced, ...]
    cost: float
    next_cost: float | None
    verdicts: tuple[Verdict, ...]
    solver: str
    bound: float
    gap: float
    notes: tuple[str, ...] = ()

    @property
    def picks(self) -> tuple[Pick, ...]:
        return tuple(pick for shipment in self.shipments for pick in shipment.picks)


@dataclass
class _Piece:
    """A quantity of one item that travels together; ``at`` are the positions of the locations that may send
    it."""

    item_id: int
    quantity: int
    kg: float
    at: frozenset[int]


@dataclass
class _Found:
    """A solver's answer: (position of location, pieces) a parcel, without and with what else it found out."""

    parcels: list[tuple[int, list[int]]]
    cost: float
    solver: str
    next_cost: float | None = None
    bound: float = 0.0
    using: dict[int, float] = field(default_factory=dict)


def route(
    lines: Sequence[Line],
    locations: Sequence[Location],
    options: Options = ANY_PLAN,
    cost: Cost | None = None,
) -> Plan:
    """The cheapest plan. ``cost`` replaces ``fixed + per_kg * weight`` of the locations. The same input
    always gives the same plan: sending all at once wins a tie, then the location that was given first."""
    usable = [place for place in locations if place.active and not place.excluded]
    pieces, unplaced, notes = _pieces(lines, usable, options)
    price = _Price(usable, pieces, options, cost)
    found = _solve(pieces, usable, options, price) if pieces else _Found([], 0.0, "none", None, 0.0)
    if found is None:
        unplaced = [(p.item_id, p.quantity, "too_many_splits") for p in pieces] + unplaced
        pieces, found = [], _Found([], 0.0, "none", None, 0.0)
    shipments, left_out = _share_out(lines, usable, pieces, found, unplaced, price)
    gap = 0.0 if found.cost - found.bound <= EPS * max(1.0, found.cost) else 1 - found.bound / found.cost
    return Plan(
        shipments=shipments,
        unplaced=left_out,
        cost=found.cost,
        next_cost=found.next_cost,
        verdicts=_verdicts(lines, locations, usable, found, options),
        solver=found.solver,
        bound=found.cost if gap == 0.0 else found.bound,
        gap=gap,
        notes=tuple(notes),
    )


# ------------------------------------------------------------------------------------- what is to be placed


def _pieces(
    lines: Sequence[Line], usable: Sequence[Location], options: Options
) -> tuple[list[_Piece], list[tuple[int, int, str]], list[str]]:
    """One piece an item where some location holds all of it; else as many as the fullest locations make of
    it."""
    wanted: dict[int, int] = {}
    grams: dict[int, int] = {}
    for line in lines:
        if line.quantity > 0:
            wanted[line.item_id] = wanted.get(line.item_id, 0) + line.quantity
            grams[line.item_id] = line.weight_g
    pieces: list[_Piece] = []
    unplaced: list[tuple[int, int, str]] = []
    notes: list[str] = []
    for item, quantity in wanted.items():
        kg = grams[item] / 1000
        has = [place.available.get(item, 0) for place in usable]
        whole = frozenset(i for i, units in enumerate(has) if units >= quantity)
        if whole:
            pieces.append(_Piece(item, quantity, kg * quantity, whole))
            continue
        emptied: list[int] = []
        left = quantity
        order = sorted(
            range(len(usable)),
            key=lambda i: (-has[i], usable[i].fixed + usable[i].per_kg * kg * has[i], i),
        )
        for i in order:
            enough = frozenset(j for j in range(len(usable)) if j not in emptied and has[j] >= left)
            if enough or has[i] <= 0:
                break
            pieces.append(_Piece(item, has[i], kg * has[i], frozenset({i})))
            emptied.append(i)
            left -= has[i]
        if left:
            enough = frozenset(j for j in range(len(usable)) if j not in emptied and has[j] >= left)
            if enough:
                pieces.append(_Piece(item, left, kg * left, enough))
                parts = len(emptied) + 1
                notes.append(f"No location has all {quantity} of item {item}: sent in {parts} parts")
            else:
                unplaced.append((item, left, "no_stock"))
    return pieces, unplaced, notes


class _Price:
    """Cost of parcels, split penalty included (it is taken off once in the end, for the first parcel)."""

    def __init__(
        self, usable: Sequence[Location], pieces: Sequence[_Piece], options: Options, cost: Cost | None
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


def _solve(
    pieces: list[_Piece], usable: Sequence[Location], options: Options, price: _Price
) -> _Found | None:
    """``None`` where no plan has so few parcels."""
    limit = None if options.max_splits is None else max(1, options.max_splits + 1)
    if len(pieces) <= EXACT_ITEMS:
        return _exact(pieces, len(usable), limit, price)
    return _large(pieces, len(usable), limit, price)


# ------------------------------------------------------------------------------------------------- exact


def _exact(pieces: list[_Piece], places: int, limit: int | None, price: _Price) -> _Found | None:
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
    found = _Found(parcels, total - price.penalty, "exact", bound=total - price.penalty)
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


def _parcels(place: int, pieces: Sequence[_Piece], price: _Price) -> list[tuple[int, float]]:
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


# ------------------------------------------------------------------------------------------------- large


@lru_cache(maxsize=64)
def _subsets(places: int, size: int) -> np.ndarray:
    return np.array(list(combinations(range(places), size)), dtype=np.intp)


def _large(pieces: list[_Piece], places: int, limit: int | None, price: _Price) -> _Found | None:
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
    found = _Found(parcels, cost - price.penalty, solver, bound=max(0.0, min(bound, cost) - price.penalty))
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


def _loose_bound(price: _Price, pieces: Sequence[_Piece]) -> float:
    """For any cost that does not fall with more load: the plan holds each piece, so it costs the dearest
    one alone."""
    return max(min(price.parcel(place, [i]) for place in piece.at) for i, piece in enumerate(pieces))


def _other_sets(
    found: _Found,
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


# ------------------------------------------------------------------------------------------- the answer


def _share_out(
    lines: Sequence[Line],
    usable: Sequence[Location],
    pieces: Sequence[_Piece],
    found: _Found,
    unplaced: Sequence[tuple[int, int, str]],
    price: _Price,
) -> tuple[tuple[Shipment, ...], tuple[Unplaced, ...]]:
    """Pieces back to lines: lines of one item are served in the order given."""
    waiting: dict[int, list[list]] = {}
    for line in lines:
        if line.quantity > 0:
            waiting.setdefault(line.item_id, []).append([line.key, line.quantity])

    def serve(item: int, quantity: int) -> list[tuple[Hashable, int]]:
        served = []
        for entry in waiting[item]:
            take = min(entry[1], quantity)
            if take:
                served.append((entry[0], take))
                entry[1] -= take
                quantity -= take
        return served

    shipments = []
    for place, held in sorted(found.parcels, key=lambda parcel: (min(parcel[1]), parcel[0])):
        at = usable[place].id
        picks = tuple(
            Pick(key, pieces[p].item_id, at, quantity)
            for p in held
            for key, quantity in serve(pieces[p].item_id, pieces[p].quantity)
        )
        shipments.append(Shipment(at, picks, price.parcel(place, held) - price.penalty))
    left = tuple(
        Unplaced(key, item, quantity, code)
        for item, units, code in unplaced
        for key, quantity in serve(item, units)
    )
    return tuple(shipments), left


def _verdicts(
    lines: Sequence[Line],
    locations: Sequence[Location],
    usable: Sequence[Location],
    found: _Found,
    options: Options,
) -> tuple[Verdict, ...]:
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.item_id] = wanted.get(line.item_id, 0) + max(0, line.quantity)
    pieces = sum(wanted.values())
    position = {place.id: at for at, place in enumerate(usable)}
    chosen = {usable[place].id for place, _ in found.parcels}
    unit = f" {options.currency}" if options.currency else ""
    verdicts = []
    for place in locations:
        holds = sum(min(max(0, place.available.get(item, 0)), units) for item, units in wanted.items())
        using = found.using.get(position.get(place.id, -1))
        more = None if using is None or place.id in chosen else max(0.0, using - found.cost)
        has = "has everything" if holds >= pieces else f"has only {holds} of {pieces}"
        if place.id in chosen:
            alone = "sends everything" if len(chosen) == 1 else f"sends a part of it, {has}"
            told = f"Chosen: {alone}; the cheapest plan, {found.cost:.2f}{unit}"
            code = "chosen"
        elif not place.active:
            code, told = "inactive", "Refused: not active"
        elif place.excluded:
            code, told = "excluded", f"Refused: {place.excluded}"
        elif not holds:
            code, told = "holds_nothing", "Refused: has none of it"
        elif more is None:
            code, told = "not_needed", f"Refused: {has}"
        elif more < 0.005:
            code, told = "dearer", f"Refused: {has}; would cost the same"
        else:
            code, told = "dearer", f"Refused: {has}; would cost {more:.2f}{unit} more"
        verdicts.append(Verdict(place.id, place.name, place.id in chosen, code, holds, pieces, more, told))
    return tuple(verdicts)
