"""The marked cases of the story. Each has items that no other order touches, and the stock that makes it
happen whatever the timing. The prices and titles are the real ones; the orders are invented.

To find one: its orders' numbers begin with 9, their note and tag read ``case: …``, and the customer's e-mail
has ``case-<slug>`` in it.

What ``facts`` tell the story, by slug:

    race               winners
    unknown-item       sku (the shop's), maps_to (ours), hold
    total-mismatch     hold, off
    suspicious         hold
    backorder          receipt (its name)
    split-shipment     shipments
    short-pick         found, missing (at the first place; the rest comes from the other)
    cancel             by
    lost-parcel        refund
    return-restocked   sku, quantity, place, disposition, refund
    return-written-off sku, quantity, place, disposition, refund
    part-refund        sku, quantity, refund (nothing comes back)
    webhook-thrice     deliveries
    shop-down          shop, start, end, orders (all that are placed meanwhile)
    not-reordered      missing (units)

Refunds are in the customer's currency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from channels.demo import till
from channels.demo.catalogue import Item, pence
from channels.demo.people import BRIGHTON, NOTTINGHAM, ROTTERDAM, person
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE, Case, Outcome, PlannedOrder, Receipt, Stranger

CLOCK = "22461"
HAMPER = "84796B"
HAMPER_AT_SHOP = "84796-B"
FLOWERS = "22442"
LETTERS = "21359"
THROW = "46775D"
PARASOL = "21631"
CABIN_BAG = "22504"
MIRROR = "84976"
PLAQUE = "84631"
STAND = "21317"
CUSHION = "84907"
CHEESE_DISH = "85144"
ZINC_TRAY = "20851"
NURSES_BAG = "21054"
LETTER_RACK = "85064"
FLAG_CUSHION = "22785"
GNOME = "21128"
BEADS = "71038"
GOBLET = "22105"

SKUS = frozenset(
    {
        *(CLOCK, HAMPER, FLOWERS, LETTERS, THROW, PARASOL, CABIN_BAG, MIRROR, PLAQUE, STAND, CUSHION),
        *(CHEESE_DISH, ZINC_TRAY, NURSES_BAG, LETTER_RACK, FLAG_CUSHION, GNOME, BEADS, GOBLET),
    }
)
SHOP_DOWN = (10, "10:00", "13:00")


@dataclass
class Marked:
    """The cases as they are told below. ``at(day, "HH:MM")`` is a moment of the story, day 0 its first."""

    items: Mapping[str, Item]
    at: Callable[[int, str], datetime]
    orders: list[PlannedOrder] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    opening: dict[tuple[str, str], int] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    strangers: list[Stranger] = field(default_factory=list)

    def case(self, slug: str, title: str, words: str, *orders: PlannedOrder, **facts: Any) -> None:
        skus = {line.sku for order in orders for line in order.lines if line.known}
        if "maps_to" in facts:
            skus.add(facts["maps_to"])
        for order in orders:
            mark = f"case: {title}"
            self.orders.append(replace(order, case=slug, note=mark, tags=(mark,)))
        numbers = tuple(order.number for order in orders)
        self.cases.append(Case(slug, title, words, numbers, tuple(sorted(skus)), facts))

    def order(
        self,
        shop: str,
        number: str,
        when: tuple[int, str],
        who: str,
        country: str,
        basket: Mapping[str, int],
        *,
        city: str = "",
        outcome: Outcome = Outcome.DELIVERED,
        **more: Any,
    ) -> PlannedOrder:
        """``who`` ends up in the e-mail address. A stranger's SKU is sold as such."""
        strange = {stranger.sku: stranger for stranger in self.strangers}
        lines = tuple(
            till.line(
                shop,
                country,
                sku,
                self.items[strange[sku].item if sku in strange else sku].title,
                quantity,
                self.items[strange[sku].item if sku in strange else sku].price,
                known=sku not in strange,
            )
            for sku, quantity in basket.items()
        )
        return PlannedOrder(
            shop=shop,
            number=number,
            placed_at=self.at(*when),
            person=replace(person(f"case-{who}", country, city), company=""),
            currency=till.currency_of(shop, country),
            tax_rate=till.tax_rate(country),
            prices_include_tax=till.includes_tax(shop),
            lines=lines,
            shipping=till.shipping(shop, country, lines),
            outcome=outcome,
            **more,
        )

    def stock(self, sku: str, place: str, quantity: int) -> None:
        self.opening[sku, place] = quantity


def marked(items: Mapping[str, Item], at: Callable[[int, str], datetime]) -> Marked:
    """All cases. ``items`` must have ``SKUS``."""
    told = Marked(items, at)
    for tell in (
        _race,
        _unknown_item,
        _total_mismatch,
        _suspicious,
        _backorder,
        _split_shipment,
        _short_pick,
        _cancel,
        _lost_parcel,
        _return_restocked,
        _return_written_off,
        _part_refund,
        _webhook_thrice,
        _shop_down,
        _not_reordered,
    ):
        tell(told)
    return told


def _race(told: Marked) -> None:
    told.stock(CLOCK, NOTTINGHAM.code, 1)
    basket = {CLOCK: 1}
    told.case(
        "race",
        "two orders for the last piece",
        "One clock is left, and both shops sell it in the same second. One order gets it; the other waits, "
        "since the clock is not reordered.",
        told.order(WOOCOMMERCE, "900001", (1, "11:00"), "race-a", "GB", basket, outcome=Outcome.RACE),
        told.order(SHOPIFY, "900002", (1, "11:00"), "race-b", "GB", basket, outcome=Outcome.RACE),
        winners=1,
    )


def _unknown_item(told: Marked) -> None:
    told.strangers.append(Stranger(WOOCOMMERCE, HAMPER_AT_SHOP, told.items[HAMPER].title, HAMPER))
    told.stock(HAMPER, NOTTINGHAM.code, 5)
    told.stock(FLOWERS, NOTTINGHAM.code, 6)
    told.case(
        "unknown-item",
        "an item nobody knows",
        "The shop sells the hamper under a SKU of its own. The order comes in, the line is parked, the rest "
        "goes on; when a clerk has mapped the SKU, the hamper goes too.",
        told.order(
            WOOCOMMERCE, "900003", (1, "14:20"), "unknown-item", "GB", {FLOWERS: 2, HAMPER_AT_SHOP: 1}
        ),
        sku=HAMPER_AT_SHOP,
        maps_to=HAMPER,
        hold="unmapped_sku",
    )


def _total_mismatch(told: Marked) -> None:
    told.stock(LETTERS, NOTTINGHAM.code, 4)
    off = Decimal("5.00")
    told.case(
        "total-mismatch",
        "a total that does not add up",
        "The shop's total is five pounds more than its lines, tax and delivery. The order is held until "
        "somebody has looked and says that it may go.",
        told.order(WOOCOMMERCE, "900004", (2, "09:40"), "total-mismatch", "GB", {LETTERS: 1}, total_off=off),
        hold="total_mismatch",
        off=off,
    )


def _suspicious(told: Marked) -> None:
    told.stock(THROW, NOTTINGHAM.code, 30)
    told.stock(PARASOL, NOTTINGHAM.code, 30)
    told.case(
        "suspicious",
        "a suspicious order",
        "A first order of forty dear pieces: paid by somebody in one country, sent to another, "
        "and the shop's own check says high risk. A manager refuses it; the money goes back.",
        told.order(
            SHOPIFY,
            "900005",
            (2, "03:12"),
            "suspicious",
            "GB",
            {THROW: 20, PARASOL: 20},
            outcome=Outcome.CANCELLED,
            billing=person("case-suspicious-payer", "US"),
            channel_risk="high",
        ),
        hold="fraud_risk",
    )


def _backorder(told: Marked) -> None:
    receipt = Receipt(
        "Cabin bags at last", told.at(8, "09:30"), NOTTINGHAM.code, ((CABIN_BAG, 10),), "backorder"
    )
    told.receipts.append(receipt)
    told.case(
        "backorder",
        "a backorder served later",
        "There is no cabin bag when it is sold. A week later ten come in, and the order goes out.",
        told.order(SHOPIFY, "900006", (2, "10:30"), "backorder", "GB", {CABIN_BAG: 4}),
        receipt=receipt.name,
    )


def _split_shipment(told: Marked) -> None:
    told.stock(MIRROR, NOTTINGHAM.code, 12)
    told.stock(PLAQUE, ROTTERDAM.code, 8)
    told.case(
        "split-shipment",
        "a split shipment",
        "The mirrors lie only in Nottingham and the plaques only in Rotterdam: two parcels for one order.",
        told.order(WOOCOMMERCE, "900007", (3, "12:05"), "split-shipment", "GB", {MIRROR: 2, PLAQUE: 1}),
        shipments=2,
    )


def _short_pick(told: Marked) -> None:
    told.stock(STAND, NOTTINGHAM.code, 3)
    told.stock(STAND, BRIGHTON.code, 3)
    told.case(
        "short-pick",
        "a short pick",
        "The books say three at the first place, the picker finds one. The other two come from elsewhere.",
        told.order(SHOPIFY, "900008", (3, "15:45"), "short-pick", "GB", {STAND: 3}, city="Leicester"),
        found=1,
        missing=2,
    )


def _cancel(told: Marked) -> None:
    told.stock(CUSHION, NOTTINGHAM.code, 6)
    told.case(
        "cancel",
        "a cancel after allocation",
        "The shopper changes her mind when the stock is promised already. The promise is taken back and the "
        "cushions are for sale again.",
        told.order(
            WOOCOMMERCE, "900009", (4, "09:15"), "cancel", "GB", {CUSHION: 2}, outcome=Outcome.CANCELLED
        ),
        by="shopper",
    )


def _lost_parcel(told: Marked) -> None:
    told.stock(CHEESE_DISH, NOTTINGHAM.code, 5)
    order = told.order(
        SHOPIFY, "900010", (4, "13:30"), "lost-parcel", "GB", {CHEESE_DISH: 1}, outcome=Outcome.LOST
    )
    told.case(
        "lost-parcel",
        "a lost parcel",
        "The carrier has lost the parcel. The customer gets all the money back.",
        order,
        refund=order.total,
    )


def _return_restocked(told: Marked) -> None:
    told.stock(ZINC_TRAY, NOTTINGHAM.code, 6)
    order = told.order(SHOPIFY, "900011", (0, "10:10"), "return-restocked", "GB", {ZINC_TRAY: 2})
    told.case(
        "return-restocked",
        "a return restocked",
        "One of two trays comes back as new: back on the shelf, and its price back to the customer.",
        order,
        sku=ZINC_TRAY,
        quantity=1,
        place=NOTTINGHAM.code,
        disposition="restock",
        refund=_share(order, ZINC_TRAY, 1),
    )


def _return_written_off(told: Marked) -> None:
    told.stock(NURSES_BAG, NOTTINGHAM.code, 8)
    order = told.order(WOOCOMMERCE, "900012", (0, "11:25"), "return-written-off", "GB", {NURSES_BAG: 2})
    told.case(
        "return-written-off",
        "a return written off",
        "Both bags come back torn. The customer gets their price; the shop must not put them on its shelf.",
        order,
        sku=NURSES_BAG,
        quantity=2,
        place=NOTTINGHAM.code,
        disposition="write_off",
        refund=_share(order, NURSES_BAG, 2),
    )


def _part_refund(told: Marked) -> None:
    told.stock(LETTER_RACK, ROTTERDAM.code, 9)
    order = told.order(SHOPIFY, "900013", (0, "16:50"), "part-refund", "DE", {LETTER_RACK: 3})
    told.case(
        "part-refund",
        "a part refund",
        "One of three letter racks arrived scratched. The customer keeps it and gets its price, in euros.",
        order,
        sku=LETTER_RACK,
        quantity=1,
        refund=_share(order, LETTER_RACK, 1),
    )


def _webhook_thrice(told: Marked) -> None:
    told.stock(FLAG_CUSHION, NOTTINGHAM.code, 7)
    told.case(
        "webhook-thrice",
        "a webhook delivered three times",
        "The shop tells of the order three times. There is one order.",
        told.order(SHOPIFY, "900014", (7, "11:11"), "webhook-thrice", "GB", {FLAG_CUSHION: 1}),
        deliveries=3,
    )


def _shop_down(told: Marked) -> None:
    told.stock(GNOME, NOTTINGHAM.code, 10)
    day, start, end = SHOP_DOWN
    told.case(
        "shop-down",
        "a shop that is down for a while",
        "For three hours the shop answers nobody. What was bought meanwhile comes in when it is back.",
        told.order(WOOCOMMERCE, "900015", (day, "11:30"), "shop-down", "GB", {GNOME: 2}),
        shop=WOOCOMMERCE,
        start=told.at(day, start),
        end=told.at(day, end),
    )


def _not_reordered(told: Marked) -> None:
    told.case(
        "not-reordered",
        "waiting, since it is not reordered",
        "The candle holders are sold out and the buyer does not order them again. The orders wait for "
        "somebody to decide.",
        told.order(
            WOOCOMMERCE, "900016", (7, "09:05"), "not-reordered-a", "GB", {BEADS: 2}, outcome=Outcome.WAITING
        ),
        told.order(
            SHOPIFY, "900017", (9, "17:20"), "not-reordered-b", "FR", {GOBLET: 3}, outcome=Outcome.WAITING
        ),
        missing=5,
    )


def _share(order: PlannedOrder, sku: str, quantity: int) -> Decimal:
    """What ``quantity`` pieces of a line cost with tax, to the cent."""
    line = next(each for each in order.lines if each.sku == sku)
    return pence(line.gross * quantity / line.quantity)
