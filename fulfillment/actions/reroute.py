"""What is promised and not in work, however it came about, is routed: by a person's wish or by the clock."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from fulfillment.actions.cancel_work import cancel_work
from fulfillment.actions.route_orders import route_orders
from fulfillment.models import FulfillmentLine, FulfillmentOrder
from fulfillment.reasons import all_reasons
from fulfillment.rules.short_pick import ALONG
from oms.core.actors import Actor
from orders.actions.clear_holds import clear_holds
from orders.models import Order

BATCH = 100


def route_waiting(limit: int = 1000) -> int:
    """Sweep: route open orders whose promised units no event has led to a location; returns how many."""
    waiting = list(
        Order.objects.filter(state="open", lines__promised__gt=0)
        .exclude(holds__state="active", holds__blocks__contains=["release"])
        .distinct()
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
    routed = 0
    for start in range(0, len(waiting), BATCH):
        routed += len(route_orders(waiting[start : start + BATCH], by=Actor.job("fulfillment.reroute")))
    return routed


@transaction.atomic
def route_again(order_ids: Sequence[int], *, by: Actor) -> list[FulfillmentOrder]:
    """A person wants a fresh decision: work nobody has begun is taken back and routed with the rest. Locations
    that sent work back for want of time are asked again, and so are places of the types that a reason passes over."""
    untouched = FulfillmentOrder.objects.filter(order_id__in=order_ids, state="released")
    ids = sorted(untouched.values_list("pk", flat=True))
    if ids:
        cancel_work(ids, reason="Routed again.", by=by, route_again=False)
    # Who had no time then may have it now; what was not on the shelf is still not there.
    idle = [code for code, reason in all_reasons().items() if not reason.about_stock]
    FulfillmentLine.objects.filter(
        fulfillment_order__order__in=order_ids, fulfillment_order__state="rejected",
        short_reason__in=[ALONG.code, *idle],
    ).update(short_at=None)  # fmt: skip
    list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk").values_list("pk"))
    clear_holds(order_ids, ["out_of_stock"], by=by, note="routed again")
    return route_orders(order_ids, cause="routed again", pass_over=False, by=by)
