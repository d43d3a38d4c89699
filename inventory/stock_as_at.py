"""What lay where at any moment: the movements up to then, added up. Levels know only the present."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

_AS_AT = """
SELECT i.id, i.sku, i.name, p.id, p.code, m.on_hand, m.unavailable
  FROM (SELECT item_id, location_id, sum(on_hand) AS on_hand, sum(unavailable) AS unavailable
          FROM inventory_stockmovement
         WHERE at <= %(moment)s AND (%(items)s::bigint[] IS NULL OR item_id = ANY(%(items)s))
           AND (%(places)s::bigint[] IS NULL OR location_id = ANY(%(places)s)) GROUP BY 1, 2) m
  JOIN inventory_item i ON i.id = m.item_id JOIN inventory_location p ON p.id = m.location_id
 WHERE m.on_hand <> 0 OR m.unavailable <> 0 ORDER BY i.sku, p.code LIMIT %(limit)s
"""


@dataclass(frozen=True)
class Stood:
    """Pieces of an item at a place; ``unavailable`` of them were set aside."""

    item_id: int
    sku: str
    name: str
    location_id: int
    place: str
    on_hand: int
    unavailable: int


def stock_as_at(
    moment: datetime,
    *,
    items: Collection[int] | None = None,
    places: Collection[int] | None = None,
    limit: int | None = None,
) -> Iterator[Stood]:
    """Every shelf that was not empty at ``moment`` (a movement of that very moment counts), by SKU and place; of
    these items and places, or of all; the first ``limit`` of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            _AS_AT,
            {
                "moment": moment,
                "items": None if items is None else sorted(items),
                "places": None if places is None else sorted(places),
                "limit": limit,
            },
        )
        for row in cursor.fetchall():
            yield Stood(*row)
