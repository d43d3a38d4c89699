"""Cancel orders that the warehouse has begun with: their work is taken back first."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from fulfillment.actions.cancel_work import OPEN_STATES, cancel_work
from fulfillment.models import FulfillmentOrder
from oms.core.actors import Actor
from orders.actions.cancel import Cancelling, cancel_orders
from orders.models import Order


@transaction.atomic
def cancel_orders_in_work(cancellings: Sequence[Cancelling], *, by: Actor) -> list[Order]:
    """Cancel units or whole orders, taking the work that stands on them back first.

    Raises :class:`Refused` when some of the units have been shipped.
    """
    for c in cancellings:
        works = FulfillmentOrder.objects.filter(order_id=c.order_id, state__in=OPEN_STATES)
        if c.units:
            works = works.filter(lines__order_line_id__in=c.units).distinct()
        ids = sorted(works.values_list("pk", flat=True))
        if ids:
            cancel_work(ids, reason=c.reason, by=by, route_again=False)
    return cancel_orders(cancellings, by=by)
