"""The channel paid refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from oms.core import money
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.complete import complete_orders
from orders.actions.derive import derive_statuses
from orders.actions.pay import record_refund_facts
from orders.events import RefundSettled
from orders.models import Refund


@dataclass(frozen=True)
class Settling:
    """A refund that was paid; ``external_id`` is its id at the channel."""

    refund_id: int
    external_id: str


def settle_refund(refund_id: int, *, external_id: str, by: Actor) -> Refund:
    """:func:`settle_refunds` of one."""
    return settle_refunds([Settling(refund_id, external_id)], by=by)[0]


@transaction.atomic
def settle_refunds(settlings: Sequence[Settling], *, by: Actor) -> list[Refund]:
    """The channel paid them back; orders that waited for nothing else are done. Settling twice changes nothing."""
    paid_as = {s.refund_id: s.external_id[:120] for s in settlings}
    refunds = list(Refund.objects.filter(pk__in=paid_as).select_for_update().order_by("pk"))
    if len(refunds) != len(paid_as):
        raise Refund.DoesNotExist("a refund that is to be settled does not exist")
    open_ = [r for r in refunds if r.state != "succeeded"]
    move(
        open_, "succeed", by=by, words=lambda r: f"{money.words(r.amount, r.currency)} paid back.",
        sets={"settled_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    for refund in open_:
        refund.external_id = paid_as[refund.pk]
    write_columns(open_, "external_id")
    record_refund_facts(open_)
    derive_statuses([r.order_id for r in open_])
    emit([RefundSettled(r.order_id, refund_id=r.pk) for r in open_], by=by)
    complete_orders({r.order_id for r in open_}, by=by)
    return refunds
