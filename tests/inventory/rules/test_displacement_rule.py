from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.displacement import Displaced, Level, Reserved, displace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD = Reserved(UUID(int=1), 3, NOON)
NEW = Reserved(UUID(int=2), 2, NOON + timedelta(hours=1))


@pytest.mark.parametrize(
    ("level", "missing", "displaced", "uncovered"),
    [
        (Level(10), 0, [], 0),
        (Level(10), -3, [], 0),
        (Level(10), 5, [], 0),
        (Level(10), 6, [(2, 1)], 0),
        (Level(10), 8, [(2, 2), (1, 1)], 0),
        (Level(10), 12, [(2, 2), (1, 3)], 2),
        (Level(10, unavailable=5), 1, [(2, 1)], 0),
        (Level(10, unavailable=5), 7, [(2, 2), (1, 3)], 2),
        (Level(3), 1, [(2, 1)], 0),
    ],
)
def test_the_newest_promise_gives_way_first(level, missing, displaced, uncovered):
    got = displace(level, missing, [OLD, NEW])
    assert got.displaced == tuple(Displaced(UUID(int=k), q) for k, q in displaced)
    assert got.uncovered == uncovered
    assert got.taken_off == max(0, missing) - uncovered


def test_what_is_in_hand_is_not_taken_away():
    picked = Reserved(NEW.key, 2, NEW.promised_at, in_hand=2)
    got = displace(Level(5), 3, [OLD, picked])
    assert got.displaced == (Displaced(OLD.key, 3),)
    assert displace(Level(5), 4, [OLD, picked]).uncovered == 1


@st.composite
def shelf(draw):
    reservations = draw(
        st.lists(
            st.builds(
                Reserved,
                st.uuids(),
                st.integers(1, 5),
                st.integers(0, 3).map(lambda h: NOON + timedelta(hours=h)),
                st.integers(0, 5),
            ),
            max_size=5,
        )
    )
    reservations = [
        Reserved(r.key, r.quantity, r.promised_at, min(r.in_hand, r.quantity)) for r in reservations
    ]
    unavailable = draw(st.integers(0, 4))
    on_hand = sum(r.quantity for r in reservations) + unavailable + draw(st.integers(0, 5))
    return Level(on_hand, unavailable), reservations


@given(shelf(), st.integers(0, 40))
def test_the_level_stays_lawful_and_no_more_is_taken_than_needed(drawn, missing):
    level, reservations = drawn
    got = displace(level, missing, reservations)
    gone = sum(d.quantity for d in got.displaced)
    reserved = sum(r.quantity for r in reservations)
    on_hand = level.on_hand - got.taken_off
    assert 0 <= got.taken_off <= missing
    assert reserved - gone + level.unavailable <= on_hand
    assert gone == max(0, got.taken_off - (level.on_hand - level.unavailable - reserved))
    if got.uncovered:
        assert reserved - gone == sum(r.in_hand for r in reservations)
    by_key = {r.key: r for r in reservations}
    for one in got.displaced:
        assert one.quantity <= by_key[one.key].quantity - by_key[one.key].in_hand
    # Who was promised later lost everything before anyone promised earlier lost a piece.
    touched = [by_key[d.key].promised_at for d in got.displaced]
    lost = {d.key: d.quantity for d in got.displaced}
    for r in reservations:
        if touched and r.promised_at > min(touched):
            assert lost.get(r.key, 0) == r.quantity - r.in_hand
    assert displace(level, missing, list(reversed(reservations))) == got
