"""Doors for events: what inventory does when something happened."""

from __future__ import annotations

from collections.abc import Sequence

from inventory.actions.serve_backorders import serve_backorders as serve
from oms.core.relay import Told


def serve_backorders(events: Sequence[Told]) -> None:
    """Only where there is more to promise than before; a sale frees nothing."""
    freed = {item for event in events if event.payload["freed"] for item in event.payload["item_ids"]}
    if freed:
        serve(freed)
