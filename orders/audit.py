"""The laws of orders: every unit of a line is somewhere and held, money is the sum of its facts, statuses follow."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from oms.core.audits import Check, Difference, register
from oms.core.money import MixedCurrencies
from orders.actions.repair_statuses import repair_statuses
from orders.rules.progress import LineCounts, Transaction, fulfilment_status, payment_status

_COUNTERS = """
SELECT 'orderline:' || l.id,
       format('%s, line %s (%s): %s ordered, but %s cancelled + %s not promised + %s waiting + %s promised + %s released'
              ' + %s picked + %s packed + %s shipped; of the shipped %s delivered, %s returned', o.number, l.id, l.title,
              l.ordered, l.cancelled, l.unallocated, l.backordered, l.promised, l.released, l.picked, l.packed, l.shipped,
              l.delivered, l.returned)
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
 WHERE ordered <> cancelled + unallocated + backordered + promised + released + picked + packed + shipped
    OR delivered > shipped OR returned > shipped
"""

# A promise that was displaced or served moves first, its line's counters follow by an event.
_HELD = """
WITH held AS (
    SELECT demand_key, coalesce(sum(quantity) FILTER (WHERE state = 'firm'), 0) AS firm,
           coalesce(sum(quantity) FILTER (WHERE state = 'backordered'), 0) AS waiting, count(*) AS rows
      FROM inventory_reservation WHERE state IN ('firm', 'backordered') GROUP BY 1
), under_way AS (
    SELECT subject FROM core_outboxevent WHERE fanned_out_at IS NULL AND subject LIKE 'demand:%'
    UNION SELECT subject FROM core_delivery WHERE state = 'pending' AND subject LIKE 'demand:%'
)
SELECT coalesce('orderline:' || l.id, 'demand:' || demand_key),
       CASE WHEN l.id IS NULL THEN format('%s reservations hold %s units and queue for %s for %s, which is no line',
                                          h.rows, h.firm, h.waiting, demand_key)
            ELSE format('%s, line %s (%s): the line says %s promised or in work and %s waiting, its %s reservations'
                        ' (of demand %s) hold %s and queue for %s', o.number, l.id, l.title,
                        l.promised + l.released + l.picked + l.packed, l.backordered, coalesce(h.rows, 0), demand_key,
                        coalesce(h.firm, 0), coalesce(h.waiting, 0)) END
  FROM (SELECT * FROM orders_orderline WHERE kind = 'item' AND requires_shipping AND item_id IS NOT NULL) l
  FULL JOIN held h USING (demand_key)
  LEFT JOIN orders_order o ON o.id = l.order_id
 WHERE (l.id IS NULL OR l.backordered <> coalesce(h.waiting, 0)
        OR l.promised + l.released + l.picked + l.packed <> coalesce(h.firm, 0))
   AND 'demand:' || demand_key NOT IN (SELECT subject FROM under_way)
"""

_SHIPPED = """
SELECT 'orderline:' || l.id,
       format('%s, line %s (%s): the line says %s shipped, the ledger took %s from the shelves', o.number, l.id, l.title,
              l.shipped, coalesce(m.units, 0))
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
  LEFT JOIN (SELECT demand_key, -sum(on_hand) AS units FROM inventory_stockmovement
              WHERE reason = 'shipment' GROUP BY 1) m USING (demand_key)
 WHERE l.kind = 'item' AND l.requires_shipping AND l.item_id IS NOT NULL AND l.shipped <> coalesce(m.units, 0)
"""

_REFUNDS = """
SELECT 'order:' || o.id,
       format('%s: refunds %s that went through come to %s %s, the payment facts of refunds to %s', o.number,
              coalesce(r.ids, '(none)'), coalesce(r.amount, 0), o.currency, coalesce(t.amount, 0))
  FROM orders_order o
  LEFT JOIN (SELECT order_id, sum(amount) AS amount, string_agg(id::text, ', ' ORDER BY id) AS ids
               FROM orders_refund WHERE state = 'succeeded' GROUP BY 1) r ON r.order_id = o.id
  LEFT JOIN (SELECT order_id, sum(amount) AS amount FROM orders_paymenttransaction
              WHERE kind = 'refund' AND status = 'succeeded' GROUP BY 1) t ON t.order_id = o.id
 WHERE coalesce(r.amount, 0) <> coalesce(t.amount, 0)
"""

_CURRENCIES = """
SELECT 'order:' || o.id, format('%s is in %s, its payment fact %s in %s', o.number, o.currency, t.id, t.currency)
  FROM orders_paymenttransaction t JOIN orders_order o ON o.id = t.order_id WHERE t.currency <> o.currency
"""

_STATUSES = """
SELECT o.id, o.number, o.total, o.payment_status, o.fulfillment_status, coalesce(l.ordered, 0), coalesce(l.cancelled, 0),
       coalesce(l.shipped, 0), coalesce(l.delivered, 0), coalesce(t.facts, '[]'::json)
  FROM orders_order o
  LEFT JOIN (SELECT order_id, sum(ordered) AS ordered, sum(cancelled) AS cancelled, sum(shipped) AS shipped,
                    sum(delivered) AS delivered FROM orders_orderline
              WHERE kind = 'item' AND requires_shipping GROUP BY 1) l ON l.order_id = o.id
  LEFT JOIN (SELECT order_id, json_agg(json_build_array(kind, status, amount::text, currency, external_id)) AS facts
               FROM orders_paymenttransaction GROUP BY 1) t ON t.order_id = o.id
"""


def _judge(
    key: int, number: str, total: Decimal, payment: str, progress: str, ordered: int, cancelled: int, shipped: int,
    delivered: int, facts: Sequence[Sequence[str]],
) -> Difference | None:  # fmt: skip
    """Are the statuses that lists show those which the facts and the counters come to?"""
    try:
        money = payment_status(
            [Transaction(kind, status, Decimal(amount), currency, name) for kind, status, amount, currency, name in facts],
            total,
        )  # fmt: skip
    except MixedCurrencies:
        money = "disputed"
    goods = fulfilment_status(
        [LineCounts(key, int(ordered), int(cancelled), shipped=int(shipped), delivered=int(delivered))] if ordered else []
    )  # fmt: skip
    wrong = [
        f"{what} is shown as {shown}, and {of} come to {due}"
        for what, shown, due, of in (
            ("payment", payment, money, f"{len(facts)} payment facts"),
            ("sending", progress, goods, "the lines' counters"),
        )
        if shown != due
    ]
    return Difference(f"order:{key}", f"{number}: {'; '.join(wrong)}") if wrong else None


register(
    Check("orders.counters", "every unit of a line is somewhere", _COUNTERS),
    Check("orders.held", "what a line was promised is held for it", _HELD),
    Check("orders.shipped", "what a line says was shipped left the shelf", _SHIPPED),
    Check("orders.refunds", "money paid back is the sum of its facts", _REFUNDS),
    Check("orders.currencies", "payments are in their order's currency", _CURRENCIES),
    Check(
        "orders.statuses", "statuses follow from facts and counters", _STATUSES, judge=_judge, repair=repair_statuses
    ),
)  # fmt: skip
