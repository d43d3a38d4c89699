import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.short_pick import SHORT_REASONS, ShelfFacts, effect, refusals

SHELF = ShelfFacts(on_hand=10, unavailable=1, off_shelf=2)


@pytest.mark.parametrize(
    ("reason", "found", "missing", "quarantine", "count", "elsewhere"),
    [
        ("not_found", 1, 6, 0, True, True),
        ("not_found", 0, 7, 0, True, True),
        ("miscount", 1, 3, 0, True, True),
        ("damaged", 1, 0, 3, False, True),
        ("expired", 3, 0, 1, False, True),
        ("wrong_item", 0, 0, 4, True, True),
        ("unreachable", 1, 0, 0, False, True),
        ("no_capacity", 0, 0, 0, False, True),
    ],
)
def test_the_reason_decides_the_correction(reason, found, missing, quarantine, count, elsewhere):
    got = effect(reason, 4, found, SHELF)
    assert (got.missing, got.quarantine, got.remainder) == (missing, quarantine, 4 - found)
    assert (got.count, got.exclude_location) == (count, elsewhere)


def test_the_words():
    assert effect("damaged", 4, 1, SHELF).words == "1 of 4 found: damaged"


@pytest.mark.parametrize(
    ("reason", "asked", "found", "codes"),
    [
        ("damaged", 4, 3, []),
        ("lazy", 4, 3, ["reason_unknown"]),
        ("damaged", 4, 4, ["not_short"]),
        ("damaged", 4, -1, ["below_zero"]),
    ],
)
def test_refusals(reason, asked, found, codes):
    assert [r.code for r in refusals(reason, asked, found)] == codes
    if codes:
        with pytest.raises((KeyError, ValueError)):
            effect(reason, asked, found, SHELF)


@given(
    st.sampled_from(sorted(SHORT_REASONS)),
    st.integers(1, 9),
    st.integers(0, 8),
    st.integers(0, 20),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_no_more_is_corrected_than_should_be_on_the_shelf(
    reason, asked, found, on_hand, unavailable, off_shelf
):
    if found >= asked:
        return
    got = effect(reason, asked, found, ShelfFacts(on_hand, unavailable, off_shelf))
    on_shelf = max(0, on_hand - unavailable - off_shelf - found)
    assert 0 <= got.missing <= on_shelf
    assert 0 <= got.quarantine <= min(on_shelf, asked - found)
    assert not (got.missing and got.quarantine)
    assert found + got.remainder == asked
    if reason == "not_found":
        assert got.missing == on_shelf
