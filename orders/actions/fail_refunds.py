"""The channel refused refunds for good."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.models import Refund


def fail_refund(refund_id: int, *, why: str, by: Actor) -> None:
    """:func:`fail_refunds` of one."""
    fail_refunds([refund_id], why=why, by=by)


@transaction.atomic
def fail_refunds(refund_ids: Sequence[int], *, why: str, by: Actor) -> None:
    """The channels refused for good; a person decides what now. What is paid back stays counted apart."""
    refunds = Refund.objects.filter(pk__in=refund_ids)
    move(refunds, "fail", by=by, words=why, sets={"failure": why[:300]})
