"""Pay for a return: one refund for it, ever, reckoned by the same rule as its preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.money import Money
from orders.actions.refund import Refunding, approve_refund, for_quote, quote_refund
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


@transaction.atomic
def refund_return(paying: Paying, *, by: Actor) -> Refund:
    """Approve the refund of a return, in part or whole. Goods need not have arrived (they may be kept), and
    nothing is restocked by it.

    A second call returns the refund that was made; only one that was given up may be made anew. Raises
    :class:`Refused` with every reason of the quote, and when the return is not approved.
    """
    rows = lock_returns([paying.return_id])
    if not rows:
        raise Refused(Reason("unknown_return", "There is no such return."))
    rma = rows[0]
    if rma.refund is not None and rma.refund.state != "cancelled":
        return rma.refund
    reasons = why_not_refund(rma)
    if reasons:
        raise Refused(reasons)
    refund = approve_refund(
        Refunding(
            order_id=rma.order_id, ask=ask_for(rma, paying, rma.order.currency),
            reason=paying.reason.strip() or f"Return {rma.number}", cause=_cause(rma), limit=paying.limit,
        ),
        by=by,
    )  # fmt: skip
    Return.objects.filter(pk=rma.pk).update(refund=refund)
    words = f"{money.words(refund.amount, refund.currency)} to be paid back for it."
    journal.write([Line.of(rma, "refund", words)], by=by)
    return refund


def _cause(rma: Return) -> str:
    """One refund a return; one that was given up makes room for another."""
    cause = f"return:{rma.pk}"
    given_up = Refund.objects.filter(order_id=rma.order_id, state="cancelled").filter(
        cause__regex=rf"^{cause}(:\d+)?$"
    )
    tried = given_up.count()
    return f"{cause}:{tried + 1}" if tried else cause
