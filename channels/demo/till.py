"""What a shop asks for a basket: prices, VAT, currency and delivery of the story's two shops.

WooCommerce sells in GBP to everybody and shows prices with VAT; Shopify shows them without, in EUR to whoever
lives in a country of the euro, at a fixed rate, and books in GBP. Both charge the British VAT on parcels to
Great Britain and Northern Ireland and none on those that leave. Tax is rounded half up, once a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from channels.demo.catalogue import pence
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE, PlannedLine, PlannedShipping

EURO_COUNTRIES = frozenset(("AT BE CY DE ES FI FR GR IE IT LT MT NL PT").split())  # noqa: SIM905
EUROPE = EURO_COUNTRIES | {"CH", "CZ", "DK", "IS", "JE", "NO", "PL", "SE"}
EUR_PER_GBP = Decimal("1.17")
VAT = Decimal("0.20")
FREE_FROM = Decimal(100)
NOTHING = Decimal(0)


def currency_of(shop: str, country: str) -> str:
    return "EUR" if shop == SHOPIFY and country in EURO_COUNTRIES else "GBP"


def includes_tax(shop: str) -> bool:
    return shop == WOOCOMMERCE


def tax_rate(country: str) -> Decimal:
    return VAT if country == "GB" else NOTHING


def line(
    shop: str, country: str, sku: str, title: str, quantity: int, price: Decimal, known: bool = True
) -> PlannedLine:
    """A line at ``price`` in GBP, as the window of either shop shows it."""
    here, book = _prices(shop, country, price)
    net, tax = _taxed(shop, country, here * quantity)
    shop_net, shop_tax = _taxed(shop, country, book * quantity)
    return PlannedLine(sku, title, quantity, here, net, tax, book, shop_net, shop_tax, known)


def shipping(
    shop: str, country: str, goods: Sequence[PlannedLine], charged: Decimal | None = None
) -> PlannedShipping:
    """``charged`` in GBP where the file says what delivery cost; else by country, at home free from GBP
    100."""
    if charged is None:
        worth = sum((each.shop_unit_price * each.quantity for each in goods), NOTHING)
        if country == "GB":
            charged = NOTHING if worth >= FREE_FROM else Decimal("4.95")
        else:
            charged = Decimal("9.95") if country in EUROPE else Decimal("14.95")
    title = "Free delivery" if not charged else "Standard delivery" if country == "GB" else "International"
    here, book = _prices(shop, country, charged)
    net, tax = _taxed(shop, country, here)
    shop_net, shop_tax = _taxed(shop, country, book)
    return PlannedShipping(title, here, net, tax, book, shop_net, shop_tax)


def _prices(shop: str, country: str, price: Decimal) -> tuple[Decimal, Decimal]:
    book = pence(price)
    return (pence(book * EUR_PER_GBP) if currency_of(shop, country) == "EUR" else book), book


def _taxed(shop: str, country: str, shown: Decimal) -> tuple[Decimal, Decimal]:
    rate = tax_rate(country)
    if includes_tax(shop):
        net = pence(shown / (1 + rate))
        return net, shown - net
    return shown, pence(shown * rate)
