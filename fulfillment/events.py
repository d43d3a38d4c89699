"""What fulfillment tells the floors above."""

from __future__ import annotations

from dataclasses import dataclass

from oms.core.outbox import Event


@dataclass(frozen=True)
class FulfillmentEvent(Event):
    order_id: int

    @property
    def subject(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True)
class OrderRouted(FulfillmentEvent):
    topic = "fulfillment.routed"


@dataclass(frozen=True)
class Shipped(FulfillmentEvent):
    """These parcels left."""

    topic = "fulfillment.shipped"
    shipment_ids: tuple[int, ...]


@dataclass(frozen=True)
class ParcelMoved(FulfillmentEvent):
    """A parcel's state changed on its way (delivered, lost, …)."""

    topic = "fulfillment.parcel_moved"
    shipment_id: int
    state: str
