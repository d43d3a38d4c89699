"""Doors for events: what returns does when something happened."""

from __future__ import annotations

from collections.abc import Sequence

from oms.core.actors import SYSTEM
from oms.core.relay import Told
from returns.actions.close import close_done as close


def close_done(events: Sequence[Told]) -> None:
    """The money was paid back: what has nothing left to do is closed without a person."""
    close({event.payload["order_id"] for event in events}, by=SYSTEM)
