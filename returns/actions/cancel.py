"""A return is not wanted any more: nothing of it has arrived."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.complete import complete_orders
from returns.actions.authorise import lock_returns
from returns.actions.derive import tell_orders
from returns.models import Return


@transaction.atomic
def cancel_returns(return_ids: Sequence[int], *, reason: str = "", by: Actor) -> list[Return]:
    """Call returns off; their orders go on. Raises :class:`Refused` when something has arrived, or when it
    is being paid for."""
    rows = lock_returns(return_ids)
    paid = [rma.number for rma in rows if rma.refund and rma.refund.state != "cancelled"]
    if paid:
        raise Refused(
            Reason(
                "refunded",
                gettext("%(names)s: it was paid for; close it instead.") % {"names": ", ".join(paid[:5])},
            )
        )
    done = move(
        rows, "cancel", by=by, words=reason.strip() or "Called off.", sets={"closed_at": timezone.now()}
    ).or_refuse()
    tell_orders(rma.its_order.pk for rma in done)
    complete_orders([rma.its_order.pk for rma in done], by=by)
    return done
