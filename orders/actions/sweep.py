"""What time alone brings about: holds whose date is past end, orders that are done are finished."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from oms.core.actors import Actor
from orders.actions.clear_holds import clear_holds
from orders.actions.complete import complete_orders
from orders.actions.go_on import go_on
from orders.models import Hold, Order
from orders.querysets import with_something_to_send

BATCH = 500


def sweep() -> dict[str, int]:
    """One pass over at most ``BATCH`` of each; returns how many."""
    by = Actor.job("orders.sweep")
    over = list(
        Hold.objects.filter(state="active", until__lte=timezone.now()).values_list("pk", "order_id", "type")[
            :BATCH
        ]
    )
    if over:
        with transaction.atomic():
            orders = sorted({order_id for _, order_id, _ in over})
            list(Order.objects.filter(pk__in=orders).select_for_update().order_by("pk").values_list("pk"))
            clear_holds(orders, {kind for _, _, kind in over}, by=by, note="its date has come")
            go_on(orders, by=by)
    done = (
        Order.objects.filter(Q(shipped_at__isnull=False) | Q(fulfillment_status="not_required"), state="open")
        .exclude(with_something_to_send())
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    )
    return {"holds_over": len(over), "completed": len(complete_orders(list(done), by=by))}
