import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.short_pick import ALONG, SAYS, ShelfFacts, ShortReason, Stock, effect, refusals

SHELF = ShelfFacts(on_hand=10, unavailable=1, off_shelf=2)
BROKEN = ShortReason("broken", "broken on the shelf", Stock.ASIDE)


@pytest.mark.parametrize(
    ("stock", "found", "missing", "quarantine"),
    [
        (Stock.REST, 1, 6, 0),
        (Stock.REST, 0, 7, 0),
        (Stock.MISSING, 1, 3, 0),
        (Stock.ASIDE, 1, 0, 3),
        (Stock.ASIDE, 3, 0, 1),
        (Stock.STAYS, 1, 0, 0),
    ],
)
@pytest.mark.parametrize("counts", [False, True])
def test_the_reason_decides_the_correction(stock, found, missing, quarantine, counts):
    got = effect(ShortReason("own", "our own", stock, counts), 4, found, SHELF)
    assert (got.missing, got.quarantine, got.remainder) == (missing, quarantine, 4 - found)
    assert got.count is counts


def test_the_words():
    assert effect(BROKEN, 4, 1, SHELF).words == "1 of 4 found: broken on the shelf"
    assert effect(BROKEN, 4, 1, SHELF, sent_back=True).words == "3 sent back: broken on the shelf"


def test_each_effect_is_told_to_whoever_chooses():
    reasons = [ShortReason("own", "our own", stock, counts) for stock, counts in SAYS]
    assert len({reason.says for reason in reasons}) == len(Stock) * 2
    assert [r for r in reasons if not r.about_stock] == [ShortReason("own", "our own")]
    assert not ALONG.about_stock


@pytest.mark.parametrize(
    ("reason", "asked", "found", "codes"),
    [
        ("broken", 4, 3, []),
        ("lazy", 4, 3, ["reason_unknown"]),
        ("broken", 4, 4, ["not_short"]),
        ("broken", 4, -1, ["below_zero"]),
    ],
)
def test_refusals(reason, asked, found, codes):
    assert [r.code for r in refusals(reason, {"broken": BROKEN}, asked, found)] == codes
    if {"not_short", "below_zero"} & set(codes):
        with pytest.raises(ValueError):
            effect(BROKEN, asked, found, SHELF)


@given(
    st.sampled_from(Stock),
    st.integers(1, 9),
    st.integers(0, 8),
    st.integers(0, 20),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_no_more_is_corrected_than_should_be_on_the_shelf(
    stock, asked, found, on_hand, unavailable, off_shelf
):
    if found >= asked:
        return
    got = effect(
        ShortReason("own", "our own", stock), asked, found, ShelfFacts(on_hand, unavailable, off_shelf)
    )
    on_shelf = max(0, on_hand - unavailable - off_shelf - found)
    assert 0 <= got.missing <= on_shelf
    assert 0 <= got.quarantine <= min(on_shelf, asked - found)
    assert not (got.missing and got.quarantine)
    assert found + got.remainder == asked
    if stock == Stock.REST:
        assert got.missing == on_shelf
