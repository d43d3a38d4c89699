"""Orders with nothing left to decide go on."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from oms.core.actors import Actor
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.events import OrderReady
from orders.models import Order, OrderLine


def go_on(order_ids: Iterable[int], *, by: Actor) -> None:
    """Accept orders with nothing left to decide, and say which are ready for routing. Needs a transaction."""
    order_ids = sorted(order_ids)
    move(
        Order.objects.filter(pk__among=order_ids, state__in=["received", "review"]).only("state").prefetch_related("holds"),
        "accept", by=by, words="Nothing stands in its way.",
    )  # fmt: skip
    promised = OrderLine.objects.filter(order=OuterRef("pk"), promised__gt=0)
    ready = Order.objects.filter(Exists(promised), pk__among=order_ids, state="open").order_by("pk")
    emit([OrderReady(pk) for pk in ready.values_list("pk", flat=True)], by=by)
