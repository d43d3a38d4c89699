"""Statuses that an audit found wrong are counted anew from the payment facts and the lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.derive import derive_statuses
from orders.models import Order


@transaction.atomic
def repair_statuses(subjects: Sequence[str], reason: str, by: Actor) -> Mapping[str, str]:
    """Derive the status columns of these orders (``order:7``) anew; all can be, so nothing is returned.
    Raises :class:`Refused` without a reason."""
    if not reason.strip():
        raise Refused(Reason("why_missing", gettext("Say why it is set right.")))
    ids = [int(subject.partition(":")[2]) for subject in subjects]
    before = {o.pk: _told(o) for o in Order.objects.filter(pk__among=ids).select_for_update().order_by("pk")}
    derive_statuses(ids)
    journal.write(
        [
            Line.of(o, "repair", f"Counted anew: {before[o.pk]} → {_told(o)}. {reason.strip()}")
            for o in Order.objects.filter(pk__among=ids)
            if _told(o) != before[o.pk]
        ],
        by=by,
    )
    return {}


def _told(order: Order) -> str:
    return f"payment {order.payment_status}, sending {order.fulfillment_status}"
