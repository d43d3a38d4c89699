"""What would be paid back for a return, and why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext

from oms.core import money
from oms.core.errors import Reason, Refused
from oms.core.money import Money
from orders.actions.quote_refund import for_quote, quote_refund
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote
from returns.actions.derive import accepted_units
from returns.models import Return


@dataclass(frozen=True)
class Paying:
    """What to pay back for a return, in the order's currency, tax included.

    ``units`` by order line id; ``None`` takes the units accepted at inspection (and those that the customer
    keeps). ``amounts`` by order line id replace what the rule reckons for a line. ``named_charges`` are fees that go
    back whole, by the id that the shop has for them, and ``charges`` an amount of all the others. ``fee`` is kept back.
    """

    return_id: int
    units: Mapping[int, int] | None = None
    amounts: Mapping[int, Decimal] | None = None
    shipping: Decimal | None = None
    charges: Decimal | None = None
    named_charges: Sequence[str] = ()
    goodwill: Decimal | None = None
    fee: Decimal | None = None
    reason: str = ""
    limit: Decimal | None = None


def quote_return(rma: Return, paying: Paying) -> RefundQuote:
    """The preview: what would be paid back for it, and every reason why not."""
    if rma.order_id is None:
        raise Refused(why_not_refund(rma))
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
        shipping=of(paying.shipping), charges=of(paying.charges), named_charges=paying.named_charges, goodwill=of(paying.goodwill), fee=of(paying.fee),
    )  # fmt: skip


def why_not_refund(rma: Return) -> list[Reason]:
    """Why nothing can be paid for this return now; whether goods came is another matter."""
    if rma.order_id is None:
        return [
            Reason(
                "unmatched", gettext("%(number)s: say first of which order it is.") % {"number": rma.number}
            )
        ]
    if rma.refund is not None and rma.refund.state != "cancelled":
        amount = money.words(rma.refund.amount, rma.refund.currency)
        told = f"{rma.number}: {amount} {rma.refund.get_state_display()} already. Refund more on the order."
        return [Reason("refunded", told)]
    if rma.state == "requested":
        return [
            Reason(
                "not_authorised",
                gettext("%(number)s is not approved yet: approve it first.") % {"number": rma.number},
            )
        ]
    if rma.state not in {"authorised", "partly_received", "received"}:
        told = f"{rma.number} is {rma.get_state_display()}; refund on the order instead."
        return [Reason("wrong_state", told)]
    return []
