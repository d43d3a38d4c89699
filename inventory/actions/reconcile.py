"""The nightly comparison: levels against the ledger and the reservations, every difference in words."""

from __future__ import annotations

from django.db import connection, transaction

from inventory.models import Discrepancy

# Read in one statement, and so from one snapshot: what moves meanwhile cannot look like a difference.
_COMPARE = """
SELECT l.item_id, l.location_id, l.on_hand, l.unavailable, l.reserved,
       coalesce(m.on_hand, 0), coalesce(m.unavailable, 0), coalesce(r.reserved, 0)
  FROM inventory_stocklevel l
  LEFT JOIN (SELECT item_id, location_id, sum(on_hand) AS on_hand, sum(unavailable) AS unavailable
               FROM inventory_stockmovement GROUP BY 1, 2) m USING (item_id, location_id)
  LEFT JOIN (SELECT item_id, location_id, sum(quantity) AS reserved
               FROM inventory_reservation WHERE state = 'firm' GROUP BY 1, 2) r USING (item_id, location_id)
 WHERE l.on_hand <> coalesce(m.on_hand, 0) OR l.unavailable <> coalesce(m.unavailable, 0)
    OR l.reserved <> coalesce(r.reserved, 0)
 ORDER BY 1, 2
"""


def reconcile_stock() -> int:
    """Open a discrepancy for every level that is not the sum of its rows; returns how many differ now."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_COMPARE)
            rows = cursor.fetchall()
        found = []
        for item, location, on_hand, unavailable, reserved, ledger, ledger_aside, promised in rows:
            if (on_hand, unavailable) != (ledger, ledger_aside):
                found.append(
                    Discrepancy(
                        kind="ledger", item_id=item, location_id=location, expected=ledger, found=on_hand,
                        words=f"The ledger says {ledger} on hand and {ledger_aside} set aside;"
                        f" the level says {on_hand} and {unavailable}.",
                    )
                )  # fmt: skip
            if reserved != promised:
                found.append(
                    Discrepancy(
                        kind="reserved", item_id=item, location_id=location, expected=promised, found=reserved,
                        words=f"Reservations add up to {promised}; the level says {reserved}.",
                    )
                )  # fmt: skip
        Discrepancy.objects.bulk_create(found, ignore_conflicts=True)
    return len(rows)
