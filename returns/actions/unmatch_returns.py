"""The wrong order was said for goods that came without papers: they wait for the right one again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.advance import Step, advance_lines
from returns.actions.authorise import lock_returns
from returns.actions.derive import tell_orders
from returns.models import Return, ReturnLine


def why_not_unmatch(rma: Return) -> list[Reason]:
    """Why this return keeps its order."""
    if rma.order_id is None or not rma.unannounced:
        return [
            Reason("announced", gettext("%(number)s did not come without papers.") % {"number": rma.number})
        ]
    if rma.refund is not None and rma.refund.state != "cancelled":
        return [
            Reason("refunded", gettext("%(number)s was paid for on this order.") % {"number": rma.number})
        ]
    if rma.state != "received":
        return [
            Reason(
                "wrong_state",
                gettext("%(number)s is %(state)s.")
                % {"number": rma.number, "state": rma.get_state_display()},
            )
        ]
    return []


@transaction.atomic
def unmatch_returns(return_ids: Sequence[int], *, by: Actor) -> list[Return]:
    """Take the order off returns that were matched. Nothing else moves. Raises :class:`Refused` for one that
    was paid for or closed."""
    rows = lock_returns(return_ids)
    reasons = [reason for rma in rows for reason in why_not_unmatch(rma)]
    if reasons:
        raise Refused(reasons)
    lines = [x for rma in rows for x in rma.lines.all()]
    advance_lines([Step(x.order_line_id, -x.received, "", "returned") for x in lines if x.order_line_id])
    ReturnLine.objects.filter(pk__in=[x.pk for x in lines]).update(order_line=None)
    told = [
        Line.of(rma, "unmatch", f"It is not of {rma.order}; its order is looked for again.") for rma in rows
    ]
    journal.write(told, by=by)
    orders = [rma.order_id for rma in rows]
    for rma in rows:
        rma.order, rma.verdict = None, {}
    Return.objects.bulk_update(rows, ["order", "verdict"])
    tell_orders(pk for pk in orders if pk)
    return rows
