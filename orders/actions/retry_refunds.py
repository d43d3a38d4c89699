"""Ask the channel once more for refunds that failed."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.events import RefundApproved
from orders.models import Refund


@transaction.atomic
def retry_refunds(refund_ids: list[int], *, by: Actor) -> list[Refund]:
    """Ask the channel once more for refunds that failed."""
    refunds = list(
        Refund.objects.filter(pk__in=refund_ids, state="failed").select_for_update().order_by("pk")
    )
    if len(refunds) != len(set(refund_ids)):
        raise Refused(Reason("not_failed", gettext("Only a refund that failed can be asked for again.")))
    emit([RefundApproved(r.order_id, refund_id=r.pk) for r in refunds], by=by)
    journal.write([Line.of(r, "retry_refund", "Asked for once more.") for r in refunds], by=by)
    return refunds
