"""The boxes that are kept, as the values that the rule takes, and which of them it suggests."""

from __future__ import annotations

from collections.abc import Iterable

from fulfillment.models import Box, FulfillmentLine
from fulfillment.rules import boxes as rule
from fulfillment.rules.rates import UNIT_WEIGHT_G
from inventory.models import Item


def boxes_at(location_id: int) -> list[Box]:
    """Those in use at this place, smallest first."""
    rows = [
        box for box in Box.objects.filter(active=True).prefetch_related("places") if box.used_at(location_id)
    ]
    return sorted(rows, key=lambda box: (box.length_mm * box.width_mm * box.height_mm, box.code))


def sides_of(item: Item) -> rule.Sides | None:
    """Those of a piece, where all three are known."""
    if item.length_mm and item.width_mm and item.height_mm:
        return item.length_mm, item.width_mm, item.height_mm
    return None


def suggested(pieces: Iterable[tuple[FulfillmentLine, int]], boxes: Iterable[Box]) -> rule.Suggestion:
    """For so many pieces of these lines."""
    goods = [rule.Goods(n, line.item.weight_g or UNIT_WEIGHT_G, sides_of(line.item)) for line, n in pieces]
    return rule.suggest(
        goods, [rule.Box(box.code, box.sides, box.weight_g, box.max_weight_g) for box in boxes]
    )
