from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.allocation import (
    STRATEGIES,
    Demand,
    Pick,
    Plan,
    Shortfall,
    Supply,
    Waiting,
    plan,
    promise_order,
    serve_backorders,
)

A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_two_lines_for_one_item_share_one_shelf():
    got = plan([Demand(A, 7, 2), Demand(B, 7, 2)], [Supply(7, 1, 3)])
    assert got == Plan((Pick(A, 7, 1, 2), Pick(B, 7, 1, 1)), (Shortfall(B, 7, 1),))


def test_nothing_available_is_a_shortfall():
    assert plan([Demand(A, 7, 2)], [Supply(7, 1, 0), Supply(7, 2, -4)]) == Plan((), (Shortfall(A, 7, 2),))


@pytest.mark.parametrize(
    ("strategy", "near", "picks"),
    [
        ("whole_first", (), [(3, 5)]),
        ("whole_first", (2,), [(3, 5)]),
        ("whole_first", (4, 3), [(4, 5)]),
        ("near_first", (2, 1), [(2, 3), (1, 2)]),
        ("fullest_first", (), [(3, 5)]),
        ("emptiest_first", (), [(1, 2), (2, 3)]),
    ],
)
def test_strategies(strategy, near, picks):
    supply = [Supply(7, 1, 2), Supply(7, 2, 3), Supply(7, 3, 9), Supply(7, 4, 5)]
    got = plan([Demand(A, 7, 5, near=near)], supply, strategy)
    assert [(p.location_id, p.quantity) for p in got.picks] == picks


def test_only_forbids_all_other_places():
    supply = [Supply(7, 1, 9), Supply(7, 2, 1)]
    got = plan([Demand(A, 7, 2, only=frozenset({2}))], supply)
    assert got == Plan((Pick(A, 7, 2, 1),), (Shortfall(A, 7, 1),))
    assert plan([Demand(A, 7, 1, only=frozenset({3}))], [Supply(7, 1, 9)]).picks == ()


def test_priority_goes_before_position():
    got = plan([Demand(A, 7, 2, priority=5), Demand(B, 7, 2, priority=1)], [Supply(7, 1, 2)])
    assert [p.key for p in got.picks] == [B]


def test_zero_demand_is_no_shortfall():
    assert plan([Demand(A, 7, 0)], []) == Plan((), ())


demands = st.lists(
    st.builds(
        Demand,
        st.uuids(),
        st.integers(1, 3),
        st.integers(0, 6),
        st.integers(0, 2),
        st.lists(st.integers(1, 4), max_size=2).map(tuple),
        st.none() | st.frozensets(st.integers(1, 4), max_size=3),
    ),
    max_size=8,
)
supplies = st.lists(st.builds(Supply, st.integers(1, 3), st.integers(1, 4), st.integers(-2, 7)), max_size=12)


@given(demands, supplies, st.sampled_from(sorted(STRATEGIES)))
def test_laws(demands, supply, strategy):
    got = plan(demands, supply, strategy)
    there: dict = {}
    for s in supply:
        there[s.item_id, s.location_id] = there.get((s.item_id, s.location_id), 0) + max(0, s.available)
    taken: dict = {}
    for p in got.picks:
        assert p.quantity > 0
        taken[p.item_id, p.location_id] = taken.get((p.item_id, p.location_id), 0) + p.quantity
    assert all(quantity <= there.get(shelf, 0) for shelf, quantity in taken.items())

    asked: dict = {}
    for d in demands:
        asked[d.key] = asked.get(d.key, 0) + d.quantity
    for key, quantity in asked.items():
        given_ = sum(p.quantity for p in got.picks if p.key == key)
        short = sum(s.quantity for s in got.shortfalls if s.key == key)
        assert given_ + short == quantity

    # A shortfall is only ever owed to empty shelves.
    for short in got.shortfalls:
        demand = next(d for d in demands if d.key == short.key and d.item_id == short.item_id)
        allowed = [s for s in there if s[0] == short.item_id and (not demand.only or s[1] in demand.only)]
        if demand.only is None:
            assert all(there[s] == taken.get(s, 0) for s in allowed)


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=6),
    st.lists(st.integers(0, 7), max_size=4),
    st.sampled_from(sorted(STRATEGIES)),
)
def test_all_that_is_there_is_used_when_it_is_needed(wanted, shelves, strategy):
    demands = [Demand(UUID(int=i), 7, quantity) for i, quantity in enumerate(wanted)]
    got = plan(demands, [Supply(7, i, quantity) for i, quantity in enumerate(shelves)], strategy)
    assert sum(p.quantity for p in got.picks) == min(sum(wanted), sum(shelves))


@given(st.integers(1, 6), st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_whole_first_never_splits_what_one_shelf_holds(quantity, shelves):
    got = plan([Demand(A, 7, quantity)], [Supply(7, i, q) for i, q in enumerate(shelves)])
    if max(shelves) >= quantity:
        assert [p.quantity for p in got.picks] == [quantity]


def test_backorders_are_served_oldest_promise_first():
    late = Waiting(Demand(A, 7, 2), since=NOON, promised=NOON + timedelta(days=9))
    early = Waiting(Demand(B, 7, 2), since=NOON + timedelta(hours=1), promised=NOON + timedelta(days=2))
    unpromised = Waiting(Demand(C, 7, 2), since=NOON + timedelta(days=1))
    assert [w.demand.key for w in promise_order([late, early, unpromised])] == [C, B, A]
    got = serve_backorders([late, early, unpromised], [Supply(7, 1, 3)])
    assert [(p.key, p.quantity) for p in got.picks] == [(C, 2), (B, 1)]
    assert [(s.key, s.quantity) for s in got.shortfalls] == [(B, 1), (A, 2)]
