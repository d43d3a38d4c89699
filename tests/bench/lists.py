"""Pages of the console's order list and of the API at ten thousand, a hundred thousand and a million orders."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from oms.core.actors import Actor
from oms.core.console.listing import _encode
from oms.core.tokens import issue_token
from orders.models import Order
from tests.bench import world
from tests.bench.harness import say

SIZES, SLOWER, STATEMENTS, PAGE = (10_000, 100_000, 1_000_000), 1.5, 6, 1000
LIST = "/admin/orders/order/"
# What the session and the login cost on every page.
OWN = re.compile(r"django_session|auth_user|auth_permission|auth_group")

# Orders of a year, nine tenths of them long finished; every customer comes back now and then.
_ORDERS = """
INSERT INTO orders_order (state, number, source, external_id, external_number, placed_at, received_at, remote_updated_at,
    version, currency, shop_currency, total, shop_total, tax_total, prices_include_tax, email, phone, customer_name,
    shipping_address, billing_address, country, shipping_method, note, tags, channel_status, channel_facts, risk_reasons,
    payment_status, fulfillment_status, return_status)
SELECT CASE WHEN g %% 10 = 0 THEN 'open' WHEN g %% 97 = 0 THEN 'review' ELSE 'completed' END, 'L-' || g, 'shop', g, g,
    timestamptz '2025-11-01' + g * interval '30 seconds', now(), now(), 1, 'GBP', 'GBP', 24.93, 24.93, 3.32, false,
    'c' || (g * 7919 %% 100000) || '@example.com', '', 'Maria Kowalska', '{"city": "Leeds"}', '{}', 'GB', '', '', '[]', '',
    '{}', '[]', 'paid', 'fulfilled', ''
  FROM generate_series(%s::bigint, %s::bigint) g
"""
_LINES = """
INSERT INTO orders_orderline (order_id, demand_key, position, external_id, kind, item_id, sku, external_product_id,
    external_variant_id, title, requires_shipping, unit_price, net, tax, discount, shop_net, shop_tax, shop_discount,
    ordered, cancelled, unallocated, backordered, promised, released, picked, packed, shipped, delivered, returned)
SELECT o.id, gen_random_uuid(), n, n, 'item', 1 + (o.id * 13 + n * 17) %% %s, 'SKU' || n, '', '', 'Widget', true, 9.99,
    9.99, 1.66, 0, 9.99, 1.66, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0
  FROM orders_order o, generate_series(1, 2) n WHERE o.id BETWEEN %s AND %s
"""


def fill(upto: int) -> None:
    """Orders by hand-written SQL, up to so many: only the lists are measured on them."""
    have = Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET synchronous_commit = off")
        for start in range(have + 1, upto + 1, 100_000):
            end = min(upto, start + 99_999)
            cursor.execute(_ORDERS, [start, end])
            cursor.execute(_LINES, [world.ITEMS, start, end])
    world.settle()


def pages(client: Client, key: str, size: int) -> Mapping[str, Callable[[], Any]]:
    middle = Order.objects.get(pk=size // 2)
    deep = Order.objects.order_by("-placed_at", "-pk")[
        min(PAGE * 50, size // 2) : min(PAGE * 50, size // 2) + 1
    ][0]
    auth = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    return {
        "first page": lambda: client.get(LIST),
        "filtered": lambda: client.get(LIST, {"state": "open"}),
        f"page {PAGE}": lambda: client.get(LIST, {"after": _encode(deep, "placed_at")}),
        "by number": lambda: client.get(LIST, {"q": middle.number}),
        "by e-mail": lambda: client.get(LIST, {"q": middle.email}),
        "API, first page": lambda: client.get("/api/v1/orders", **auth),
    }


def of_orders(dsn: str, rounds: int, largest: int) -> bool:
    """Every page at every size: median time, statements besides session and user, and the growth from 10k on."""
    world.furnish()
    admin = User.objects.create_superuser(world.CLERK, password="bench-password-1")
    _, key = issue_token("bench", ["orders:read"], by=Actor.user(admin))
    client = Client(HTTP_HOST="localhost")
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    times: dict[str, dict[int, float]] = {}
    statements: dict[str, int] = {}
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        for size in (s for s in SIZES if s <= largest):
            fill(size)
            for name, get in pages(client, key, size).items():
                answer = get()
                if answer.status_code != 200:
                    raise AssertionError(f"{name}: {answer.status_code} {answer.content[:300]!r}")
                with CaptureQueriesContext(connection) as seen:
                    get()
                statements[name] = sum(not OWN.search(q["sql"]) for q in seen)
                times.setdefault(name, {})[size] = _median(get, 5 * rounds)
    ok = True
    for name, at in times.items():
        growth = at[max(at)] / at[min(at)]
        fine = growth <= SLOWER and statements[name] <= STATEMENTS
        ok &= say(
            f"list of orders: {name}", ours={f"{size:,}": 1000 * t for size, t in at.items()}, unit="ms", ratio=growth,
            bar=SLOWER, statements=statements[name], statements_bar=STATEMENTS, ok=fine,
            conditions="50 rows a page, HTML rendered, in process",
        )  # fmt: skip
    return ok


def _median(get: Callable[[], Any], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        get()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
