from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.rules.routing import Line, Location, Options, route


def place(id_, fixed=5.0, per_kg=1.0, **has):
    return Location(id_, f"Place {id_}", {int(k[1:]): v for k, v in has.items()}, fixed, per_kg)


def sent(plan):
    return sorted((p.key, p.location_id, p.quantity) for p in plan.picks)


ORDER = [Line("a", 1, 2, 1000), Line("b", 2, 1, 1000)]


def test_one_parcel_from_the_cheapest_that_has_all():
    plan = route(ORDER, [place(1, 9, i1=5, i2=5), place(2, 6, i1=2, i2=1), place(3, 1, i1=5)])
    assert sent(plan) == [("a", 2, 2), ("b", 2, 1)]
    assert plan.cost == 9
    assert (plan.solver, plan.gap, plan.bound) == ("exact", 0.0, 9)
    assert plan.next_cost == 10  # a from place 3 and b from place 2
    assert [(v.location_id, v.code, v.words) for v in plan.verdicts] == [
        (1, "dearer", "Refused: has everything; would cost 3.00 more"),
        (2, "chosen", "Chosen: sends everything; the cheapest plan, 9.00"),
        (3, "dearer", "Refused: has only 2 of 3; would cost 1.00 more"),
    ]


def test_a_split_is_taken_when_it_is_cheaper_penalty_included():
    places = [place(1, 20, i1=5, i2=5), place(2, 4, i1=2), place(3, 4, i2=1)]
    assert {p.location_id for p in route(ORDER, places).picks} == {2, 3}
    plan = route(ORDER, places, Options(split_penalty=13))
    assert {p.location_id for p in plan.picks} == {1}
    assert plan.cost == 23
    assert plan.next_cost == 24
    assert {p.location_id for p in route(ORDER, places, Options(max_splits=0)).picks} == {1}


def test_a_limit_that_cannot_be_kept_leaves_all_unplaced():
    plan = route(ORDER, [place(2, i1=2), place(3, i2=1)], Options(max_splits=0))
    assert plan.picks == ()
    assert [(u.key, u.quantity, u.code) for u in plan.unplaced] == [
        ("a", 2, "too_many_splits"),
        ("b", 1, "too_many_splits"),
    ]


def test_lines_of_one_item_share_the_stock():
    lines = [Line("a", 1, 2), Line("b", 1, 2)]
    plan = route(lines, [place(1, 1, i1=3), place(2, 9, i1=4)])
    assert sent(plan) == [("a", 2, 2), ("b", 2, 2)]


def test_a_quantity_nobody_holds_whole_is_split_and_said():
    plan = route([Line("a", 1, 7)], [place(1, i1=4), place(2, 9, i1=3), place(3, 2, i1=3), place(4, i1=1)])
    assert sent(plan) == [("a", 1, 4), ("a", 3, 3)]
    assert plan.notes == ("No location has all 7 pieces of one item: sent in 2 parts",)


def test_what_is_nowhere_is_left_out():
    plan = route([Line("a", 1, 5), Line("b", 2, 1)], [place(1, i1=3, i2=1)])
    assert sent(plan) == [("a", 1, 3), ("b", 1, 1)]
    assert [(u.key, u.quantity, u.code) for u in plan.unplaced] == [("a", 2, "no_stock")]


def test_inactive_and_excluded_places_say_so():
    places = [
        Location(1, "Old", {1: 9}, active=False),
        Location(2, "Leeds", {1: 9}, excluded="could not find it last time"),
        Location(3, "York", {}),
        Location(4, "Hull", {1: 1}),
        Location(5, "Bath", {1: 9}, 5.0),
    ]
    plan = route([Line("a", 1, 2)], places)
    assert [v.words for v in plan.verdicts] == [
        "Refused: not active",
        "Refused: could not find it last time",
        "Refused: has none of it",
        "Refused: has only 1 of 2",
        "Chosen: sends everything; the cheapest plan, 5.00",
    ]


def test_nothing_to_send_and_nowhere_to_send_from():
    assert route([], [place(1)]).cost == 0
    assert [u.code for u in route(ORDER, []).unplaced] == ["no_stock", "no_stock"]


def test_the_cost_of_a_parcel_may_be_anything():
    """Two small parcels are cheaper than a heavy one here: no linear cost says so."""

    def bands(location_id, load):
        return 3.0 if sum(quantity for _, quantity in load) <= 2 else 50.0

    plan = route(ORDER, [place(1, i1=2, i2=1), place(2, i1=2, i2=1)], cost=bands)
    assert plan.cost == 6.0
    assert len(plan.shipments) == 2


# --------------------------------------------------------------------------------------- against brute force


@st.composite
def instance(draw, max_items=4, max_places=4, min_items=1, scarce=True):
    n = draw(st.integers(min_items, max_items))
    lines = [Line(f"k{i}", i, draw(st.integers(1, 3)), draw(st.integers(1, 9)) * 100) for i in range(n)]
    places = [
        Location(
            at,
            f"P{at}",
            {i: draw(st.integers(0, 4)) for i in range(n)},
            draw(st.integers(1, 30)) / 2,
            draw(st.integers(0, 40)) / 4,
        )
        for at in range(draw(st.integers(1, max_places)))
    ]
    return lines, places


def brute(lines, places, penalty=0.0, max_splits=None):
    """Every way to give each line, whole, to one place: {set of places: its cheapest cost}."""
    costs = {}
    holders = [[p for p in places if p.available.get(x.item_id, 0) >= x.quantity] for x in lines]
    for choice in product(*holders):
        used = {p.id: p for p in choice}
        if max_splits is not None and len(used) > max_splits + 1:
            continue
        total = sum(p.fixed for p in used.values()) + penalty * (len(used) - 1)
        total += sum(p.per_kg * x.weight_g * x.quantity / 1000 for x, p in zip(lines, choice, strict=True))
        key = frozenset(used)
        costs[key] = min(total, costs.get(key, float("inf")))
    return costs


@settings(max_examples=300, deadline=None)
@given(instance(), st.integers(0, 8), st.none() | st.integers(0, 2))
def test_equals_brute_force_and_names_the_next_best(problem, penalty, max_splits):
    lines, places = problem
    if any(all(p.available[x.item_id] < x.quantity for p in places) for x in lines):
        return
    costs = brute(lines, places, penalty, max_splits)
    plan = route(lines, places, Options(split_penalty=penalty, max_splits=max_splits))
    if not costs:
        assert {u.code for u in plan.unplaced} == {"too_many_splits"}
        return
    assert plan.cost == pytest.approx(min(costs.values()))
    assert not plan.unplaced
    chosen = frozenset(s.location_id for s in plan.shipments)
    rest = [c for used, c in costs.items() if used != chosen]
    assert plan.next_cost == (pytest.approx(min(rest)) if rest else None)
    for verdict in plan.verdicts:
        with_it = [c for used, c in costs.items() if verdict.location_id in used]
        if not verdict.chosen:
            assert verdict.more == (pytest.approx(min(with_it) - plan.cost) if with_it else None)


@settings(max_examples=200, deadline=None)
@given(st.one_of(instance(6, 5), instance(14, 6, min_items=9)), st.none() | st.integers(0, 3))
def test_laws_of_every_plan(problem, max_splits):
    lines, places = problem
    plan = route(lines, places, Options(split_penalty=1.0, max_splits=max_splits))
    taken, given_ = {}, {}
    for pick in plan.picks:
        assert pick.quantity > 0
        taken[pick.location_id, pick.item_id] = taken.get((pick.location_id, pick.item_id), 0) + pick.quantity
        given_[pick.key] = given_.get(pick.key, 0) + pick.quantity
    has = {(p.id, item): units for p in places for item, units in p.available.items()}
    assert all(units <= has[shelf] for shelf, units in taken.items())
    for left in plan.unplaced:
        given_[left.key] = given_.get(left.key, 0) + left.quantity
    assert given_ == {x.key: x.quantity for x in lines}
    if max_splits is not None:
        assert len(plan.shipments) <= max_splits + 1
    penalties = max(0, len(plan.shipments) - 1)
    assert plan.cost == pytest.approx(sum(s.cost for s in plan.shipments) + penalties)
    assert plan.bound <= plan.cost + 1e-6
    assert 0.0 <= plan.gap <= 1.0
    assert route(lines, places, Options(split_penalty=1.0, max_splits=max_splits)) == plan
    alone = [
        p.fixed + p.per_kg * sum(x.weight_g * x.quantity for x in lines) / 1000
        for p in places
        if all(p.available[x.item_id] >= x.quantity for x in lines)
    ]
    if alone:
        assert plan.cost <= min(alone) + 1e-6


def subset_costs(lines, places, penalty):
    """Exact for any number of lines: every set of places, each line at its cheapest of the set."""
    best = {}
    for mask in range(1, 1 << len(places)):
        used = [p for i, p in enumerate(places) if mask >> i & 1]
        total = sum(p.fixed for p in used) + penalty * (len(used) - 1)
        busy = set()
        for x in lines:
            offers = [
                (p.per_kg * x.weight_g * x.quantity / 1000, p.id)
                for p in used
                if p.available[x.item_id] >= x.quantity
            ]
            if not offers:
                break
            total += min(offers)[0]
            busy |= {at for c, at in offers if c <= min(offers)[0] + 1e-9}
        else:
            if len(busy) == len(used):
                best[frozenset(p.id for p in used)] = total
    return best


@settings(max_examples=100, deadline=None)
@given(instance(14, 7, min_items=9))
def test_large_orders_are_within_their_stated_gap(problem):
    lines, places = problem
    if any(all(p.available[x.item_id] < x.quantity for p in places) for x in lines):
        return
    costs = subset_costs(lines, places, 1.0)
    plan = route(lines, places, Options(split_penalty=1.0))
    best = min(costs.values())
    assert plan.solver in ("subsets", "local_search")
    assert plan.bound - 1e-6 <= best <= plan.cost + 1e-6
    if plan.gap == 0.0:
        assert plan.cost == pytest.approx(best)
    chosen = frozenset(s.location_id for s in plan.shipments)
    if len(places) <= 4:
        rest = [c for used, c in costs.items() if used != chosen]
        assert plan.gap == 0.0
        assert plan.next_cost == (pytest.approx(min(rest)) if rest else None)


def test_more_locations_than_are_tried_at_once():
    """Twelve items, each in one place of its own only: twelve parcels, found and proven."""
    lines = [Line(i, i, 1) for i in range(12)]
    places = [Location(i, str(i), {i: 1}, 2.0, 0.0) for i in range(12)]
    plan = route(lines, places)
    assert (plan.cost, len(plan.shipments), plan.solver) == (24.0, 12, "local_search")
    assert plan.gap == 0.0
    assert plan.next_cost is None


def test_large_orders_with_a_cost_of_their_own():
    lines = [Line(i, i, 1) for i in range(10)]
    places = [Location(1, "A", dict.fromkeys(range(10), 1)), Location(2, "B", dict.fromkeys(range(5), 1))]

    def cost(location_id, load):
        return 5.0 * location_id + sum(quantity for _, quantity in load)

    plan = route(lines, places, cost=cost)
    assert (plan.cost, {s.location_id for s in plan.shipments}) == (15.0, {1})
    assert plan.bound <= plan.cost
