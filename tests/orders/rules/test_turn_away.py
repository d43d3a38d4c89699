"""Orders that may not wait are taken whole or not at all, in turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.turn_away import Wish, turned_away


def test_the_last_piece_goes_to_the_first_and_what_one_leaves_serves_the_next() -> None:
    wishes = [Wish({1: 2, 2: 1}, True), Wish({1: 2, 2: 2}, True), Wish({1: 1}, True), Wish({1: 1}, True)]
    assert turned_away(wishes, {1: 3, 2: 2}) == {1: {1: 1, 2: 1}, 3: {1: 0}}


def test_who_may_wait_takes_what_there_is_and_is_never_turned_away() -> None:
    assert turned_away([Wish({1: 5}, False), Wish({1: 1}, True)], {1: 3}) == {1: {1: 0}}


WISH = st.builds(Wish, st.dictionaries(st.integers(1, 3), st.integers(1, 4), min_size=1), st.booleans())


@given(st.lists(WISH, max_size=8), st.dictionaries(st.integers(1, 3), st.integers(0, 6)))
def test_who_is_taken_finds_all_of_it(wishes: list[Wish], free: dict[int, int]) -> None:
    away = turned_away(wishes, free)
    left = dict(free)
    for at, wish in enumerate(wishes):
        enough = all(left.get(item, 0) >= units for item, units in wish.units.items())
        assert (at in away) == (wish.whole and not enough)
        if at not in away:
            for item, units in wish.units.items():
                left[item] = max(0, left.get(item, 0) - units)
        else:
            assert all(left.get(item, 0) == there < wish.units[item] for item, there in away[at].items())
