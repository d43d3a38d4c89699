"""A person lifts holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.actions.go_on import go_on
from orders.models import Hold, Order


@transaction.atomic
def release_holds(hold_ids: Sequence[int], *, by: Actor, note: str = "") -> list[int]:
    """Lift holds; orders with nothing left to decide go on by themselves. Returns the orders' ids.

    The caller has checked the permission of each type (``HOLDS[type].permission``). Raises
    :class:`Refused` when one is not in force any more.
    """
    order_ids = sorted(set(Hold.objects.filter(pk__in=hold_ids).values_list("order_id", flat=True)))
    list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk").values_list("pk"))
    lift(Hold.objects.filter(pk__in=hold_ids), "release", by=by, note=note)
    go_on(order_ids, by=by)
    return order_ids


def lift(holds: Any, command: str, *, by: Actor, note: str) -> None:
    move(
        holds, command, by=by, words=lambda hold: f"{hold.words}: {note}" if note else hold.words,
        sets={"ended_by": str(by)[:150], "ended_at": timezone.now(), "note": note[:300]},
    ).or_refuse()  # fmt: skip
