"""What orders tells the floors above. Subjects are all ``order:<id>``, so each reaction sees an order's events in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from oms.core.outbox import Event


@dataclass(frozen=True)
class OrderEvent(Event):
    order_id: int

    @property
    def subject(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True)
class OrderPlaced(OrderEvent):
    """Taken in, its stock promised as far as there is any."""

    topic = "orders.placed"


@dataclass(frozen=True)
class OrderReady(OrderEvent):
    """It may be routed, or routed again: promised units stand and nothing blocks their release."""

    topic = "orders.ready"


@dataclass(frozen=True)
class OrderHeld(OrderEvent):
    topic = "orders.held"


@dataclass(frozen=True)
class OrderCancelled(OrderEvent):
    """The whole order is cancelled. ``tell`` is False when the channel itself told us so."""

    topic = "orders.cancelled"
    tell: bool = True


@dataclass(frozen=True)
class LinesCancelled(OrderEvent):
    """Units of an order are cancelled, and others are not. ``units`` by line id, as text. ``tell`` is False when the
    channel itself told us so."""

    topic = "orders.lines_cancelled"
    tell: bool = True
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderCompleted(OrderEvent):
    topic = "orders.completed"


@dataclass(frozen=True)
class RefundApproved(OrderEvent):
    """Money is to be given back through the channel."""

    topic = "orders.refund_approved"
    refund_id: int


@dataclass(frozen=True)
class RefundSettled(OrderEvent):
    topic = "orders.refund_settled"
    refund_id: int
