"""Doors for events: what orders do when something happened."""

from __future__ import annotations

from collections.abc import Sequence

from oms.core.relay import Told
from orders.actions.screen import screen_orders


def screen(events: Sequence[Told]) -> None:
    screen_orders({event.payload["order_id"] for event in events})
