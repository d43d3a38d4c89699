"""The laws of stock: levels are the sums of their rows, and what left used up its promise."""

from __future__ import annotations

from inventory.actions.repair_levels import repair_levels
from oms.core.audits import Check, register

_LEVELS = """
SELECT coalesce('stocklevel:' || l.id, 'item:' || item_id),
       format('%s at %s: the level (%s) says %s on hand and %s set aside, its %s movements up to %s add up to %s and %s',
              i.sku, p.name, coalesce(l.id::text, 'there is none'), coalesce(l.on_hand, 0), coalesce(l.unavailable, 0),
              coalesce(m.rows, 0), coalesce(m.last, 0), coalesce(m.on_hand, 0), coalesce(m.unavailable, 0))
  FROM inventory_stocklevel l
  FULL JOIN (SELECT item_id, location_id, sum(on_hand) AS on_hand, sum(unavailable) AS unavailable,
                    count(*) AS rows, max(id) AS last FROM inventory_stockmovement GROUP BY 1, 2) m
       USING (item_id, location_id)
  JOIN inventory_item i ON i.id = item_id JOIN inventory_location p ON p.id = location_id
 WHERE coalesce(l.on_hand, 0) <> coalesce(m.on_hand, 0) OR coalesce(l.unavailable, 0) <> coalesce(m.unavailable, 0)
"""

_RESERVED = """
SELECT coalesce('stocklevel:' || l.id, 'item:' || item_id),
       format('%s at %s: the level (%s) says %s reserved, its %s firm reservations add up to %s',
              i.sku, p.name, coalesce(l.id::text, 'there is none'), coalesce(l.reserved, 0), coalesce(r.rows, 0),
              coalesce(r.units, 0))
  FROM inventory_stocklevel l
  FULL JOIN (SELECT item_id, location_id, sum(quantity) AS units, count(*) AS rows
               FROM inventory_reservation WHERE state = 'firm' GROUP BY 1, 2) r USING (item_id, location_id)
  JOIN inventory_item i ON i.id = item_id JOIN inventory_location p ON p.id = location_id
 WHERE coalesce(l.reserved, 0) <> coalesce(r.units, 0)
"""

# More promised or set aside than there is: the database forbids it, so somebody took that away.
_OVERSOLD = """
SELECT 'stocklevel:' || l.id,
       format('%s at %s: %s on hand, %s reserved and %s set aside', i.sku, p.name, l.on_hand, l.reserved, l.unavailable)
  FROM inventory_stocklevel l JOIN inventory_item i ON i.id = l.item_id JOIN inventory_location p ON p.id = l.location_id
 WHERE l.reserved < 0 OR l.unavailable < 0 OR l.on_hand < l.reserved + l.unavailable
"""

_CONSUMED = """
SELECT 'demand:' || demand_key,
       format('demand %s: reservations for %s units were used up, movements took %s from the shelf', demand_key,
              coalesce(r.units, 0), coalesce(m.units, 0))
  FROM (SELECT demand_key, sum(quantity) AS units FROM inventory_reservation WHERE state = 'consumed' GROUP BY 1) r
  FULL JOIN (SELECT demand_key, -sum(on_hand) AS units FROM inventory_stockmovement
              WHERE reason = 'shipment' GROUP BY 1) m USING (demand_key)
 WHERE coalesce(r.units, 0) <> coalesce(m.units, 0)
"""

# The database writes the key with the movement; without it the same thing could be booked again.
_KEYS = """
SELECT 'stockmovement:' || coalesce(m.id, k.movement_id),
       CASE WHEN k.key IS NULL THEN format('movement %s: its key %s is not noted: it could happen again', m.id, m.key)
            WHEN m.id IS NULL THEN format('movement %s is gone, and its key %s is still noted', k.movement_id, k.key)
            ELSE format('movements %s and %s have one key, %s', k.movement_id, m.id, m.key) END
  FROM inventory_stockmovement m FULL JOIN inventory_movementkey k USING (key)
 WHERE k.key IS NULL OR m.id IS NULL OR k.movement_id <> m.id
"""

register(
    Check("inventory.levels", "levels are the sums of their movements", _LEVELS, repair=repair_levels),
    Check(
        "inventory.reserved", "reserved is the sum of the firm reservations", _RESERVED, repair=repair_levels
    ),
    Check("inventory.oversold", "no shelf promises more than it has", _OVERSOLD, repair=repair_levels),
    Check("inventory.consumed", "what left the shelf used up its promise", _CONSUMED),
    Check("inventory.keys", "no movement could happen twice", _KEYS),
)
