"""The laws of what comes back: every unit arrived in a receipt, and was decided about once."""

from __future__ import annotations

from oms.core.audits import Check, register

_RECEIVED = """
SELECT 'returnline:' || l.id,
       format('%s, line %s: %s announced, %s received and %s decided; its receipts hold %s, its decisions %s', r.number,
              l.id, l.quantity, l.received, l.disposed, coalesce(a.units, 0), coalesce(d.units, 0))
  FROM returns_returnline l JOIN returns_return r ON r.id = l.rma_id
  LEFT JOIN (SELECT line_id, sum(quantity) AS units FROM returns_returnreceipt GROUP BY 1) a ON a.line_id = l.id
  LEFT JOIN (SELECT line_id, sum(quantity) AS units FROM returns_disposition GROUP BY 1) d ON d.line_id = l.id
 WHERE l.received <> coalesce(a.units, 0) OR l.disposed <> coalesce(d.units, 0) OR l.received > l.quantity
    OR l.disposed > l.received
"""

_RETURNED = """
SELECT 'orderline:' || l.id,
       format('%s, line %s (%s): the line says %s came back, its returns (%s) received %s', o.number, l.id, l.title,
              l.returned, coalesce(b.numbers, 'none'), coalesce(b.units, 0))
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
  LEFT JOIN (SELECT c.order_line_id, sum(c.received) AS units, string_agg(r.number, ', ' ORDER BY r.id) AS numbers
               FROM returns_returnline c JOIN returns_return r ON r.id = c.rma_id GROUP BY 1) b ON b.order_line_id = l.id
 WHERE l.returned <> coalesce(b.units, 0)
"""

register(
    Check("returns.received", "what came back arrived in receipts and was decided once", _RECEIVED),
    Check("returns.returned", "what a line says came back was received", _RETURNED),
)
