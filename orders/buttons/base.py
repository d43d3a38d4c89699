"""What the buttons of orders share."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext

from oms.core.errors import Reason
from orders.models import Order

FINISHED = ("completed", "cancelled")


def counted(n: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", n) % {"n": n}


def not_hold(order: Order) -> list[Reason]:
    if order.state in FINISHED:
        return [Reason("wrong_state", gettext("It is %(state)s.") % {"state": order.get_state_display()})]
    return []
