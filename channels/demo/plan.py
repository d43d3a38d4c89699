"""The story's plan: the extract's orders at two shops, the marked cases, and the stock that bears them.

``build()`` is pure but for reading the extract, and gives the same plan every time. What the plan adds to the
real orders: which shop (euro countries at Shopify, the others by the customer's number), the day (the
fortnight may be moved, wall-clock times kept), people, prices to the penny, VAT, and delivery where the file
has none.

Stock of ordinary items, by a lot for each SKU:

* Most have at the main place (Nottingham) all that the fortnight wants and a quarter more, some of them
  besides a little in Brighton or Rotterdam. A few (``AWAY``) lie only in Brighton or only in Rotterdam, so
  that orders get split.
* Some (``SHORT``) are left short: they open with a part of what the first week wants. One receipt in the
  middle of the story brings the rest and some more, to the same place. So one place alone can serve all that
  an item's orders want in the end, and nothing ordinary waits for ever.
"""

from __future__ import annotations

import random
from bisect import insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import ceil
from pathlib import Path
from zlib import crc32

from channels.demo import cases, extract, retail, till
from channels.demo.catalogue import Item, catalogue
from channels.demo.people import BRIGHTON, NOTTINGHAM, PLACES, ROTTERDAM, person
from channels.demo.shapes import (
    SHOPIFY,
    SHOPS,
    WOOCOMMERCE,
    Case,
    Expected,
    Outcome,
    Plan,
    PlannedOrder,
    Receipt,
)

MIDDLE = (7, "06:00")
SHORT = 0.025
AWAY = 0.025
SHOPIFY_SHARE = 45
DOUBLE = timedelta(hours=3)
_RESTOCK, _WRITE_OFF = "restock", "write_off"


def build(
    path: Path | str = extract.EXTRACT,
    *,
    first_day: date = extract.FIRST_DAY,
    ordinary: int | None = None,
    heaviest_kg: float | None = None,
    seed: int = 1,
) -> Plan:
    """The plan of the whole fortnight, or with only ``ordinary`` of its real orders, evenly picked, and none
    above ``heaviest_kg``; the cases are always all there. ``first_day`` is where the fortnight's first Monday
    moves to. Times are in UTC.
    """

    def at(day: int, clock: str) -> datetime:
        return _utc(first_day + timedelta(days=day), time.fromisoformat(clock))

    account = retail.Account()
    real = [found for found in retail.read(path, account) if isinstance(found, retail.Order)]
    items = catalogue(real)
    left_out = _no_goods(account)
    light = [order for order in real if heaviest_kg is None or _kilograms(order, items) <= heaviest_kg]
    left_out["order too heavy"] = _source_lines(real) - _source_lines(light)
    planned, source_lines = _ordinary_orders(light, items, first_day, ordinary, left_out)
    told = cases.marked(items, at)
    orders = tuple(sorted([*planned, *told.orders], key=lambda order: (order.placed_at, order.number)))
    opening, receipt = _stock(planned, at(*MIDDLE), seed)
    opening.update(told.opening)
    receipts = tuple(sorted([*receipt, *told.receipts], key=lambda each: each.at))
    wanted = {sku for order in orders for sku in order.demand} | cases.SKUS
    all_cases = tuple(_while_down(case, orders) for case in told.cases)
    return Plan(
        items={sku: each for sku, each in items.items() if sku in wanted},
        places=PLACES,
        orders=orders,
        cases=all_cases,
        strangers=tuple(told.strangers),
        opening=dict(sorted(opening.items())),
        receipts=receipts,
        source_lines=source_lines,
        left_out=left_out,
        may_be_held=_may_be_held(orders),
        expected=expect(orders, all_cases, opening, receipts),
    )


def shop_of(customer: str, country: str) -> str:
    """Where this customer always buys."""
    if country in till.EURO_COUNTRIES or crc32(customer.encode()) % 100 < SHOPIFY_SHARE:
        return SHOPIFY
    return WOOCOMMERCE


def _utc(day: date, clock: time) -> datetime:
    return retail.to_utc(datetime.combine(day, clock).isoformat(" "))


def _no_goods(account: retail.Account) -> Counter[str]:
    """Lines of the extract that are no goods sold, by their rule."""
    rules = {rule.value: count for rule, count in account.rules.items() if rule not in retail.GOODS}
    return Counter(rules)


def _ordinary_orders(
    real: Sequence[retail.Order],
    items: Mapping[str, Item],
    first_day: date,
    ordinary: int | None,
    left_out: Counter[str],
) -> tuple[list[PlannedOrder], int]:
    """The real orders without the cases' items, and how many lines of the extract are in them."""
    planned: list[PlannedOrder] = []
    source_lines = 0
    for order in _evenly(real, ordinary):
        kept = [line for line in order.lines if line.sku not in cases.SKUS]
        left_out["item kept for a case"] += sum(
            line.source_lines for line in order.lines if line.sku in cases.SKUS
        )
        if not kept:
            continue
        source_lines += sum(line.source_lines for line in kept)
        planned.append(_planned(order, kept, items, first_day))
    unused = _source_lines(real) - source_lines - left_out["item kept for a case"]
    left_out["order not picked"] = unused
    return planned, source_lines


def _source_lines(orders: Iterable[retail.Order]) -> int:
    return sum(line.source_lines for order in orders for line in order.lines)


def _kilograms(order: retail.Order, items: Mapping[str, Item]) -> float:
    return sum(items[line.sku].weight_g * line.quantity for line in order.lines) / 1000


def _evenly(real: Sequence[retail.Order], count: int | None) -> Iterable[retail.Order]:
    if count is None or count >= len(real):
        return real
    return [real[place * len(real) // count] for place in range(count)]


def _planned(
    order: retail.Order, kept: Sequence[retail.SaleLine], items: Mapping[str, Item], first_day: date
) -> PlannedOrder:
    country = retail.country_code(order.country)
    customer = order.customer or f"guest-{order.number}"
    shop = shop_of(customer, country)
    lines = tuple(
        till.line(shop, country, line.sku, items[line.sku].title, line.quantity, line.unit_price)
        for line in kept
    )
    postage = sum(
        (charge.amount for charge in order.charges if charge.rule is retail.Rule.POSTAGE), Decimal(0)
    )
    local = order.placed_at.astimezone(retail.LONDON)
    day = first_day + (local.date() - extract.FIRST_DAY)
    return PlannedOrder(
        shop=shop,
        number=order.number,
        placed_at=_utc(day, local.time()),
        person=person(customer, country),
        currency=till.currency_of(shop, country),
        tax_rate=till.tax_rate(country),
        prices_include_tax=till.includes_tax(shop),
        lines=lines,
        shipping=till.shipping(shop, country, lines, postage or None),
    )


def _stock(
    orders: Sequence[PlannedOrder], middle: datetime, seed: int
) -> tuple[dict[tuple[str, str], int], list[Receipt]]:
    early = _demand(order for order in orders if order.placed_at < middle)
    whole = _demand(orders)
    opening: dict[tuple[str, str], int] = {}
    coming: dict[str, int] = {}
    for sku, units in sorted(whole.items()):
        lot = random.Random(f"stock {seed} {sku}")  # noqa: S311 - a story, not a secret
        drawn = lot.random()
        spare = max(4, ceil(units / 4))
        if drawn < SHORT and early[sku] > 1:
            opening[sku, NOTTINGHAM.code] = int(early[sku] * lot.uniform(0.3, 0.7))
            coming[sku] = units - opening[sku, NOTTINGHAM.code] + spare
        elif drawn < SHORT + AWAY:
            opening[sku, lot.choice((BRIGHTON, ROTTERDAM)).code] = units + spare
        else:
            opening[sku, NOTTINGHAM.code] = units + spare
            if lot.random() < 0.35:
                opening[sku, BRIGHTON.code] = 2 + ceil(units / 5)
            if lot.random() < 0.45:
                opening[sku, ROTTERDAM.code] = 2 + ceil(units / 4)
    opening = {key: units for key, units in opening.items() if units}
    if not coming:
        return opening, []
    return opening, [Receipt("The week's delivery", middle, NOTTINGHAM.code, tuple(coming.items()))]


def _demand(orders: Iterable[PlannedOrder]) -> Counter[str]:
    units: Counter[str] = Counter()
    for order in orders:
        units.update(order.demand)
    return units


def _may_be_held(orders: Sequence[PlannedOrder]) -> dict[str, str]:
    """Ordinary orders that a careful check may well hold, with the type: real data has slips and doubles.

    Drawn wider than any check is likely to be, since the history that it sees depends on the timing: three
    times the quantity that 95 of 100 earlier orders keep to, or the same basket by the same person within
    three hours.
    """
    found: dict[str, str] = {}
    quantities: dict[str, list[int]] = {}
    baskets: dict[str, list[PlannedOrder]] = {}
    for order in orders:
        for line in order.lines:
            earlier = quantities.setdefault(line.sku, [])
            if len(earlier) >= 5 and line.quantity >= 10:
                usual = earlier[ceil(0.95 * len(earlier)) - 1]
                if line.quantity >= 3 * usual:
                    found[order.number] = "anomaly"
        for line in order.lines:
            insort(quantities[line.sku], line.quantity)
        same = baskets.setdefault(order.person.key, [])
        if any(order.placed_at - each.placed_at <= DOUBLE and order.demand == each.demand for each in same):
            found[order.number] = "duplicate_suspect"
        same.append(order)
    return found


def _while_down(case: Case, orders: Sequence[PlannedOrder]) -> Case:
    """The case of the shop that is down gets the numbers of all orders that are placed meanwhile."""
    if case.slug != "shop-down":
        return case
    facts = case.facts
    numbers = tuple(
        order.number
        for order in orders
        if order.shop == facts["shop"] and facts["start"] <= order.placed_at < facts["end"]
    )
    return replace(case, facts={**facts, "orders": numbers})


def expect(
    orders: Sequence[PlannedOrder],
    told: Sequence[Case],
    opening: Mapping[tuple[str, str], int],
    receipts: Sequence[Receipt],
) -> Expected:
    """See :class:`~channels.demo.shapes.Expected`. Sums over the plan, nothing typed in."""
    by_slug = {case.slug: case for case in told}
    outcomes = Counter(order.outcome for order in orders)
    winners = by_slug["race"].facts["winners"]
    opened, came = _stocked(opening, receipts)
    left = [order for order in orders if order.outcome is not Outcome.CANCELLED]
    wanted = _demand(left)
    for case in told:
        if "maps_to" in case.facts:
            wanted[case.facts["maps_to"]] += sum(
                line.quantity
                for order in orders
                if order.number in case.orders
                for line in order.lines
                if line.sku == case.facts["sku"]
            )
    have = opened + came
    returns = [case.facts for case in told if "disposition" in case.facts]
    restocked = Counter(
        {each["sku"]: each["quantity"] for each in returns if each["disposition"] == "restock"}
    )
    missing = by_slug["short-pick"]
    vanished = {missing.skus[0]: missing.facts["missing"]}
    skus = set(have) | set(wanted)
    on_hand = {
        sku: max(0, have[sku] - wanted[sku]) + restocked[sku] - vanished.get(sku, 0) for sku in sorted(skus)
    }
    refunds = {case.orders[0]: case.facts["refund"] for case in told if "refund" in case.facts}
    refunds |= {order.number: order.total for order in orders if order.outcome is Outcome.CANCELLED}
    return Expected(
        orders=len(orders),
        orders_by_shop={shop: sum(order.shop == shop for order in orders) for shop in SHOPS},
        lines=sum(len(order.lines) for order in orders),
        units=sum(order.units for order in orders),
        held=dict(Counter(case.facts["hold"] for case in told if "hold" in case.facts)),
        delivered=outcomes[Outcome.DELIVERED] + winners,
        cancelled=outcomes[Outcome.CANCELLED],
        lost=outcomes[Outcome.LOST],
        backordered=outcomes[Outcome.WAITING] + outcomes[Outcome.RACE] - winners,
        backordered_units={sku: wanted[sku] - have[sku] for sku in sorted(skus) if wanted[sku] > have[sku]},
        served_backorder_units=_served(left, opened, receipts),
        returned_units=sum(each["quantity"] for each in returns),
        restocked_units=restocked.total(),
        written_off_units=sum(each["quantity"] for each in returns if each["disposition"] == _WRITE_OFF),
        refunds=dict(sorted(refunds.items())),
        on_hand=on_hand,
    )


def _stocked(
    opening: Mapping[tuple[str, str], int], receipts: Sequence[Receipt]
) -> tuple[Counter[str], Counter[str]]:
    opened: Counter[str] = Counter()
    for (sku, _), units in opening.items():
        opened[sku] += units
    came: Counter[str] = Counter()
    for receipt in receipts:
        for sku, units in receipt.lines:
            came[sku] += units
    return opened, came


def _served(
    orders: Sequence[PlannedOrder], opened: Mapping[str, int], receipts: Sequence[Receipt]
) -> dict[str, int]:
    served: dict[str, int] = {}
    for receipt in receipts:
        before = _demand(order for order in orders if order.placed_at < receipt.at)
        for sku, _ in receipt.lines:
            if before[sku] > opened.get(sku, 0):
                served[sku] = before[sku] - opened.get(sku, 0)
    return dict(sorted(served.items()))


def by_day(orders: Iterable[PlannedOrder]) -> dict[date, list[PlannedOrder]]:
    """Orders by London day, for a story that goes day by day."""
    days: dict[date, list[PlannedOrder]] = {}
    for order in orders:
        days.setdefault(order.placed_at.astimezone(retail.LONDON).date(), []).append(order)
    return days
