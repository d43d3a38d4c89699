"""Say no to a return, and why."""

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
def decline_returns(return_ids: Sequence[int], *, reason: str, by: Actor) -> list[Return]:
    """Refuse returns that were asked for; their orders go on. Raises :class:`Refused` without a reason, or
    when one was decided already."""
    if not reason.strip():
        raise Refused(Reason("reason_missing", gettext("Say why: the customer will ask.")))
    done = move(
        lock_returns(return_ids), "decline", by=by, words=reason.strip(), sets={"closed_at": timezone.now()}
    ).or_refuse()
    tell_orders(rma.its_order.pk for rma in done)
    complete_orders([rma.its_order.pk for rma in done], by=by)
    return done
