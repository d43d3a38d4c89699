"""Say yes to a return: the goods may come back."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.models import Order
from returns.models import Return


def lock_returns(return_ids: Sequence[int]) -> list[Return]:
    """Lock the orders, then their returns, with all that guards read. Whoever works on a return holds its
    order's lock, so stock may be locked after it."""
    orders = Return.objects.filter(pk__in=return_ids).values_list("order_id", flat=True)
    list(
        Order.objects.filter(pk__in=[pk for pk in orders if pk])
        .select_for_update()
        .order_by("pk")
        .values_list("pk")
    )
    return list(
        Return.objects.filter(pk__in=return_ids)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("order", "refund")
        .prefetch_related("lines__order_line", "lines__item", "lines__receipts")
    )


@transaction.atomic
def authorise_returns(return_ids: Sequence[int], *, by: Actor) -> list[Return]:
    """Approve returns that were asked for. Raises :class:`Refused` when one is not waiting for that."""
    return move(
        lock_returns(return_ids), "authorise", by=by, words="Approved: it may come back.",
        sets={"authorised_at": timezone.now()},
    ).or_refuse()  # fmt: skip
