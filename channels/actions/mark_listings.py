"""What should stand at the channels changed: new desired levels, a version each, nothing sent yet."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from oms.core.actors import SYSTEM, Actor
from oms.core.outbox import nudge_after_commit

# available to sell = what is free at the account's locations, safety stock and the channel's buffer kept
# back, never below zero; none of an item that is sold no more. A listing whose number stays the same is not
# touched.
_MARK = """
WITH places AS (
    SELECT a.id AS account_id, l.id AS location_id
      FROM channels_channelaccount a
      JOIN inventory_location l ON l.active AND l.ships
     WHERE a.active AND a.push_stock
       AND (NOT EXISTS (SELECT 1 FROM channels_channelaccount_locations x WHERE x.channelaccount_id = a.id)
            OR EXISTS (SELECT 1 FROM channels_channelaccount_locations x
                        WHERE x.channelaccount_id = a.id AND x.location_id = l.id))
), sellable AS (
    SELECT p.account_id, s.item_id, sum(greatest(0, s.on_hand - s.reserved - s.unavailable - s.safety_stock)) AS n
      FROM places p JOIN inventory_stocklevel s USING (location_id)
     WHERE s.item_id = ANY(%(items)s) GROUP BY 1, 2
), target AS (
    SELECT l.id, CASE WHEN i.active THEN greatest(0, coalesce(s.n, 0) - a.buffer)::int ELSE 0 END AS quantity
      FROM channels_listing l
      JOIN inventory_item i ON i.id = l.item_id
      JOIN channels_channelaccount a ON a.id = l.account_id AND a.active AND a.push_stock
      LEFT JOIN sellable s ON s.account_id = l.account_id AND s.item_id = l.item_id
     WHERE l.item_id = ANY(%(items)s) AND l.state = 'active' AND l.tracked
       AND (%(only)s::bigint[] IS NULL OR l.id = ANY(%(only)s))
     ORDER BY l.id FOR UPDATE OF l
)
UPDATE channels_listing l
   SET desired = t.quantity, desired_version = l.desired_version + 1, desired_at = now(), due_at = now(),
       health = 'pending', attempts = 0
  FROM target t WHERE l.id = t.id AND (l.desired IS DISTINCT FROM t.quantity OR %(again)s)
"""


def mark_listings(
    item_ids: Collection[int],
    *,
    by: Actor = SYSTEM,
    again: bool = False,
    only: Collection[int] | None = None,
) -> int:
    """Set new desired levels for the listings of these items where they changed; one statement, whatever the
    number. ``again`` gives a new version even to an unchanged number, so that it is sent once more;
    ``only`` leaves all but these listings alone. Returns how many listings are to be sent."""
    if not item_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _MARK, {"items": sorted(item_ids), "again": again, "only": None if only is None else sorted(only)}
        )
        changed = cursor.rowcount
    if changed:
        nudge_after_commit("channels.push_stock", gather=0.05)  # the relay has gathered already
    return changed
