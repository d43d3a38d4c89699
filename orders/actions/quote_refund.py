"""What a refund would come to, reckoned by one rule for preview and deed."""

from __future__ import annotations

from decimal import Decimal

from orders.actions.derive import facts_of
from orders.models import Order
from orders.rules.progress import balance
from orders.rules.refund_amount import (
    PaidLine,
    PaidOrder,
    RefundAsk,
    RefundQuote,
    refund_amount,
)

ZERO = Decimal(0)
UNDER_WAY = ("approved", "requested", "failed")


def quote_refund(order: Order, ask: RefundAsk) -> RefundQuote:
    """What a refund would come to, and why not: the preview. Line keys are our line ids."""
    refunds = [r for r in order.refunds.all() if r.state != "cancelled"]
    parts = [part for refund in refunds for part in refund.lines.all()]
    shipping = [charge for charge in order.charges.all() if charge.kind == "shipping"]
    returned = [part for part in parts if part.kind == "shipping"]
    facts = balance(facts_of(order))
    under_way = sum((r.amount for r in refunds if r.state in UNDER_WAY), ZERO)
    return refund_amount(
        PaidOrder(
            currency=order.currency,
            lines=[
                PaidLine(
                    key=line.pk, title=line.title, quantity=line.billed, net=line.net, tax=line.tax,
                    refunded_quantity=min(line.billed, sum(p.quantity for p in parts if p.line_id == line.pk)),
                    refunded_net=sum((p.net for p in parts if p.line_id == line.pk), ZERO),
                    refunded_tax=sum((p.tax for p in parts if p.line_id == line.pk), ZERO),
                )
                for line in order.lines.all()
                if line.billed
            ],
            refundable=facts.refundable - under_way,
            shipping_net=sum((c.net for c in shipping), ZERO),
            shipping_tax=sum((c.tax for c in shipping), ZERO),
            shipping_refunded_net=sum((p.net for p in returned), ZERO),
            shipping_refunded_tax=sum((p.tax for p in returned), ZERO),
        ),
        ask,
    )  # fmt: skip


def for_quote(order_ids: list[int], *, lock: bool = False) -> list[Order]:
    """Orders with all that ``quote_refund`` reads."""
    rows = Order.objects.filter(pk__in=order_ids).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    return list(rows.prefetch_related("lines", "charges", "transactions", "refunds__lines", "holds"))
