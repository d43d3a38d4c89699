"""Orders that are done are finished: everything shipped has arrived (or its time is over), nothing is owed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, Q
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.events import OrderCompleted
from orders.models import Order, OrderLine
from orders.querysets import with_something_to_send

_COUNTED = ("order_id", "ordered", "shipped", "cancelled", "kind", "requires_shipping")


@transaction.atomic
def complete_orders(order_ids: Iterable[int], *, by: Actor, settled: bool = False) -> list[Order]:
    """Complete those of the orders that are done: all units shipped or cancelled, all shipped ones delivered
    (or shipped longer ago than the setting says), no refund under way, no return open. The others stay.

    ``settled``: the caller knows that nothing is on its way any more, though not all has arrived (lost and
    paid back)."""
    ids = list(order_ids)
    late = timezone.now() - timedelta(days=settings.COMPLETE_AFTER_SHIPPING_DAYS)
    candidates = (
        Order.objects.filter(pk__in=ids, state="open")
        .exclude(return_status="open")
        .exclude(holds__state="active")
        .exclude(refunds__state__in=["approved", "requested", "failed"])
        .exclude(with_something_to_send())
    )
    if not settled:
        arrived = Q(fulfillment_status__in=["delivered", "not_required", "cancelled"])
        candidates = candidates.filter(arrived | Q(shipped_at__lt=late))
    ready = list(candidates.values_list("pk", flat=True))
    counted = Prefetch("lines", OrderLine.objects.only(*_COUNTED))
    done = move(
        Order.objects.filter(pk__in=ready).prefetch_related(counted), "complete", by=by,
        words="Everything is settled." if settled else "Everything has arrived.",
        sets={"closed_at": timezone.now()},
    ).done  # fmt: skip
    emit([OrderCompleted(order.pk) for order in done], by=by)
    return done
