import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns.rules.progress import ReturnLineCounts, may_close, return_state


def line(asked, **counts):
    return ReturnLineCounts("L", asked, **counts)


@pytest.mark.parametrize(
    ("stored", "lines", "in_transit", "state"),
    [
        ("requested", [line(2)], False, "requested"),
        ("declined", [line(2)], False, "declined"),
        ("closed", [line(2, received=2)], False, "closed"),
        ("authorised", [line(2)], False, "authorised"),
        ("authorised", [line(2)], True, "in_transit"),
        ("in_transit", [line(2)], False, "in_transit"),
        ("authorised", [line(2, received=1)], True, "partly_received"),
        ("authorised", [line(2, received=2), line(1)], False, "partly_received"),
        ("authorised", [line(2, received=1, lost=1)], False, "received"),
        ("authorised", [line(2, not_sent=2)], False, "received"),
        ("authorised", [line(2), line(0, extra=1)], False, "partly_received"),
        ("partly_received", [line(2, received=2)], False, "received"),
        ("authorised", [], False, "authorised"),
    ],
)
def test_return_state(stored, lines, in_transit, state):
    assert return_state(stored, lines, in_transit) == state


@pytest.mark.parametrize(
    ("stored", "lines", "refunds", "codes"),
    [
        ("received", [line(2, received=2, disposed=2, resolved=True)], 0, []),
        ("received", [line(2, received=2, disposed=1, resolved=True)], 0, ["uninspected"]),
        ("received", [line(2, received=2, disposed=2)], 0, ["unresolved"]),
        ("partly_received", [line(2, received=1, disposed=1, resolved=True)], 0, ["awaited"]),
        ("received", [line(2, not_sent=2, resolved=True)], 1, ["open_refund"]),
        ("declined", [line(2, not_sent=2, resolved=True)], 0, ["not_open"]),
    ],
)
def test_may_close(stored, lines, refunds, codes):
    assert [r.code for r in may_close(stored, lines, refunds)] == codes


def test_faults():
    assert line(2, received=2, lost=1).faults() == ("3 accounted for, 2 asked",)
    assert line(2, received=1, disposed=2).faults() == ("2 disposed of, 1 received",)
    assert "a counter is below zero" in line(2, received=-1).faults()
    assert line(2, received=1, extra=1, disposed=2).faults() == ()


counts = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)).map(
    lambda t: line(sum(t), received=t[0], lost=t[1], not_sent=t[2])
)


@given(st.lists(counts, min_size=1, max_size=4))
def test_received_means_that_nothing_is_awaited(lines):
    assert all(not x.faults() for x in lines)
    state = return_state("authorised", lines)
    assert (state == "received") == (sum(x.awaited for x in lines) == 0)
    assert (state == "partly_received") == (
        sum(x.awaited for x in lines) > 0 and sum(x.received for x in lines) > 0
    )
