"""The shapes of the story's plan. Pure data; amounts are Decimals, exact to the penny or cent.

Every amount of an order comes twice, as in ``orders.drafts``: in the customer's currency, and (``shop_…``) in
the shop's, which is GBP. ``net`` is without tax. The law: sum of net + tax over the lines and the shipping is
the total.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from channels.demo.catalogue import Item
from channels.demo.people import Person, Place

WOOCOMMERCE = "woocommerce"
SHOPIFY = "shopify"
SHOPS = (WOOCOMMERCE, SHOPIFY)


class Outcome(enum.StrEnum):
    """How an order stands when the story is over."""

    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    LOST = "lost on the way, refunded"
    WAITING = "waiting: not reordered"
    RACE = "delivered or waiting, whoever came first"


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """``unit_price`` as the shop window shows it: with VAT at WooCommerce, without at Shopify. ``known`` is
    false where the shop sells under a SKU that is not in our catalogue."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    net: Decimal
    tax: Decimal
    shop_unit_price: Decimal
    shop_net: Decimal
    shop_tax: Decimal
    known: bool = True

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class PlannedShipping:
    """``price`` as the shop window shows it; all zero where delivery is free."""

    title: str
    price: Decimal
    net: Decimal
    tax: Decimal
    shop_price: Decimal
    shop_net: Decimal
    shop_tax: Decimal


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """One purchase at one shop, paid by card at once.

    ``number`` is the real invoice's, or 9xxxxx for a marked case. ``total_off`` is what the shop adds to its
    total without saying why (the case of the total that does not add up). ``note`` and ``tags`` name the
    case. ``billing`` is None where it is the same person and address.
    """

    shop: str
    number: str
    placed_at: datetime
    person: Person
    currency: str
    tax_rate: Decimal
    prices_include_tax: bool
    lines: tuple[PlannedLine, ...]
    shipping: PlannedShipping
    outcome: Outcome = Outcome.DELIVERED
    case: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    billing: Person | None = None
    total_off: Decimal = Decimal(0)
    channel_risk: str = ""
    shop_currency: str = "GBP"

    @property
    def total(self) -> Decimal:
        """What the shop says the customer paid."""
        goods = sum((line.gross for line in self.lines), Decimal(0))
        return goods + self.shipping.net + self.shipping.tax + self.total_off

    @property
    def shop_total(self) -> Decimal:
        goods = sum((line.shop_net + line.shop_tax for line in self.lines), Decimal(0))
        return goods + self.shipping.shop_net + self.shipping.shop_tax + self.total_off

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def demand(self) -> Counter[str]:
        """Units by our SKU; what we do not know yet is not in it."""
        units: Counter[str] = Counter()
        for line in self.lines:
            if line.known:
                units[line.sku] += line.quantity
        return units


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that come in. The story books it when its clock passes ``at``; ``case`` where one waits for it.
    ``lines`` are (sku, units)."""

    name: str
    at: datetime
    place: str
    lines: tuple[tuple[str, int], ...]
    case: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One of the story's marked cases.

    ``orders`` are numbers and ``skus`` belong to no other order. ``facts`` is what the story must do or
    check; ``cases.py`` says for each case which. ``words`` tell a clerk what happens.
    """

    slug: str
    title: str
    words: str
    orders: tuple[str, ...]
    skus: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A listing of a shop whose SKU is not ours; the clerk maps it to ``item``."""

    shop: str
    sku: str
    title: str
    item: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What follows from the plan by arithmetic, whatever the timing.

    ``held``: orders by hold type, those of the cases only (``Plan.may_be_held`` has the others that might
    be). ``delivered``: orders wholly at the door in the end. ``backordered``: orders that wait in the end.
    ``served_backorder_units``: units that had to wait for a receipt, by SKU, if all orders placed before it
    were promised before it, and none was on hold then. ``refunds``: order number to the amount in the
    customer's currency. ``on_hand``: units by SKU over all places in the end; nothing is reserved or set
    aside then, so it is what both shops should offer.
    """

    orders: int
    orders_by_shop: Mapping[str, int]
    lines: int
    units: int
    held: Mapping[str, int]
    delivered: int
    cancelled: int
    lost: int
    backordered: int
    backordered_units: Mapping[str, int]
    served_backorder_units: Mapping[str, int]
    returned_units: int
    restocked_units: int
    written_off_units: int
    refunds: Mapping[str, Decimal]
    on_hand: Mapping[str, int]
    oversold_units: int = 0


@dataclass(frozen=True)
class Plan:
    """The whole story. ``opening`` maps (sku, place's code) to units. ``left_out`` counts the extract's
    lines that are in no planned order, by reason; ``source_lines`` those that are. ``may_be_held`` maps the
    numbers of ordinary orders to the type of hold that a careful check may put on them; a clerk lets them
    go."""

    items: Mapping[str, Item]
    places: tuple[Place, ...]
    orders: tuple[PlannedOrder, ...]
    cases: tuple[Case, ...]
    strangers: tuple[Stranger, ...]
    opening: Mapping[tuple[str, str], int]
    receipts: tuple[Receipt, ...]
    source_lines: int
    left_out: Counter[str]
    may_be_held: Mapping[str, str]
    expected: Expected

    def order(self, number: str) -> PlannedOrder:
        return next(order for order in self.orders if order.number == number)

    def case(self, slug: str) -> Case:
        return next(case for case in self.cases if case.slug == slug)

    def orders_of(self, shop: str) -> tuple[PlannedOrder, ...]:
        return tuple(order for order in self.orders if order.shop == shop)
