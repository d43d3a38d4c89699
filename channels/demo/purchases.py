"""A planned order as the shopper's side of each simulated shop wants it. Pure: dataclasses in, JSON out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from channels.demo.catalogue import Item
from channels.demo.people import Person
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE, PlannedOrder, Stranger
from channels.demo.till import EUR_PER_GBP

Args = dict[str, Any]


def purchase(order: PlannedOrder) -> Args:
    """The arguments of ``place`` at the order's own shop."""
    return _PLACE[order.shop](order)


def products(
    shop: str, items: Mapping[str, Item], strangers: Iterable[Stranger], last_pieces: frozenset[str]
) -> list[Args]:
    """What a shop sells: all items, those it calls by a name of its own, each with nothing in stock until it
    is told, and on backorder but for the ``last_pieces``."""
    strange = {each.item: each for each in strangers if each.shop == shop}
    sold = []
    for sku, item in items.items():
        name = strange[sku].sku if sku in strange else sku
        weight = (
            {"weight": f"{item.weight_g / 1000:g}"} if shop == WOOCOMMERCE else {"weight_g": item.weight_g}
        )
        sold.append(
            {
                "sku": name, "name": item.title, "price": str(item.price), "stock": 0, **weight,
                # A stranger has no barcode there, or it would be known by it.
                "barcode": "" if sku in strange else item.barcode, "backorders": sku not in last_pieces,
            }
        )  # fmt: skip
    return sold


def _at_woocommerce(order: PlannedOrder) -> Args:
    asked: Args = {
        "number": order.number, "placed_at": order.placed_at.isoformat(), "email": order.person.email,
        "payment": "paid", "currency": order.currency, "tax_rate": str(order.tax_rate * 100), "note": order.note,
        "shipping_address": _wordpress(order.person), "billing_address": _wordpress(order.billing or order.person),
        "lines": [
            {"sku": line.sku, "name": line.title, "quantity": line.quantity, "price": str(line.unit_price)}
            for line in order.lines
        ],
        "shipping": {"title": order.shipping.title, "total": str(order.shipping.price)},
    }  # fmt: skip
    if order.total_off:
        asked["wrong_total"] = str(order.total)
    return asked


def _wordpress(person: Person) -> Args:
    at = person.address
    return {
        "first_name": person.first_name, "last_name": person.last_name, "company": person.company,
        "address_1": at.line1, "address_2": at.line2, "city": at.city, "state": at.region, "postcode": at.postcode,
        "country": at.country, "phone": person.phone,
    }  # fmt: skip


def _at_shopify(order: PlannedOrder) -> Args:
    asked: Args = {
        "number": int(order.number), "placed_at": order.placed_at.isoformat(), "email": order.person.email,
        "payment": "paid", "currency": order.currency, "taxes_included": order.prices_include_tax,
        "tax_rate": str(order.tax_rate), "note": order.note, "tags": list(order.tags),
        "shipping_address": _storefront(order.person), "billing_address": _storefront(order.billing or order.person),
        "lines": [
            {"sku": line.sku, "title": line.title, "quantity": line.quantity, "price": str(line.unit_price)}
            for line in order.lines
        ],
        "shipping": {"title": order.shipping.title, "price": str(order.shipping.price)},
    }  # fmt: skip
    if order.currency != order.shop_currency:
        asked["rate"] = str(EUR_PER_GBP)
    if order.channel_risk:
        asked["risk"] = order.channel_risk
    if order.total_off:
        asked["wrong_total"] = str(order.total_off)
    return asked


def _storefront(person: Person) -> Args:
    at = person.address
    return {
        "first_name": person.first_name, "last_name": person.last_name, "company": person.company or None,
        "address1": at.line1, "address2": at.line2 or None, "city": at.city, "province_code": at.region or None,
        "zip": at.postcode, "country_code": at.country, "phone": person.phone,
    }  # fmt: skip


_PLACE = {WOOCOMMERCE: _at_woocommerce, SHOPIFY: _at_shopify}
