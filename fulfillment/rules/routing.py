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

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fulfillment.rules.routing_exact import solve_exact
from fulfillment.rules.routing_pieces import EPS, Cost, Found, Piece, Price
from oms.core import money

EXACT_ITEMS = 8


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
    price = Price(usable, pieces, options, cost)
    found = _solve(pieces, usable, options, price) if pieces else Found([], 0.0, "none", None, 0.0)
    if found is None:
        unplaced = [(p.item_id, p.quantity, "too_many_splits") for p in pieces] + unplaced
        pieces, found = [], Found([], 0.0, "none", None, 0.0)
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


def _solve(pieces: list[Piece], usable: Sequence[Location], options: Options, price: Price) -> Found | None:
    """``None`` where no plan has so few parcels."""
    limit = None if options.max_splits is None else max(1, options.max_splits + 1)
    if len(pieces) <= EXACT_ITEMS:
        return solve_exact(pieces, len(usable), limit, price)
    # Not above: it brings numpy along, and a web server hardly ever routes. A worker loads it at its start.
    from fulfillment.rules.routing_large import solve_large

    return solve_large(pieces, len(usable), limit, price)


def _pieces(
    lines: Sequence[Line], usable: Sequence[Location], options: Options
) -> tuple[list[Piece], list[tuple[int, int, str]], list[str]]:
    """One piece an item where some location holds all of it; else as many as the fullest locations make of
    it."""
    wanted: dict[int, int] = {}
    grams: dict[int, int] = {}
    for line in lines:
        if line.quantity > 0:
            wanted[line.item_id] = wanted.get(line.item_id, 0) + line.quantity
            grams[line.item_id] = line.weight_g
    pieces: list[Piece] = []
    unplaced: list[tuple[int, int, str]] = []
    notes: list[str] = []
    for item, quantity in wanted.items():
        kg = grams[item] / 1000
        has = [place.available.get(item, 0) for place in usable]
        whole = frozenset(i for i, units in enumerate(has) if units >= quantity)
        if whole:
            pieces.append(Piece(item, quantity, kg * quantity, whole))
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
            pieces.append(Piece(item, has[i], kg * has[i], frozenset({i})))
            emptied.append(i)
            left -= has[i]
        if left:
            enough = frozenset(j for j in range(len(usable)) if j not in emptied and has[j] >= left)
            if enough:
                pieces.append(Piece(item, left, kg * left, enough))
                parts = len(emptied) + 1
                notes.append(f"No location has all {quantity} pieces of one item: sent in {parts} parts")
            else:
                unplaced.append((item, left, "no_stock"))
    return pieces, unplaced, notes


# ------------------------------------------------------------------------------------------- the answer


def _share_out(
    lines: Sequence[Line],
    usable: Sequence[Location],
    pieces: Sequence[Piece],
    found: Found,
    unplaced: Sequence[tuple[int, int, str]],
    price: Price,
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


def _told(cost: float, options: Options) -> str:
    rounded = Decimal(f"{cost:.2f}")
    return money.words(rounded, options.currency) if options.currency else str(rounded)


def _verdicts(
    lines: Sequence[Line],
    locations: Sequence[Location],
    usable: Sequence[Location],
    found: Found,
    options: Options,
) -> tuple[Verdict, ...]:
    wanted: dict[int, int] = {}
    for line in lines:
        wanted[line.item_id] = wanted.get(line.item_id, 0) + max(0, line.quantity)
    pieces = sum(wanted.values())
    position = {place.id: at for at, place in enumerate(usable)}
    chosen = {usable[place].id for place, _ in found.parcels}
    verdicts = []
    for place in locations:
        holds = sum(min(max(0, place.available.get(item, 0)), units) for item, units in wanted.items())
        using = found.using.get(position.get(place.id, -1))
        more = None if using is None or place.id in chosen else max(0.0, using - found.cost)
        has = "has everything" if holds >= pieces else f"has only {holds} of {pieces}"
        if place.id in chosen:
            alone = "sends everything" if len(chosen) == 1 else f"sends a part of it, {has}"
            told = f"Chosen: {alone}; the cheapest plan, {_told(found.cost, options)}"
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
            code, told = "dearer", f"Refused: {has}; would cost {_told(more, options)} more"
        verdicts.append(Verdict(place.id, place.name, place.id in chosen, code, holds, pieces, more, told))
    return tuple(verdicts)
