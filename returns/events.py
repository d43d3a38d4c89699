"""What returns tells the floor above."""

from __future__ import annotations

from dataclasses import dataclass

from oms.core.outbox import Event


@dataclass(frozen=True)
class ReturnEvent(Event):
    order_id: int
    return_id: int

    @property
    def subject(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True)
class ReturnOpened(ReturnEvent):
    topic = "returns.opened"


@dataclass(frozen=True)
class ReturnClosed(ReturnEvent):
    topic = "returns.closed"
