"""The channel is about to be asked for refunds."""

from __future__ import annotations

from django.db import transaction

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.models import Refund


@transaction.atomic
def request_refunds(refund_ids: list[int], *, by: Actor) -> list[Refund]:
    """The channel is about to be asked (again)."""
    refunds = Refund.objects.filter(pk__in=refund_ids, state__in=["approved", "failed"])
    return move(refunds, "request", by=by, sets={"failure": ""}).done
