"""The laws of the house: what left is in a parcel, and work stands on promises."""

from __future__ import annotations

from oms.core.audits import Check, register

_PARCELS = """
SELECT 'orderline:' || l.id,
       format('%s, line %s (%s): the line says %s shipped, in its parcels (%s) lie %s', o.number, l.id, l.title, l.shipped,
              coalesce(p.parcels, 'none left'), coalesce(p.units, 0))
  FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
  LEFT JOIN (SELECT f.order_line_id, sum(q.quantity) AS units, string_agg(DISTINCT s.id::text, ', ') AS parcels
               FROM fulfillment_parcelline q JOIN fulfillment_fulfillmentline f ON f.id = q.line_id
               JOIN fulfillment_shipment s ON s.id = q.shipment_id WHERE s.shipped_at IS NOT NULL GROUP BY 1) p
         ON p.order_line_id = l.id
 WHERE l.kind = 'item' AND l.requires_shipping AND l.item_id IS NOT NULL AND l.shipped <> coalesce(p.units, 0)
"""

_OVERPACKED = """
SELECT 'fulfillmentline:' || f.id,
       format('%s, line %s: %s asked for, %s picked, %s not found, %s taken back, and %s in parcels %s', w.number, f.id,
              f.quantity, f.picked, f.short, f.cancelled, coalesce(p.units, 0), coalesce(p.parcels, '(none)'))
  FROM fulfillment_fulfillmentline f JOIN fulfillment_fulfillmentorder w ON w.id = f.fulfillment_order_id
  LEFT JOIN (SELECT line_id, sum(quantity) AS units, string_agg(shipment_id::text, ', ' ORDER BY shipment_id) AS parcels
               FROM fulfillment_parcelline GROUP BY 1) p ON p.line_id = f.id
 WHERE f.quantity < f.picked + f.short + f.cancelled OR (w.state = 'shipped' AND coalesce(p.units, 0) > f.picked)
"""

# Between a displaced promise and its event the work lags behind.
_STANDS = """
WITH under_way AS (
    SELECT subject FROM core_outboxevent WHERE fanned_out_at IS NULL AND subject LIKE 'demand:%'
    UNION SELECT subject FROM core_delivery WHERE state = 'pending' AND subject LIKE 'demand:%'
), need AS (
    SELECT l.demand_key, w.location_id, string_agg(w.number, ', ' ORDER BY w.id) AS works,
           sum(CASE WHEN w.state IN ('picked', 'packed') THEN f.picked ELSE f.quantity - f.short - f.cancelled END) AS units
      FROM fulfillment_fulfillmentline f JOIN fulfillment_fulfillmentorder w ON w.id = f.fulfillment_order_id
      JOIN orders_orderline l ON l.id = f.order_line_id
     WHERE w.state IN ('released', 'picking', 'picked', 'packed') AND l.kind = 'item' GROUP BY 1, 2
), firm AS (
    SELECT demand_key, location_id, sum(quantity) AS units
      FROM inventory_reservation WHERE state = 'firm' GROUP BY 1, 2
)
SELECT 'demand:' || n.demand_key,
       format('%s needs %s pieces for demand %s, and only %s are reserved there', n.works, n.units, n.demand_key,
              coalesce(f.units, 0))
  FROM need n LEFT JOIN firm f USING (demand_key, location_id)
 WHERE coalesce(f.units, 0) < n.units AND 'demand:' || n.demand_key NOT IN (SELECT subject FROM under_way)
"""

register(
    Check("fulfillment.parcels", "what a line says was shipped lies in parcels", _PARCELS),
    Check("fulfillment.lines", "work adds up, and no parcel holds more than was picked", _OVERPACKED),
    Check("fulfillment.stands", "work stands on reservations at its place", _STANDS),
)
