"""What inventory tells the floors above."""

from __future__ import annotations

from dataclasses import dataclass

from oms.core.outbox import Event


@dataclass(frozen=True)
class StockChanged(Event):
    """What may be promised of these items changed. ``freed`` when there is more of them than before. Whoever
    hears of it looks at what is there now, so it does not matter in which order such events are heard."""

    topic = "inventory.changed"
    item_ids: tuple[int, ...]
    freed: bool

    @property
    def subject(self) -> str:
        return f"item:{self.item_ids[0]}"


@dataclass(frozen=True)
class DemandMoved(Event):
    """A demand's reservations changed without its owner asking: backorder served, or promise displaced.

    ``promised`` and ``backordered`` are the demand's units after the change.
    """

    topic = "inventory.demand_moved"
    demand_key: str
    promised: int
    backordered: int
    why: str

    @property
    def subject(self) -> str:
        return f"demand:{self.demand_key}"
