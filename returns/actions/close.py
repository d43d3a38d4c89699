"""A return is done: everything that came is inspected, its money settled. The order goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from oms.core.outbox import emit
from oms.core.words import gettext_noop, told
from orders.actions.complete import complete_orders
from returns.actions.authorise import lock_returns
from returns.actions.derive import counts, open_refunds, tell_orders
from returns.events import ReturnClosed
from returns.models import Return
from returns.rules.progress import may_close


def why_not_close(rma: Return, *, settled_otherwise: bool = False) -> list[Reason]:
    """Why this return may not be closed now (``returns/rules/progress.py``)."""
    if rma.order_id is None and not settled_otherwise:
        why = gettext_noop("%(of)s: nobody has said of which order it is. Say it, or how it was settled.")
        return [Reason("unmatched", told(why, of=rma.number))]
    found = may_close(rma.state, counts(rma, settled_otherwise=settled_otherwise), open_refunds(rma))
    return [
        Reason(reason.code, told(gettext_noop("%(of)s: %(words)s."), of=rma.number, words=reason.words))
        for reason in found
    ]


@transaction.atomic
def close_returns(return_ids: Sequence[int], *, settled_otherwise: str = "", by: Actor) -> list[Return]:
    """Close returns. ``settled_otherwise`` says in words how it was settled where no refund was made here
    (paid back at the shop, a voucher). Raises :class:`Refused` when something is left to do."""
    rows = lock_returns(return_ids)
    words = settled_otherwise.strip()
    reasons = [reason for rma in rows for reason in why_not_close(rma, settled_otherwise=bool(words))]
    if reasons:
        raise Refused(reasons)
    done = move(
        rows, "close", by=by, words=f"Settled: {words}" if words else "Everything is inspected and settled.",
        sets={"closed_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    tell_orders(rma.order_id for rma in done)
    emit([ReturnClosed(rma.order_id, return_id=rma.pk) for rma in done if rma.order_id], by=by)
    complete_orders([rma.order_id for rma in done if rma.order_id], by=by)
    return done


@transaction.atomic
def close_done(order_ids: Iterable[int], *, by: Actor) -> list[Return]:
    """Close those returns of the orders that have nothing left to do; the others stay as they are."""
    ids = Return.objects.filter(
        order_id__in=list(order_ids), state__in=["authorised", "partly_received", "received"]
    )
    rows = lock_returns(list(ids.values_list("pk", flat=True)))
    return close_returns([rma.pk for rma in rows if not why_not_close(rma)], by=by)
