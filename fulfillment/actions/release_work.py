"""Give planned work to the warehouse: what kept it back is settled."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from fulfillment.actions.pick import lock_work
from fulfillment.models import FulfillmentOrder
from oms.core.actors import Actor
from oms.core.lifecycle import move


@transaction.atomic
def release_work(work_ids: Sequence[int], *, by: Actor) -> list[FulfillmentOrder]:
    """Release planned fulfillment orders. Raises :class:`Refused` where a hold still forbids it."""
    return move(
        lock_work(work_ids), "release", by=by, words="Released by hand.", sets={"released_at": timezone.now()}
    ).or_refuse()
