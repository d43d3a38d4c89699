from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.carriers.base import Scan
from fulfillment.lifecycle import ParcelLifecycle, ParcelState
from fulfillment.rules.tracking import MOVES, STATE_OF, TRANSITIONS, fold, silent, target

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def scan(status, hours=0, words="", id_=""):
    return Scan("T1", status, words or status, NOON + timedelta(hours=hours), external_id=id_)


def states(*scans):
    return [state for state, _ in fold(scans).moves]


@pytest.mark.parametrize(
    ("scans", "state"),
    [
        ([], "labelled"),
        ([scan("pre_transit")], "labelled"),
        ([scan("in_transit")], "in_transit"),
        ([scan("out_for_delivery", 5), scan("in_transit", 1)], "out_for_delivery"),
        ([scan("delivered", 9), scan("in_transit", 1), scan("out_for_delivery", 8)], "delivered"),
        ([scan("delivered", 9), scan("in_transit", 10)], "delivered"),
        ([scan("out_for_delivery", 5), scan("in_transit", 6)], "in_transit"),
        ([scan("exception", 5), scan("in_transit", 6)], "in_transit"),
        ([scan("lost", 5), scan("delivered", 50)], "delivered"),
        ([scan("lost", 5), scan("in_transit", 50)], "lost"),
        ([scan("return_to_sender", 5), scan("delivered", 6)], "returned_to_sender"),
        ([scan("in_transit", 1), scan("delivered", 1)], "delivered"),
        ([scan("unknown", 1), scan("cancelled", 2)], "labelled"),
    ],
)
def test_fold(scans, state):
    assert fold(scans).state == state


def test_the_way_is_told_once_whatever_is_repeated():
    scans = [
        scan("in_transit", 1, id_="a"),
        scan("in_transit", 1, id_="b"),
        scan("in_transit", 2),
        scan("delivered", 9),
    ]
    assert states(*scans) == ["in_transit", "delivered"]
    got = fold(scans)
    assert got.since == got.delivered_at == NOON + 9 * HOUR
    assert got.first_scan_at == NOON + HOUR


def test_the_words_are_of_the_last_scan_that_fits():
    got = fold([scan("in_transit", 1, "left Leeds"), scan("in_transit", 3, "arrived in York")])
    assert (got.since, got.words) == (NOON + HOUR, "arrived in York")


def test_a_scan_after_the_end_is_told_to_a_person():
    got = fold([scan("delivered", 1), scan("exception", 3, "damaged in sorting")])
    assert got.state == "delivered"
    assert got.contradictions == ("damaged in sorting on 2026-03-02 15:00 UTC, after it was delivered",)


scans = st.lists(
    st.builds(
        scan,
        st.sampled_from([*STATE_OF, "pre_transit", "unknown", "cancelled"]),
        st.integers(0, 6),
        st.sampled_from(["", "x"]),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=8,
)


@given(scans, st.randoms())
def test_the_order_of_arrival_and_repetition_make_no_difference(found, random):
    shuffled = found + found[:2]
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(found)


@given(scans, scans)
def test_a_late_earlier_scan_never_moves_the_parcel_back(found, more):
    """Whatever else turns up from before, a parcel at its end by a scan of now stays there."""
    last = scan("delivered", 100)
    assert fold([*found, last]).state in ("delivered", "returned_to_sender")
    earlier = [
        replace(s, at=s.at - 30 * DAY) for s in more if s.status not in ("delivered", "return_to_sender")
    ]
    if fold([*found, last]).moves:
        before = fold([*found, last])
        after = fold([*found, last, *earlier])
        assert after.state == before.state
        assert after.last_scan_at == before.last_scan_at


@given(scans)
def test_every_step_is_a_lawful_move(found):
    state = "labelled"
    for to, _ in fold(found).moves:
        assert to in MOVES[state]
        state = to
    assert state == fold(found).state


def test_target_moves_only_where_the_parcel_may_go():
    delivered = fold([scan("delivered")])
    assert target("labelled", delivered) == "delivered"
    assert target("delivered", delivered) is None
    assert target("voided", delivered) is None
    assert target("delivered", fold([scan("in_transit")])) is None


def test_the_moves_are_those_of_the_lifecycle():
    for state, verb in TRANSITIONS.items():
        method = getattr(ParcelLifecycle, verb)
        sources = {str(t) for t in method._django_fsm.transitions}
        assert {t.target for t in method._django_fsm.transitions.values()} == {ParcelState(state)}
        ours = {source for source, targets in MOVES.items() if state in targets}
        assert ours <= sources


@pytest.mark.parametrize(
    ("state", "handed", "last", "code"),
    [
        ("labelled", None, None, None),
        ("labelled", NOON - DAY, None, None),
        ("labelled", NOON - 2 * DAY, None, "never_scanned"),
        ("labelled", NOON - 2 * DAY, NOON - 3 * DAY, "never_scanned"),
        ("in_transit", NOON - 9 * DAY, NOON - 3 * DAY, None),
        ("in_transit", NOON - 9 * DAY, NOON - 4 * DAY, "no_scan"),
        ("exception", NOON - 9 * DAY, NOON - 5 * DAY, "no_scan"),
        ("delivered", NOON - 9 * DAY, NOON - 5 * DAY, None),
        ("lost", NOON - 9 * DAY, NOON - 5 * DAY, None),
    ],
)
def test_silence(state, handed, last, code):
    reason = silent(state, handed, last, NOON)
    assert (reason.code if reason else None) == code
