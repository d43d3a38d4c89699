"""A finished order is taken up again by a person."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.place_holds import Holding, place_holds
from orders.models import Order
from orders.rules.holds import Finding


@transaction.atomic
def reopen_orders(order_ids: Sequence[int], *, reason: str, by: Actor) -> list[Order]:
    """Open finished orders again. Each gets a hold by hand with the reason: else it would finish itself at
    the next look. Raises :class:`Refused` without a reason, or when one is not finished."""
    words = reason.strip()
    if not words:
        raise Refused(Reason("reason_missing", gettext("Say why it is opened again.")))
    orders = move(
        Order.objects.filter(pk__in=order_ids), "reopen", by=by, words=words, sets={"closed_at": None}
    ).or_refuse()
    finding = Finding("manual", Reason("reopened", f"Opened again: {words}"))
    place_holds([Holding(order.pk, finding) for order in orders], by=by)
    return orders
