"""What the buttons of orders share."""

from __future__ import annotations

from oms.core.errors import Reason
from orders.models import Order

FINISHED = ("completed", "cancelled")


def counted(n: int) -> str:
    return "1 order" if n == 1 else f"{n} orders"


def not_hold(order: Order) -> list[Reason]:
    if order.state in FINISHED:
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    return []
