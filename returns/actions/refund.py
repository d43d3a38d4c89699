"""Pay for a return: one refund for it, ever, reckoned by the same rule as its preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.money import Money
from orders.actions.refund import Refunding, approve_refunds, for_quote, quote_refund
from orders.models import Refund
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote
from returns.actions.authorise import lock_returns
from returns.actions.derive import accepted_units
from returns.models import Return


@dataclass(frozen=True)
class Paying:
    """What to pay back for a return, in the order's currency, tax included.

    ``units`` by order line id; ``None`` takes the units accepted at inspection (and those that the customer
    keeps). ``amounts`` by order line id replace what the rule reckons for a line. ``fee`` is kept back.
    """

    return_id: int
    units: Mapping[int, int] | None = None
    amounts: Mapping[int, Decimal] | None = None
    shipping: Decimal | None = None
    goodwill: Decimal | None = None
    fee: Decimal | None = None
    reason: str = ""
    limit: Decimal | None = None


def quote_return(rma: Return, paying: Paying) -> RefundQuote:
    """The preview: what would be paid back for it, and every reason why not."""
    (order,) = for_quote([rma.order_id])
    return quote_refund(order, ask_for(rma, paying, order.currency))


def ask_for(rma: Return, paying: Paying, currency: str) -> RefundAsk:
    units = dict(accepted_units(rma) if paying.units is None else paying.units)
    amounts = dict(paying.amounts or {})

    def of(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money(amount, currency)

    return RefundAsk(
        lines=[
            LineAsk(pk, units.get(pk, 0), of(amounts.get(pk)))
            for pk in sorted({*units, *amounts})
            if units.get(pk) or pk in amounts
        ],
        shipping=of(paying.shipping), goodwill=of(paying.goodwill), fee=of(paying.fee),
    )  # fmt: skip


def why_not_refund(rma: Return) -> list[Reason]:
    """Why nothing can be paid for this return now; whether goods came is another matter."""
    if rma.refund is not None and rma.refund.state != "cancelled":
        amount = money.words(rma.refund.amount, rma.refund.currency)
        told = f"{rma.number}: {amount} {rma.refund.get_state_display()} already. Refund more on the order."
        return [Reason("refunded", told)]
    if rma.state == "requested":
        return [Reason("not_authorised", f"{rma.number} is not approved yet: approve it first.")]
    if rma.state not in {"authorised", "partly_received", "received"}:
        told = f"{rma.number} is {rma.get_state_display()}; refund on the order instead."
        return [Reason("wrong_state", told)]
    return []


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
        raise Refused(Reason("unknown_return", "There is no such return."))
    paid = {rma.pk: rma.refund for rma in rows.values() if rma.refund and rma.refund.state != "cancelled"}
    open_ = [p for p in payings if p.return_id not in paid]
    reasons = [reason for p in open_ for reason in why_not_refund(rows[p.return_id])]
    if reasons:
        raise Refused(reasons)
    causes = _causes([rows[p.return_id] for p in open_])
    refunds = approve_refunds(
        [
            Refunding(
                order_id=(rma := rows[p.return_id]).order_id, ask=ask_for(rma, p, rma.order.currency),
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
