"""What a refund would come to, reckoned by one rule for preview and deed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from orders.actions.derive import facts_of
from orders.models import Order, OrderCharge, RefundLine
from orders.rules.progress import balance
from orders.rules.refund_amount import (
    PaidCharge,
    PaidLine,
    PaidOrder,
    RefundAsk,
    RefundQuote,
    refund_amount,
)

ZERO = Decimal(0)
# Kinds of RefundLine that give back what was paid beside the lines, and the charges of the order they are about.
PAID_BESIDE = {"shipping": ("shipping",), "charge": ("fee", "rounding")}
UNDER_WAY = ("approved", "requested", "failed")


def quote_refund(order: Order, ask: RefundAsk) -> RefundQuote:
    """What a refund would come to, and why not: the preview. Line keys are our line ids."""
    refunds = [r for r in order.refunds.all() if r.state != "cancelled"]
    parts = [part for refund in refunds for part in refund.lines.all()]
    # A rounding down is no money of the customer's: the limit of what was captured takes it off.
    paid = {
        kind: [c for c in order.charges.all() if c.kind in kinds and (c.kind != "rounding" or c.net > 0)]
        for kind, kinds in PAID_BESIDE.items()
    }
    back = {kind: [part for part in parts if part.kind == kind] for kind in PAID_BESIDE}
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
            shipping_net=sum((c.net for c in paid["shipping"]), ZERO),
            shipping_tax=sum((c.tax for c in paid["shipping"]), ZERO),
            shipping_refunded_net=sum((p.net for p in back["shipping"]), ZERO),
            shipping_refunded_tax=sum((p.tax for p in back["shipping"]), ZERO),
            charges_net=sum((c.net for c in paid["charge"]), ZERO),
            charges_tax=sum((c.tax for c in paid["charge"]), ZERO),
            charges_refunded_net=sum((p.net for p in back["charge"]), ZERO),
            charges_refunded_tax=sum((p.tax for p in back["charge"]), ZERO),
            named_charges=_named(paid["charge"], back["charge"]),
        ),
        ask,
    )  # fmt: skip


def left_by_name(order: Order) -> list[PaidCharge]:
    """The fees of which something is left that can be given back by name."""
    back = [
        part for refund in order.refunds.all() if refund.state != "cancelled" for part in refund.lines.all()
    ]
    return [one for one in _named(order.charges.all(), back) if one.left > 0]


def _named(charges: Iterable[OrderCharge], back: Iterable[RefundLine]) -> list[PaidCharge]:
    net: dict[str, Decimal] = {}
    tax: dict[str, Decimal] = {}
    for part in back:
        net[part.charge] = net.get(part.charge, ZERO) + part.net
        tax[part.charge] = tax.get(part.charge, ZERO) + part.tax
    return [
        PaidCharge(
            c.external_id, c.title, c.net, c.tax, net.get(c.external_id, ZERO), tax.get(c.external_id, ZERO)
        )
        for c in charges
        if c.kind == "fee" and c.external_id and c.net + c.tax > 0
    ]


def for_quote(order_ids: list[int], *, lock: bool = False) -> list[Order]:
    """Orders with all that ``quote_refund`` reads."""
    rows = Order.objects.filter(pk__in=order_ids).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    return list(rows.prefetch_related("lines", "charges", "transactions", "refunds__lines", "holds"))
