"""A person stops orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from orders.actions.place_holds import Holding, place_holds
from orders.models import Hold, Order
from orders.rules.holds import HOLDS, Finding


@transaction.atomic
def hold_orders(order_ids: Sequence[int], *, type: str = "manual", words: str = "", until: datetime | None = None,
                by: Actor) -> list[Hold]:  # fmt: skip
    """A person stops orders: ``manual``, ``customer_request`` or ``scheduled_until`` (with ``until``)."""
    if type not in {"manual", "customer_request", "scheduled_until"}:
        raise Refused(Reason("hold_type", gettext("Only a hold by hand can be placed here.")))
    if type == "scheduled_until" and (until is None or until <= timezone.now()):
        raise Refused(Reason("until_missing", gettext("Choose a date in the future.")))
    locked = list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk"))
    done = [order.number for order in locked if order.state in {"completed", "cancelled"}]
    if done:
        raise Refused(
            Reason(
                "wrong_state",
                gettext("%(names)s cannot be held: finished or cancelled.") % {"names": ", ".join(done[:5])},
            )
        )
    reason = Reason(type, words.strip() or HOLDS[type].words)
    return place_holds([Holding(o.pk, Finding(type, reason), until=until) for o in locked], by=by)
