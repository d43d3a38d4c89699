from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns.rules.eligibility import SoldLine, Wish, eligible

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MUG = SoldLine("L1", "Mug", shipped=3, shipped_at=NOON - 10 * DAY, delivered_at=NOON - 8 * DAY)


@pytest.mark.parametrize(
    ("line", "wish", "verdict", "codes"),
    [
        ({}, {}, "accept", []),
        ({}, {"quantity": 3}, "accept", []),
        ({}, {"quantity": 4}, "refuse", ["too_many"]),
        ({"returned": 2}, {"quantity": 2}, "refuse", ["too_many"]),
        ({"returned": 2}, {"quantity": 1}, "accept", []),
        ({}, {"quantity": 0}, "refuse", ["no_quantity"]),
        ({"shipped": 0}, {}, "refuse", ["not_shipped"]),
        ({}, {"key": "L9"}, "refuse", ["unknown_line"]),
        ({"delivered_at": NOON - 30 * DAY}, {}, "accept", []),
        ({"delivered_at": NOON - 31 * DAY}, {}, "needs_review", ["window_over"]),
        ({"delivered_at": NOON - 45 * DAY}, {}, "refuse", ["window_over"]),
        ({"delivered_at": NOON - 45 * DAY}, {"faulty": True}, "needs_review", ["window_over"]),
        ({"delivered_at": None, "shipped_at": NOON - 37 * DAY}, {}, "accept", []),
        ({"delivered_at": None, "shipped_at": NOON - 38 * DAY}, {}, "needs_review", ["window_over"]),
        ({"delivered_at": None, "shipped_at": None}, {}, "accept", []),
        ({"shipped": 40}, {"quantity": 30}, "needs_review", ["many"]),
    ],
)
def test_one_line(line, wish, verdict, codes):
    got = eligible([replace(MUG, **line)], [Wish(**{"key": "L1", "quantity": 1, **wish})], NOON)
    assert got.verdict == verdict
    assert [r.code for r in got.lines[0].reasons] == codes


def test_two_wishes_for_one_line_share_its_units():
    got = eligible([MUG], [Wish("L1", 2), Wish("L1", 2)], NOON)
    assert [x.verdict for x in got.lines] == ["accept", "refuse"]
    assert got.lines[1].reasons[0].words == "Mug: 2 asked for, 1 can still come back"


def test_the_words_of_a_late_wish():
    got = eligible([replace(MUG, delivered_at=NOON - 31 * DAY)], [Wish("L1", 1)], NOON)
    assert got.lines[0].reasons[0].words == "Mug: the 30 days ended 1 day ago"


def test_nothing_asked_is_nothing_to_accept():
    assert eligible([MUG], [], NOON).verdict == "refuse"


@given(
    st.lists(st.builds(Wish, st.sampled_from(["L1", "L2"]), st.integers(-1, 4), st.booleans()), max_size=5),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 80),
)
def test_never_more_than_was_sent_and_waiting_never_helps(wishes, shipped, returned, days):
    sold = [
        replace(MUG, shipped=shipped, returned=min(shipped, returned), delivered_at=NOON - days * DAY),
        replace(MUG, key="L2"),
    ]
    got = eligible(sold, wishes, NOON)
    for line in sold:
        granted = sum(x.quantity for x in got.lines if x.key == line.key and x.verdict != "refuse")
        assert granted <= line.returnable
    rank = {"accept": 0, "needs_review": 1, "refuse": 2}
    assert rank[eligible(sold, wishes, NOON + 20 * DAY).verdict] >= rank[got.verdict]
    assert all(x.reasons for x in got.lines if x.verdict != "accept")
