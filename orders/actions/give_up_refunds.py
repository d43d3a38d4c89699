"""Give up refunds that were never paid."""

from __future__ import annotations

from django.db import transaction

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.models import Refund


@transaction.atomic
def give_up_refunds(refund_ids: list[int], *, reason: str, by: Actor) -> list[Refund]:
    """Give up refunds that were never paid; raises :class:`Refused` for one that is on its way."""
    return move(Refund.objects.filter(pk__in=refund_ids), "give_up", by=by, words=reason).or_refuse()
