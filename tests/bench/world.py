"""What the workloads stand on: a thousand items with stock, orders for them, and what a shop says of an order."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

from channels.models import ChannelAccount
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.models import Item, Location
from oms.core.actors import SYSTEM
from oms.core.ledger import may_erase
from orders.drafts import AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft
from orders.models import Order

CLERK = "bench"
ITEMS = 1000
PLENTY = 1_000_000
KEPT = {"django_migrations", "django_content_type", "auth_permission", "fulfillment_shelfreason"}
PLACES = (
    ("NORTH", "Leeds", "LS1 4AP", 53.80, -1.55),
    ("MIDDLE", "Nottingham", "NG1 1AA", 52.95, -1.15),
    ("SOUTH", "Brighton", "BN1 1AA", 50.82, -0.14),
)
HOME = AddressDraft(name="Maria Kowalska", line1="12 High Street", city="Leeds", postcode="LS1 4AP", country="GB",
                    phone="+44 113 496 0000")  # fmt: skip
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def is_ours(*, marked: bool) -> bool:
    """Whether nobody works with this database: no people, no channels, no goods, no orders but those that the bench
    left where it has ``marked`` the database. Nobody can begin to work with it before there is a person."""
    if marked:
        return not User.objects.exclude(username=CLERK).exists()
    return not any(model.objects.exists() for model in (User, ChannelAccount, Item, Order))


def empty() -> None:
    """Every table of ours, empty."""
    tables = [t for t in connection.introspection.table_names() if t not in KEPT]
    with transaction.atomic(), may_erase(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")


def furnish(places: int = 1, *, items: int = ITEMS, pieces: int = PLENTY) -> dict[str, int]:
    """Empty tables, ``items`` items with stock at this many places, one shop; returns item ids by SKU."""
    empty()
    made = Item.objects.bulk_create(
        [
            Item(sku=f"SKU{n:05d}", name=f"Widget number {n}", weight_g=200 + n % 700)
            for n in range(1, items + 1)
        ]
    )
    for rank, (code, city, postcode, latitude, longitude) in enumerate(PLACES[:places], 1):
        place = Location.objects.create(
            code=code, name=city, line1="1 Dock Road", city=city, postcode=postcode, country="GB", rank=rank,
            latitude=latitude, longitude=longitude,
        )  # fmt: skip
        arrived = [Arrived(it.pk, pieces) for it in made]
        receive_goods(
            location_id=place.pk, arrived=arrived, reference="opening", key=f"open-{code}", by=SYSTEM
        )
    ChannelAccount.objects.create(slug="shop", name="Shop", kind="woocommerce", base_url="http://127.0.0.1:9",
                                  order_prefix="S", credentials={"consumer_key": "ck_bench", "consumer_secret": "cs_bench"})  # fmt: skip
    call_command("sync_schedule", verbosity=0)
    settle()
    return {it.sku: it.pk for it in made}


def settle() -> None:
    """Fresh statistics, and no vacuum that starts in the midst of a round."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def baskets(count: int, seed: int, lines: int = 2) -> list[list[tuple[int, int]]]:
    """``count`` orders of (number of the item, quantity), each item once an order."""
    chance = random.Random(seed)
    return [
        [(n, chance.randint(1, 3)) for n in chance.sample(range(1, ITEMS + 1), lines)] for _ in range(count)
    ]


def draft(basket: Sequence[tuple[int, int]]) -> OrderDraft:
    """Paid, 20 % tax on top, shipping; a customer who orders for the first time."""
    n = next(_numbers)
    at = START + timedelta(seconds=n)
    price = Decimal("9.99")
    parts = tuple(
        LineDraft(
            external_id=f"{n}-{i}", title=f"Widget number {item}", quantity=q, sku=f"SKU{item:05d}", unit_price=price,
            net=Amount.same(price * q), tax=Amount.same((price * q / 5).quantize(Decimal("0.01"))),
            external_product_id=str(item), external_variant_id=str(item),
        )
        for i, (item, q) in enumerate(basket, 1)
    )  # fmt: skip
    charges = (ChargeDraft("shipping", "Post", Amount.same(Decimal("4.95")), Amount.same(Decimal("0.99"))),)
    total = sum((p.net + p.tax for p in (*parts, *charges)), Amount.same(Decimal(0)))
    return OrderDraft(
        source="shop", external_id=f"{n}", number=f"{n}", placed_at=at, updated_at=at, currency="GBP",
        shop_currency="GBP", total=total, lines=parts, charges=charges,
        payments=(PaymentDraft(f"pay-{n}", "capture", "succeeded", total, at),), email=f"c{n}@example.org",
        customer_name=HOME.name, phone=HOME.phone, shipping_address=HOME, billing_address=HOME,
    )  # fmt: skip


def payload(basket: Sequence[tuple[int, int]]) -> tuple[str, datetime, bytes]:
    """The same as WooCommerce tells it: id, time of the last change, body as the adapter keeps it."""
    n = next(_numbers)
    at = START + timedelta(seconds=n)
    address = {"first_name": "Maria", "last_name": "Kowalska", "company": "", "address_1": "12 High Street",
               "address_2": "", "city": "Leeds", "state": "", "postcode": "LS1 4AP", "country": "GB"}  # fmt: skip
    lines, total = [], Decimal("5.94")
    for i, (item, quantity) in enumerate(basket, 1):
        net = Decimal("9.99") * quantity
        tax = (net / 5).quantize(Decimal("0.01"))
        total += net + tax
        lines.append(
            {"id": n * 10 + i, "name": f"Widget number {item}", "product_id": item, "variation_id": 0,
             "quantity": quantity, "tax_class": "", "subtotal": str(net), "subtotal_tax": str(tax), "total": str(net),
             "total_tax": str(tax), "taxes": [{"id": 1, "total": str(tax), "subtotal": str(tax)}], "meta_data": [],
             "sku": f"SKU{item:05d}", "price": 9.99, "image": {"id": "", "src": ""}, "parent_name": None}
        )  # fmt: skip
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S")
    order: dict[str, Any] = {
        "id": n, "parent_id": 0, "status": "processing", "currency": "GBP", "version": "9.4.2",
        "prices_include_tax": False, "date_created": stamp, "date_created_gmt": stamp, "date_modified": stamp,
        "date_modified_gmt": stamp, "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": "4.95",
        "shipping_tax": "0.99", "cart_tax": "0.00", "total": str(total), "total_tax": "0.00", "customer_id": n,
        "order_key": f"wc_order_{n}", "billing": {**address, "email": f"c{n}@example.org", "phone": "+44 113 496 0000"},
        "shipping": {**address, "phone": ""}, "payment_method": "stripe", "payment_method_title": "Card",
        "transaction_id": f"pi_{n}", "customer_ip_address": "203.0.113.7", "customer_user_agent": "Mozilla/5.0",
        "created_via": "checkout", "customer_note": "", "date_paid_gmt": stamp, "date_completed_gmt": None,
        "number": str(n), "meta_data": [{"id": k, "key": f"_plugin_{k}", "value": "x" * 40} for k in range(12)],
        "line_items": lines, "tax_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": [],
        "shipping_lines": [{"id": n * 10, "method_title": "Post", "method_id": "flat_rate", "instance_id": "1",
                            "total": "4.95", "total_tax": "0.99", "taxes": [], "meta_data": []}],
    }  # fmt: skip
    return str(n), at, json.dumps({"order": order, "refunds": []}, separators=(",", ":")).encode()
