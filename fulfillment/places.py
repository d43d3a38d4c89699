"""What of fulfillment lies at a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fulfillment.models import FulfillmentOrder
from oms.core.places import belongs

OPEN = ("released", "picking", "picked", "packed")


def places_of_orders(order_ids: Sequence[int]) -> Mapping[int, set[int]]:
    """By order: where somebody has work of it that is not done."""
    found: dict[int, set[int]] = {}
    rows = FulfillmentOrder.objects.filter(order__in=order_ids, state__in=OPEN)
    for order, place in rows.order_by().values_list("order_id", "location_id"):
        found.setdefault(order, set()).add(place)
    return found


def register() -> None:
    belongs("fulfillment.fulfillmentorder", "location")
    belongs("fulfillment.shipment", "fulfillment_order__location")
    belongs("fulfillment.manifest", "location")
