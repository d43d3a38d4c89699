import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.actions.handle_units import _EFFECTS
from returns.rules.disposition import (
    ALLOWED,
    ARRIVAL,
    CONDITION_WORDS,
    DISPOSITIONS,
    Inspected,
    refusals,
    stock_effect,
)


@pytest.mark.parametrize(
    ("received", "disposed", "inspected", "codes"),
    [
        (3, 0, [("as_new", "restock", 3)], []),
        (3, 0, [("as_new", "restock", 1), ("damaged", "write_off", 2)], []),
        (3, 0, [("as_new", "restock", 1)], []),
        (3, 1, [("as_new", "restock", 3)], ["too_many"]),
        (3, 0, [("as_new", "restock", 2), ("damaged", "write_off", 2)], ["too_many"]),
        (3, 0, [("damaged", "restock", 1)], ["not_allowed"]),
        (3, 0, [("wrong_item", "restock", 1)], ["not_allowed"]),
        (3, 0, [("odd", "restock", 1)], ["condition_unknown"]),
        (3, 0, [("as_new", "eat", 1)], ["not_allowed"]),
        (3, 0, [("as_new", "restock", 0)], ["no_quantity"]),
    ],
)
def test_refusals(received, disposed, inspected, codes):
    assert [r.code for r in refusals(received, disposed, [Inspected(*x) for x in inspected])] == codes


def test_the_words():
    reason = refusals(1, 0, [Inspected("damaged", "restock", 1)])[0]
    assert reason.words == "A piece that is damaged cannot be “back for sale”"


def test_every_condition_has_words_and_known_dispositions():
    assert set(ALLOWED) == set(CONDITION_WORDS)
    assert all(code in DISPOSITIONS for codes in ALLOWED.values() for code in codes)
    assert all(
        "restock" not in ALLOWED[c] for c in ("damaged", "defective", "expired", "wrong_item", "unsafe")
    )


def test_inventory_books_what_this_table_says():
    for code in ("restock", "write_off"):
        assert _EFFECTS[code][1:] == (DISPOSITIONS[code].on_hand, DISPOSITIONS[code].unavailable)
    assert _EFFECTS["arrive"][1:] == (ARRIVAL.on_hand, ARRIVAL.unavailable)
    assert (DISPOSITIONS["quarantine"].on_hand, DISPOSITIONS["quarantine"].unavailable) == (0, 0)


chosen = st.lists(
    st.builds(
        Inspected, st.sampled_from(sorted(ALLOWED)), st.sampled_from(sorted(DISPOSITIONS)), st.integers(1, 4)
    ),
    max_size=5,
)


@given(chosen, chosen)
def test_effects_add_up_and_only_restocked_units_become_available(first, second):
    whole, a, b = stock_effect(first + second), stock_effect(first), stock_effect(second)
    assert (whole.on_hand, whole.unavailable) == (a.on_hand + b.on_hand, a.unavailable + b.unavailable)
    assert sum(n for _, n in whole.by_disposition) == sum(x.quantity for x in first + second)
    restocked = sum(x.quantity for x in first + second if x.disposition == "restock")
    assert whole.on_hand - whole.unavailable == restocked


@given(st.integers(0, 6), st.integers(0, 6), chosen)
def test_no_unit_is_disposed_of_twice(received, disposed, inspected):
    allowed = [x for x in inspected if x.disposition in ALLOWED[x.condition]]
    if not refusals(received, min(disposed, received), allowed):
        assert min(disposed, received) + sum(x.quantity for x in allowed) <= received
