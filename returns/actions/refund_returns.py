"""Pay for returns: one refund for each, ever, reckoned by the same rule as its preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.approve_refunds import Refunding, approve_refunds
from orders.models import Refund
from returns.actions.authorise import lock_returns
from returns.actions.quote_return import Paying, ask_for, why_not_refund
from returns.models import Return


def refund_return(paying: Paying, *, by: Actor) -> Refund:
    """:func:`refund_returns` of one."""
    return refund_returns([paying], by=by)[0]


@transaction.atomic
def refund_returns(payings: Sequence[Paying], *, by: Actor) -> list[Refund]:
    """Approve the refunds of returns, in part or whole, in the order given. Goods need not have arrived (they
    may be kept), and nothing is restocked by it.

    A second call returns the refunds that were made; only one that was given up may be made anew. Raises
    :class:`Refused` with every reason of the quotes, and when a return is not approved; then none is made.
    """
    rows = {rma.pk: rma for rma in lock_returns([p.return_id for p in payings])}
    if any(p.return_id not in rows for p in payings):
        raise Refused(Reason("unknown_return", gettext("There is no such return.")))
    paid = {rma.pk: rma.refund for rma in rows.values() if rma.refund and rma.refund.state != "cancelled"}
    open_ = [p for p in payings if p.return_id not in paid]
    reasons = [reason for p in open_ for reason in why_not_refund(rows[p.return_id])]
    if reasons:
        raise Refused(reasons)
    causes = _causes([rows[p.return_id] for p in open_])
    refunds = approve_refunds(
        [
            Refunding(
                order_id=(rma := rows[p.return_id]).its_order.pk, ask=ask_for(rma, p, rma.its_order.currency),
                reason=p.reason.strip() or f"Return {rma.number}", cause=causes[rma.pk], limit=p.limit,
            )
            for p in open_
        ],
        by=by,
    )  # fmt: skip
    for p, refund in zip(open_, refunds, strict=True):
        paid[p.return_id] = rows[p.return_id].refund = refund
    write_columns([rows[p.return_id] for p in open_], "refund")
    journal.write(
        [
            Line.of(
                rows[p.return_id], "refund", f"{money.words(r.amount, r.currency)} to be paid back for it."
            )
            for p, r in zip(open_, refunds, strict=True)
        ],
        by=by,
    )
    return [paid[p.return_id] for p in payings]


def _causes(returns: Sequence[Return]) -> dict[int, str]:
    """One refund a return; one that was given up makes room for another."""
    given_up = Refund.objects.filter(order_id__in=[rma.order_id for rma in returns], state="cancelled")
    tried = Counter(":".join(cause.split(":")[:2]) for cause in given_up.values_list("cause", flat=True))
    return {
        rma.pk: f"return:{rma.pk}" + (f":{n + 1}" if (n := tried[f"return:{rma.pk}"]) else "")
        for rma in returns
    }
