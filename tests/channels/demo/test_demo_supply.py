"""The buyer knows only the past, never forgets a piece, and leaves some things short."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.demo import retail
from channels.demo.catalogue import barcode_of, catalogue, check_digit, title_of, weight_of
from channels.demo.extract import EXTRACT
from channels.demo.supply import Supply, spread

PLACES = {"A": 0.6, "B": 0.15, "C": 0.25}
MONDAY = date(2011, 1, 24)


def fortnight():
    weeks = {}
    for order in retail.read(EXTRACT):
        if isinstance(order, retail.Order):
            weeks.setdefault(retail.week_of(order.placed_at), []).append(order)
    return weeks


def run(weeks, seed=1):
    supply = Supply(PLACES, seed)
    past, arrivals = {}, []
    for week, orders in weeks.items():
        new = {line.sku: float(line.unit_price) for order in orders for line in order.lines}
        arrivals += [(week, each) for each in supply.monday(week, past, new)]
        past = Counter()
        for order in orders:
            for line in order.lines:
                past[line.sku] += line.quantity
    return supply, arrivals


def test_the_same_seed_buys_the_same_and_another_does_not():
    weeks = fortnight()
    assert run(weeks)[1] == run(weeks)[1]
    assert run(weeks)[1] != run(weeks, seed=2)[1]


def test_what_is_bought_is_what_arrives():
    supply, arrivals = run(fortnight())
    arrived = Counter()
    for _, each in arrivals:
        assert each.quantity > 0
        arrived[each.sku] += each.quantity
    assert arrived == supply.bought


def test_some_things_run_short_and_most_do_not():
    weeks = fortnight()
    _, arrivals = run(weeks)
    stock, short, lines = Counter(), 0, 0
    for week, orders in weeks.items():
        for day, each in arrivals:
            if day == week:
                stock[each.sku] += each.quantity
        for order in orders:
            for line in order.lines:
                lines += 1
                short += stock[line.sku] < line.quantity
                stock[line.sku] -= line.quantity
    assert 0.01 < short / lines < 0.2


def test_a_week_without_orders_is_not_forgotten():
    supply = Supply(PLACES)
    supply.monday(MONDAY, {}, {"X": 1.0})
    supply.monday(MONDAY + timedelta(weeks=4), {"X": 4000}, {})
    assert [week.get("X", 0) for week in supply.recent] == [4000, 0, 0, 0]


def test_missing_pieces_come_with_the_next_delivery():
    wanted = {}
    for seed in range(40):
        supply = Supply(PLACES, seed)
        supply.monday(MONDAY, {}, {"X": 1.0})
        supply.monday(MONDAY + timedelta(weeks=1), {"X": 5000}, {})
        wanted[seed] = supply.bought["X"]
    assert sum(bought >= 5000 for bought in wanted.values()) > 30
    assert any(bought < 5000 for bought in wanted.values())


@pytest.mark.parametrize("day", [MONDAY + timedelta(days=1), MONDAY])
def test_only_mondays_in_order(day):
    supply = Supply(PLACES)
    supply.monday(MONDAY, {}, {})
    with pytest.raises(ValueError, match="Monday"):
        supply.monday(day, {}, {})


@given(
    st.integers(0, 5000),
    st.lists(st.floats(0, 1), min_size=1, max_size=5).filter(lambda shares: sum(shares) > 0.001),
)
def test_parts_add_up(quantity, shares):
    parts = spread(quantity, shares)
    assert sum(parts) == quantity
    assert all(part >= 0 for part in parts)
    assert all(share or part <= 1 for share, part in zip(shares, parts, strict=True))


def test_the_catalogue_has_valid_barcodes_of_its_own():
    items = catalogue(each for each in retail.read(EXTRACT) if isinstance(each, retail.Order))
    assert len(items) == 1649
    barcodes = [item.barcode for item in items.values()]
    assert len(set(barcodes)) == len(barcodes)
    for code in barcodes:
        assert len(code) == 13
        assert code.startswith("2")
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10 == 0
    assert all(item.weight_g >= 5 and item.price > 0 for item in items.values())


def test_barcodes_titles_and_weights_follow_from_the_words():
    assert check_digit("400638133393") == "1"
    assert barcode_of("85123A").startswith("200851230100")
    assert barcode_of("DCGSSBOY").startswith("29")
    assert title_of("NURSE'S BAG  SOFT TOY") == "Nurse's Bag Soft Toy"
    assert weight_of("1", "GIFT CARD") < weight_of("1", "BLUE SAVANNAH PICNIC HAMPER FOR 2")
