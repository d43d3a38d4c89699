"""What was changed at the shop is taken over, or not."""

from __future__ import annotations

from typing import Any

from channels.actions.decide_change import accept_changes, decline_changes
from channels.models import ChannelAccount
from oms.core.api.doors import belong
from oms.core.api.shapes import Id, Shape
from oms.core.errors import Reason, Refused
from oms.core.tokens import Access
from orders.api.orders import OrderVerb
from orders.models import Order


class ChangeAsk(Shape):
    change = Id(help_text="The id of one of the order's changes.")


class _Decision(OrderVerb):
    writes, ask = Access("orders:write", "orders.decide_change"), ChangeAsk

    def change(self, order: Order, ask: dict[str, Any]) -> int:
        belong({"change": ask["change"]}, order.changes.values_list("pk", flat=True), "change")
        return int(ask["change"])


class AcceptChange(_Decision):
    """Do as the shop says.

    Work that stands on the order is taken back first, and planned anew. Refused when something that the
    change takes away is shipped.
    """

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        change = self.change(order, ask)
        if not ChannelAccount.objects.filter(slug=order.source).exists():
            raise Refused(Reason("no_channel", "The channel it came from is not connected here."))
        accept_changes([change], by=self.actor)


class DeclineChange(_Decision):
    """Keep ours.

    The order goes on as it is here; the shop has to be put right by hand.
    """

    def act(self, order: Order, ask: dict[str, Any]) -> None:
        decline_changes([self.change(order, ask)], by=self.actor)
