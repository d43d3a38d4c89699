"""What a replay came to, read from the books by plain SQL that shares nothing with the actions that wrote
them, and the laws that must hold at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from channels.demo.replay_house import SLUG
from channels.demo.story.books import figures
from inventory.actions.reconcile import reconcile_stock

_UNITS = """
SELECT coalesce(sum(ordered), 0) AS ordered, coalesce(sum(promised + released + picked + packed + shipped), 0),
       coalesce(sum(backordered), 0), coalesce(sum(shipped), 0), coalesce(sum(delivered), 0),
       coalesce(sum(returned), 0), coalesce(sum(cancelled), 0)
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE o.source = %(source)s
"""
_OF_UNITS = ("ordered", "allocated", "backordered", "shipped", "delivered", "returned", "cancelled")

_TOTAL = "SELECT coalesce(sum(total), 0) FROM orders_order WHERE source = %(source)s"

_COUNTERS = """
SELECT count(*) FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
 WHERE o.source = %(source)s AND (
       ordered <> cancelled + unallocated + backordered + promised + released + picked + packed + shipped
       OR delivered > shipped OR returned > shipped OR unallocated > 0)
"""

# A shelf is oversold by as much as its ledger ever stood below zero, or as more is promised from it (or set
# aside on it) than it holds now. The levels and their guards are not asked.
OVERSOLD = """
WITH ledger AS (
    SELECT item_id, location_id, on_hand, unavailable,
           sum(on_hand) OVER (PARTITION BY item_id, location_id ORDER BY id) AS standing
      FROM inventory_stockmovement
), shelf AS (
    SELECT item_id, location_id, least(0, min(standing)) AS lowest, sum(on_hand) - sum(unavailable) AS left_over
      FROM ledger GROUP BY 1, 2
), promised AS (
    SELECT item_id, location_id, sum(quantity) AS units
      FROM inventory_reservation WHERE state = 'firm' GROUP BY 1, 2
)
SELECT coalesce(sum(greatest(-coalesce(s.lowest, 0), coalesce(p.units, 0) - coalesce(s.left_over, 0), 0)), 0)
  FROM shelf s FULL JOIN promised p USING (item_id, location_id)
"""

# Units that left by the ledger, by the parcels and by the lines' counters must be the same, line by line.
_SHIPPED_OTHERWISE = """
WITH ledger AS (
    SELECT demand_key, -sum(on_hand) AS units FROM inventory_stockmovement WHERE reason = 'shipment' GROUP BY 1
), parcels AS (
    SELECT f.order_line_id, sum(p.quantity) AS units
      FROM fulfillment_parcelline p JOIN fulfillment_fulfillmentline f ON f.id = p.line_id
      JOIN fulfillment_shipment s ON s.id = p.shipment_id WHERE s.shipped_at IS NOT NULL GROUP BY 1
), held AS (
    SELECT demand_key, sum(quantity) FILTER (WHERE state = 'firm') AS firm,
           sum(quantity) FILTER (WHERE state = 'backordered') AS waiting,
           sum(quantity) FILTER (WHERE state = 'consumed') AS used
      FROM inventory_reservation GROUP BY 1
)
SELECT count(*)
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id AND o.source = %(source)s
  LEFT JOIN ledger g ON g.demand_key = l.demand_key LEFT JOIN parcels p ON p.order_line_id = l.id
  LEFT JOIN held h ON h.demand_key = l.demand_key
 WHERE l.shipped <> coalesce(g.units, 0) OR l.shipped <> coalesce(p.units, 0) OR l.shipped <> coalesce(h.used, 0)
    OR l.backordered <> coalesce(h.waiting, 0)
    OR l.promised + l.released + l.picked + l.packed <> coalesce(h.firm, 0)
"""

# Money: what was paid back is never more than what was paid, order by order.
_OVERPAID = """
SELECT count(*) FROM (
    SELECT r.order_id FROM orders_refund r JOIN orders_order o ON o.id = r.order_id
     WHERE o.source = %(source)s AND r.state <> 'cancelled' GROUP BY 1
    HAVING sum(r.amount) > (SELECT coalesce(sum(amount), 0) FROM orders_paymenttransaction t
                             WHERE t.order_id = r.order_id AND t.kind = 'external_paid' AND t.status = 'succeeded')) x
"""

_LEFT_OVER = {
    "deliveries_unfinished": "SELECT count(*) FROM core_delivery WHERE state <> 'done'",
    "events_untold": "SELECT count(*) FROM core_outboxevent WHERE fanned_out_at IS NULL",
    "payloads_unfinished": "SELECT count(*) FROM core_inboundmessage"
    " WHERE source = %(source)s AND state NOT IN ('done', 'superseded')",
    "refunds_unsettled": "SELECT count(*) FROM orders_refund r JOIN orders_order o ON o.id = r.order_id"
    " WHERE o.source = %(source)s AND r.state NOT IN ('succeeded', 'cancelled')",
    "returns_open": "SELECT count(*) FROM returns_return r JOIN orders_order o ON o.id = r.order_id"
    " WHERE o.source = %(source)s AND r.state NOT IN ('closed', 'declined', 'cancelled')",
    "work_unfinished": "SELECT count(*) FROM fulfillment_fulfillmentorder w JOIN orders_order o ON o.id = w.order_id"
    " WHERE o.source = %(source)s AND w.state NOT IN ('shipped', 'cancelled')",
}

# An open order that is not wholly sent must have a reason with a name: it waits for stock, or it is held.
_WITHOUT_REASON = """
SELECT count(*) FROM orders_order o
 WHERE source = %(source)s AND state NOT IN ('completed', 'cancelled')
   AND NOT EXISTS (SELECT 1 FROM orders_orderline l WHERE l.order_id = o.id AND l.backordered > 0)
   AND NOT EXISTS (SELECT 1 FROM orders_hold h WHERE h.order_id = o.id AND h.state = 'active')
"""


@dataclass
class Read:
    """What the file said, added up while it was read: the other side of every comparison."""

    numbers: set[str] = field(default_factory=set)
    units: int = 0
    total: Decimal = Decimal(0)
    matched_units: int = 0


def ask(sql: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"source": SLUG})
        row: tuple[Any, ...] = cursor.fetchone()
        return row


def summary() -> dict[str, int]:
    """The story's figures, and how many units went how far."""
    units = {f"units_{name}": int(count) for name, count in zip(_OF_UNITS, ask(_UNITS), strict=True)}
    return {**figures(), **units, "units_oversold": int(ask(OVERSOLD)[0])}


def broken_laws(read: Read, found: Mapping[str, int]) -> dict[str, int]:
    """The laws that do not hold, and by how much; empty when all is well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT external_id FROM orders_order WHERE source = %s", [SLUG])
        stored = [row[0] for row in cursor.fetchall()]
    laws = {
        "units_oversold": found["units_oversold"],
        "levels_unlike_their_ledger": reconcile_stock(),
        "orders_lost": len(read.numbers - set(stored)),
        "orders_doubled": len(stored) - len(set(stored)),
        "lines_that_do_not_add_up": ask(_COUNTERS)[0],
        "lines_shipped_otherwise": ask(_SHIPPED_OTHERWISE)[0],
        "refunds_beyond_payment": ask(_OVERPAID)[0],
        "orders_waiting_without_reason": ask(_WITHOUT_REASON)[0],
        **{name: ask(sql)[0] for name, sql in _LEFT_OVER.items()},
    }
    if len(stored) == len(read.numbers):  # earlier runs of a longer file left more than we have read
        laws["units_lost_or_doubled"] = found["units_ordered"] - read.units
        laws["money_lost_or_doubled"] = int((ask(_TOTAL)[0] - read.total) * 100)
        laws["matched_units_lost"] = read.matched_units - found["units_returned"] - found["units_cancelled"]
    return {name: int(by) for name, by in laws.items() if by}
