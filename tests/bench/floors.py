"""The floors: hand-written SQL on the same database. One writes thin rows, one the very rows that our actions write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from oms.core.ids import uuid7
from orders.drafts import OrderDraft
from tests.bench import world


def built() -> bool:
    """Whether this database is the bench's own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('floor') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def remove() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA floor CASCADE")


def build() -> None:
    """The thin tables and functions, with as much stock as ours."""
    sql = (Path(__file__).parent / "floor.sql").read_text()
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute(
            "INSERT INTO floor.stock SELECT n, %s FROM generate_series(1, %s) n", [world.PLENTY, world.ITEMS]
        )


def place(line: psycopg.Connection[Any], basket: Sequence[tuple[int, int]], email: str) -> None:
    """One thin order, in one call."""
    basket = sorted(basket)
    line.execute(
        "SELECT floor.place(%s::text, %s::int[], %s::int[], %s::numeric[])",
        [email, [b[0] for b in basket], [b[1] for b in basket], ["9.99"] * len(basket)],
    )


def place_hot(line: psycopg.Connection[Any], email: str) -> bool:
    found = line.execute("SELECT floor.place_hot(%s::text, 1, 9.99)", [email]).fetchone()
    return bool(found and found[0])


def place_same_rows(
    line: psycopg.Connection[Any], drafts: Sequence[OrderDraft], items: dict[str, int]
) -> None:
    """Orders, lines, charges, payments, reservations, levels, journal and outbox as ``place_orders`` writes them,
    each table in one statement of arrays."""
    with line.transaction():
        _same_rows(line, drafts, items)


def _same_rows(line: psycopg.Connection[Any], drafts: Sequence[OrderDraft], items: dict[str, int]) -> None:
    count = len(drafts)
    home = json.dumps(asdict(drafts[0].shipping_address))
    facts = json.dumps({"risk": "", "customer": "", "customer_orders": None, "missing": [], "test": False})
    ids = [row[0] for row in line.execute(
        "INSERT INTO orders_order (state, number, source, external_id, external_number, placed_at, received_at,"
        " remote_updated_at, version, currency, shop_currency, total, shop_total, tax_total, prices_include_tax, email,"
        " phone, customer_name, shipping_address, billing_address, country, shipping_method, note, tags,"
        " channel_status, channel_facts, risk_reasons, payment_status, fulfillment_status, return_status)"
        " SELECT 'received', 'S-' || n, 'shop', n, n, at, now(), at, 1, 'GBP', 'GBP', total, total, tax, false, email,"
        " %s, %s, %s::jsonb, %s::jsonb, 'GB', '', '', '[]', '', %s::jsonb, '[]', 'paid', 'unfulfilled', ''"
        " FROM unnest(%s::text[], %s::timestamptz[], %s::numeric[], %s::numeric[], %s::text[]) AS t(n, at, total, tax, email)"
        " RETURNING id",
        [drafts[0].phone, drafts[0].customer_name, home, home, facts, [d.external_id for d in drafts],
         [d.placed_at for d in drafts], [d.total.customer for d in drafts], ["0.99"] * count, [d.email for d in drafts]],
    )]  # fmt: skip
    lines: list[tuple[int, UUID, str, int, str, str, int, Any, Any]] = []
    wanted: Counter[int] = Counter()
    for order_id, d in zip(ids, drafts, strict=True):
        for x in d.lines:
            item = items[x.sku]
            wanted[item] += x.quantity
            lines.append(
                (
                    order_id,
                    uuid7(),
                    x.external_id,
                    item,
                    x.sku,
                    x.title,
                    x.quantity,
                    x.net.customer,
                    x.tax.customer,
                )
            )
    needed = sorted(wanted)
    free = line.execute(
        "SELECT item_id, location_id, on_hand - reserved - unavailable - safety_stock FROM inventory_stocklevel"
        " WHERE item_id = ANY(%s) ORDER BY item_id, location_id FOR UPDATE",
        [needed],
    ).fetchall()
    if {row[0] for row in free if row[2] >= wanted[row[0]]} != set(needed):
        raise AssertionError("the floor ran out of stock")
    place = free[0][1]
    line.execute(
        "UPDATE inventory_stocklevel l SET reserved = l.reserved + w.q, changed_at = now()"
        " FROM unnest(%s::bigint[], %s::int[]) AS w(item, q) WHERE l.item_id = w.item AND l.location_id = %s"
        " AND l.on_hand >= l.reserved + l.unavailable + w.q",
        [needed, [wanted[i] for i in needed], place],
    )
    columns = list(zip(*lines, strict=True))
    line.execute(
        "INSERT INTO orders_orderline (order_id, demand_key, position, external_id, kind, item_id, sku,"
        " external_product_id, external_variant_id, title, requires_shipping, unit_price, net, tax, discount, shop_net,"
        " shop_tax, shop_discount, ordered, cancelled, unallocated, backordered, promised, released, picked, packed,"
        " shipped, delivered, returned)"
        " SELECT o, k, 1, x, 'item', i, s, i::text, i::text, t, true, 9.99, net, tax, 0, net, tax, 0, q, 0, 0, 0, q,"
        " 0, 0, 0, 0, 0, 0"
        " FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::int[],"
        " %s::numeric[], %s::numeric[]) AS l(o, k, x, i, s, t, q, net, tax)",
        [list(column) for column in columns],
    )
    line.execute(
        "INSERT INTO inventory_reservation (state, demand_key, item_id, location_id, quantity, promised_at, created_at)"
        " SELECT 'firm', k, i, %s, q, now(), now() FROM unnest(%s::uuid[], %s::bigint[], %s::int[]) AS r(k, i, q)",
        [place, list(columns[1]), list(columns[3]), list(columns[6])],
    )
    line.execute(
        "INSERT INTO orders_ordercharge (order_id, external_id, kind, code, title, net, tax, discount, shop_net, shop_tax)"
        " SELECT o, '', 'shipping', '', 'Post', 4.95, 0.99, 0, 4.95, 0.99 FROM unnest(%s::bigint[]) AS o",
        [ids],
    )
    line.execute(
        "INSERT INTO orders_paymenttransaction (order_id, external_id, kind, status, amount, currency, shop_amount,"
        " gateway, at, recorded_at) SELECT o, 'pay', 'capture', 'succeeded', t, 'GBP', t, '', now(), now()"
        " FROM unnest(%s::bigint[], %s::numeric[]) AS p(o, t)",
        [ids, [d.total.customer for d in drafts]],
    )
    subjects = [f"order:{pk}" for pk in ids]
    line.execute(
        "INSERT INTO core_journalentry (actor, verb, subject, thread, words, before, after, data, at)"
        " SELECT 'system', 'place', s, s, 'Order ' || s || ' came from shop; 4 pieces promised.', '', 'received', '{}', now()"
        " FROM unnest(%s::text[]) AS s",
        [subjects],
    )
    line.execute(
        "INSERT INTO core_outboxevent (topic, subject, payload, actor, at)"
        " SELECT 'orders.placed', s, jsonb_build_object('order_id', o), 'system', now()"
        " FROM unnest(%s::text[], %s::bigint[]) AS t(s, o)",
        [subjects, ids],
    )
    for start in range(0, len(needed), 100):
        part = needed[start : start + 100]
        line.execute(
            "INSERT INTO core_outboxevent (topic, subject, payload, actor, at)"
            " VALUES ('inventory.changed', 'stock', %s, 'system', now())",
            [json.dumps({"item_ids": part, "freed": False})],
        )
