"""Promise what of lines is not promised yet."""

from __future__ import annotations

from collections.abc import Iterable

from inventory.actions.fit_reservations import Need, fit_reservations
from oms.core.actors import Actor
from orders.models import Order, OrderLine


def promise_lines(order: Order, lines: Iterable[OrderLine], *, by: Actor) -> None:
    """Promise the unallocated units of the order's lines as far as there is stock; the rest waits in line. The
    counters change on the instances, for the caller to write. Needs a transaction and the order locked."""
    waiting = [line for line in lines if line.stocked and line.unallocated]
    fitted = fit_reservations(
        [
            Need(
                line.demand_key, line.item_id,
                line.unallocated + line.backordered + line.promised + line.released + line.picked + line.packed,
                order.placed_at,
            )
            for line in waiting
            if line.item_id
        ],
        by=by,
    )  # fmt: skip
    for line in waiting:
        now = fitted.get(line.demand_key)
        if now:
            line.promised = now.promised - line.released - line.picked - line.packed
            line.backordered, line.unallocated = now.backordered, 0
