"""The books of all parties, read by plain SQL and by the parties' own accounts: nothing here asks our models.

``oversold`` reckons from the ledger and from what was carried in, not from the levels' own word alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import connection

from channels.demo.shapes import SHOPIFY, WOOCOMMERCE
from channels.demo.story.stage import Stage

Rows = list[tuple[Any, ...]]


def ask(sql: str, *params: Any) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def one(sql: str, *params: Any) -> int:
    return int(ask(sql, *params)[0][0] or 0)


# --- what has still to happen by itself -------------------------------------------------------------------

_UNFINISHED = """
    SELECT 'events', count(*) FROM core_outboxevent WHERE fanned_out_at IS NULL
    UNION ALL SELECT 'reactions', count(*) FROM core_delivery WHERE state = 'pending'
    UNION ALL SELECT 'messages', count(*) FROM core_inboundmessage WHERE state = 'received'
    UNION ALL SELECT 'notices', count(*) FROM core_outboundeffect WHERE state IN ('pending', 'sending')
    UNION ALL SELECT 'levels to send', count(*) FROM channels_listing
               WHERE state = 'active' AND desired_version > sent_version
"""


def unfinished() -> dict[str, int]:
    """What waits to be done by the system itself, by kind."""
    return {kind: count for kind, count in ask(_UNFINISHED) if count}


def stuck() -> dict[str, str]:
    """What waits for a person that the story knows nothing of, with the first one's words."""
    found = ask("""
        SELECT 'a message that cannot be read', detail FROM core_inboundmessage WHERE state = 'parked'
        UNION ALL SELECT 'a reaction that failed', detail FROM core_delivery WHERE state = 'parked'
        UNION ALL SELECT kind || ' that could not be sent', detail FROM core_outboundeffect WHERE state = 'failed'
    """)
    return dict(found)


# --- stock ------------------------------------------------------------------------------------------------


def on_hand() -> dict[str, int]:
    """Units by SKU over all places."""
    return dict(
        ask("SELECT i.sku, sum(l.on_hand)::int FROM inventory_stocklevel l JOIN inventory_item i ON i.id = l.item_id GROUP BY 1")
    )  # fmt: skip


def for_sale() -> dict[str, int]:
    """What may be sold, by SKU: on hand, not promised, not set aside."""
    return dict(
        ask("""SELECT i.sku, sum(greatest(0, l.on_hand - l.reserved - l.unavailable - l.safety_stock))::int
                 FROM inventory_stocklevel l JOIN inventory_item i ON i.id = l.item_id GROUP BY 1""")
    )  # fmt: skip


_MOVED = """
    SELECT i.sku,
           coalesce(sum(m.on_hand) FILTER (WHERE m.reason <> 'shipment'), 0)::int AS came,
           coalesce(-sum(m.on_hand) FILTER (WHERE m.reason = 'shipment'), 0)::int AS went
      FROM inventory_stockmovement m JOIN inventory_item i ON i.id = m.item_id GROUP BY 1
"""
_PROMISED = """
    SELECT i.sku, sum(r.quantity)::int FROM inventory_reservation r JOIN inventory_item i ON i.id = r.item_id
     WHERE r.state = 'firm' GROUP BY 1
"""
_BROKEN_LEVELS = """
    SELECT coalesce(sum(greatest(0, -on_hand, reserved + unavailable - on_hand)), 0)::int FROM inventory_stocklevel
"""


def oversold(stage: Stage) -> int:
    """Units sold that are not there, the worst of three reckonings: by our ledger and our promises; by our
    levels; and by what the shops say was sent, against what was carried in."""
    promised: dict[str, int] = dict(ask(_PROMISED))
    by_ledger = sum(max(0, went + promised.get(sku, 0) - came) for sku, came, went in ask(_MOVED)) + sum(
        units for sku, units in promised.items() if sku not in {row[0] for row in ask(_MOVED)}
    )
    by_levels = one(_BROKEN_LEVELS)
    carried_in: Counter[str] = Counter()
    for (sku, _), units in stage.plan.opening.items():
        carried_in[sku] += units
    for receipt in stage.plan.receipts:
        carried_in.update(dict(receipt.lines))
    for case in stage.plan.cases:
        if case.facts.get("disposition") == "restock":
            carried_in[case.facts["sku"]] += case.facts["quantity"]
    by_shops = sum(max(0, units - carried_in[sku]) for sku, units in sent_by_shops(stage).items())
    return max(by_ledger, by_levels, by_shops)


_LEDGER_DIFFERS = """
    SELECT i.sku, p.code, coalesce(l.on_hand, 0), coalesce(m.n, 0)
      FROM inventory_stocklevel l
      FULL JOIN (SELECT item_id, location_id, sum(on_hand)::int AS n FROM inventory_stockmovement GROUP BY 1, 2) m
           USING (item_id, location_id)
      JOIN inventory_item i ON i.id = item_id JOIN inventory_location p ON p.id = location_id
     WHERE coalesce(l.on_hand, 0) <> coalesce(m.n, 0)
"""
_PROMISES_DIFFER = """
    SELECT i.sku, p.code, l.reserved, coalesce(r.n, 0)
      FROM inventory_stocklevel l
      LEFT JOIN (SELECT item_id, location_id, sum(quantity)::int AS n FROM inventory_reservation
                  WHERE state = 'firm' GROUP BY 1, 2) r USING (item_id, location_id)
      JOIN inventory_item i ON i.id = item_id JOIN inventory_location p ON p.id = location_id
     WHERE l.reserved <> coalesce(r.n, 0)
"""


def books_that_differ() -> list[str]:
    """Levels that are not the sum of their movements, or not what is promised from them."""
    found = [
        f"{sku} at {place}: {level} on hand, {moved} by the ledger"
        for sku, place, level, moved in ask(_LEDGER_DIFFERS)
    ]
    return found + [f"{sku} at {place}: {level} reserved, {held} promised" for sku, place, level, held in ask(_PROMISES_DIFFER)]  # fmt: skip


# --- the shops' own books ---------------------------------------------------------------------------------


def ours(stage: Stage, shop: str) -> dict[str, str]:
    """The shop's SKU -> ours, where they differ."""
    return {each.sku: each.item for each in stage.plan.strangers if each.shop == shop}


def stock_at(stage: Stage, shop: str) -> dict[str, int]:
    """What the shop believes to have, by our SKU."""
    name = ours(stage, shop)
    books = stage.shop(shop).records()
    if shop == WOOCOMMERCE:
        return {name.get(p["sku"], p["sku"]): int(p["stock_quantity"] or 0) for p in books["products"]}
    return {name.get(sku, sku): int(row["available"]) for sku, row in books["stock"].items()}


def stock_differences(stage: Stage) -> dict[str, list[str]]:
    """By shop: the SKUs of which it shows another number than we have to sell."""
    have = for_sale()
    return {
        shop: [f"{sku}: {units}, not {have.get(sku, 0)}" for sku, units in stock_at(stage, shop).items() if units != have.get(sku, 0)]
        for shop in (WOOCOMMERCE, SHOPIFY)
    }  # fmt: skip


def sent_by_shops(stage: Stage) -> Counter[str]:
    """Units that the shops were told of as sent, by our SKU."""
    sent: Counter[str] = Counter()
    name = ours(stage, WOOCOMMERCE)
    for order in stage.woocommerce.records()["orders"]:
        if order["status"] == "completed":
            for line in order["lines"]:
                sent[name.get(line["sku"], line["sku"])] += line["quantity"]
    name = ours(stage, SHOPIFY)
    for order in stage.shopify.records()["orders"]:
        for line in order["lines"]:
            sent[name.get(line["sku"], line["sku"])] += line["fulfilled"]
    return sent


def parcels_told(stage: Stage) -> dict[str, list[str]]:
    """Tracking numbers that each order's shop was told, with doubles, by our order number."""
    told: dict[str, list[str]] = {}
    for order in stage.woocommerce.records()["orders"]:
        told[f"W-{order['number']}"] = [row["tracking_number"] for row in order["trackings"]]
    for order in stage.shopify.records()["orders"]:
        told[f"S-{order['number']}"] = [
            track["number"] if isinstance(track, dict) else track
            for parcel in order["fulfillments"]
            for track in (
                parcel["tracking"] if isinstance(parcel["tracking"], list) else [parcel["tracking"]]
            )
        ]
    return told


_PARCELS = """
    SELECT o.number, s.tracking_number FROM fulfillment_shipment s
      JOIN fulfillment_fulfillmentorder w ON w.id = s.fulfillment_order_id JOIN orders_order o ON o.id = w.order_id
     WHERE s.shipped_at IS NOT NULL
"""


def notices_that_differ(stage: Stage) -> list[str]:
    """Parcels that a shop was not told of, or told of twice."""
    sent: dict[str, list[str]] = defaultdict(list)
    for number, tracking in ask(_PARCELS):
        sent[number].append(tracking)
    told = parcels_told(stage)
    return [
        f"{number}: sent {sorted(sent[number])}, the shop was told {sorted(told.get(number, []))}"
        for number in sorted({*sent, *told})
        if sorted(sent[number]) != sorted(told.get(number, []))
    ]


def refunds_at_shops(stage: Stage) -> dict[str, list[Decimal]]:
    """What each shop paid back, refund by refund, by the plan's order number."""
    paid: dict[str, list[Decimal]] = {}
    for shop in (WOOCOMMERCE, SHOPIFY):
        for order in stage.shop(shop).records()["orders"]:
            amounts = [abs(Decimal(refund["amount"])) for refund in order["refunds"]]
            if amounts := [amount for amount in amounts if amount]:
                paid[str(order["number"])] = amounts
    return paid


def labels_that_differ(stage: Stage) -> list[str]:
    """Labels that the carrier sold us and that are on no parcel of ours (or the other way round)."""
    bought = {
        row["tracking_code"]
        for row in stage.easypost.records()["shipments"]
        if row["tracking_code"] and row["refund_status"] is None
    }
    used = {tracking for _, tracking in ask(_PARCELS)}
    return [f"{code} was paid for and is on no parcel" for code in sorted(bought - used)] + [
        f"{code} is on a parcel and the carrier knows nothing of it" for code in sorted(used - bought)
    ]


def figures() -> Mapping[str, int]:
    """The story's counts of orders, units and messages."""
    return {
        "orders_received": one("SELECT count(*) FROM orders_order"),
        "orders_held": one("SELECT count(DISTINCT order_id) FROM orders_hold"),
        "orders_allocated": one("""SELECT count(DISTINCT l.order_id) FROM orders_orderline l JOIN inventory_reservation r
                                     ON r.demand_key = l.demand_key WHERE r.location_id IS NOT NULL"""),
        "orders_backordered": one("""SELECT count(DISTINCT l.order_id) FROM orders_orderline l JOIN inventory_reservation r
                                       ON r.demand_key = l.demand_key WHERE r.location_id IS NULL"""),
        "orders_still_waiting": one("SELECT count(DISTINCT order_id) FROM orders_orderline WHERE backordered > 0"),
        "orders_shipped": one("SELECT count(DISTINCT order_id) FROM orders_orderline WHERE shipped > 0"),
        "orders_delivered": one("SELECT count(*) FROM orders_order WHERE fulfillment_status = 'delivered'"),
        "orders_cancelled": one("SELECT count(*) FROM orders_order WHERE state = 'cancelled'"),
        "orders_returned": one("SELECT count(DISTINCT order_id) FROM orders_orderline WHERE returned > 0"),
        "orders_refunded": one("SELECT count(DISTINCT order_id) FROM orders_refund WHERE state = 'succeeded'"),
        "parcels_lost": one("SELECT count(*) FROM fulfillment_shipment WHERE state = 'lost'"),
        "stock_pushes_sent": one("SELECT count(*) FROM channels_stockpush WHERE outcome = 'sent'"),
        "stock_pushes_confirmed": one("SELECT count(*) FROM channels_stockpush WHERE confirmed_at IS NOT NULL"),
    }  # fmt: skip
