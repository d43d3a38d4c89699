from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.boxes import Box, By, Goods, holds, suggest

SMALL = Box("s", (200, 150, 100), weight_g=80, max_weight_g=2_000)
LONG = Box("tube", (900, 100, 100), weight_g=150, max_weight_g=3_000)
LARGE = Box("l", (600, 400, 400), weight_g=400, max_weight_g=20_000)
BOXES = [LARGE, LONG, SMALL]


@pytest.mark.parametrize(
    ("goods", "box", "by"),
    [
        ([Goods(1, 300, (150, 200, 90))], "s", By.SIZE),  # turned over it fits
        ([Goods(1, 300, (210, 20, 20))], "tube", By.SIZE),  # too long, though of little volume
        ([Goods(20, 50, (100, 100, 50))], "l", By.SIZE),  # each fits, all of them do not
        ([Goods(2, 1_000, (50, 50, 50))], "tube", By.SIZE),  # too heavy with the box itself
        ([Goods(1, 300)], "s", By.WEIGHT),
        ([Goods(1, 2_500)], "tube", By.WEIGHT),
        ([Goods(1, 100), Goods(1, 300, (500, 300, 300))], "l", By.PART),
        ([Goods(1, 300, (1_000, 10, 10))], "", By.SIZE),
        ([Goods(1, 30_000)], "", By.WEIGHT),
        (
            [Goods(0, 300, (1_000, 10, 10)), Goods(1, 10)],
            "s",
            By.WEIGHT,
        ),  # of what is not in it, nothing counts
    ],
)
def test_the_smallest_that_holds_it(goods, box, by):
    told = suggest(goods, BOXES)
    assert (told.box, told.by) == (box, by)
    assert ("measured" in told.says) is (by != By.SIZE)


def test_of_equal_ones_the_lightest_and_without_a_limit_anything_goes():
    heavy, light = Box("a", (10, 10, 10), weight_g=9), Box("b", (10, 10, 10), weight_g=1)
    assert suggest([Goods(1, 10_000_000)], [heavy, light]).box == "b"
    assert suggest([Goods(1, 1)], []).box == ""


sides = st.tuples(*[st.integers(1, 500)] * 3)
goods = st.lists(
    st.builds(Goods, st.integers(1, 5), st.integers(1, 900), st.none() | sides), min_size=1, max_size=4
)
boxes = st.lists(
    st.builds(Box, st.text("abc", min_size=1, max_size=5), sides, st.integers(0, 90), st.integers(0, 5_000)),
    max_size=6,
)


@given(goods, boxes)
def test_what_is_suggested_holds_it_and_no_smaller_one_does(packed, offered):
    told = suggest(packed, offered)
    able = [box for box in offered if holds(box, packed)]
    assert bool(told.box) == bool(able)
    if told.box:
        least = min(prod(box.sides) for box in able)
        assert any(box.code == told.box and prod(box.sides) == least for box in able)
