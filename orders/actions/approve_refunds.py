"""Give money back: approved here, asked of the channel exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.actions.quote_refund import ZERO, for_quote, quote_refund
from orders.events import RefundApproved
from orders.models import Order, Refund, RefundLine
from orders.rules.refund_amount import (
    RefundAsk,
    RefundQuote,
    shop_side,
)


@dataclass(frozen=True)
class Refunding:
    """``cause`` (such as ``return:3``) allows one refund for it, ever. ``limit`` is the most this person may
    give back in one go, in the order's currency; ``None`` is no limit."""

    order_id: int
    ask: RefundAsk = field(default_factory=RefundAsk)
    reason: str = ""
    cause: str = ""
    limit: Decimal | None = None


def approve_refund(refunding: Refunding, *, by: Actor) -> Refund:
    """:func:`approve_refunds` of one."""
    return approve_refunds([refunding], by=by)[0]


@transaction.atomic
def approve_refunds(refundings: Sequence[Refunding], *, by: Actor) -> list[Refund]:
    """Approve refunds, in the order given; the channels are asked for them by the event. Never touches stock.

    The same ``cause`` again returns the refund that was made. Raises :class:`Refused` with every reason of
    the quotes, ``over_limit``, or when a hold blocks refunds; then none is approved.
    """
    made: list[Refund] = []
    for part in _one_an_order(refundings):
        made += _approve(part, by)
    return made


def _one_an_order(refundings: Sequence[Refunding]) -> list[list[Refunding]]:
    """In parts that name no order twice: what is left for the second refund is known after the first."""
    parts: list[list[Refunding]] = []
    seen: set[int] = set()
    for refunding in refundings:
        if not parts or refunding.order_id in seen:
            parts.append([])
            seen = set()
        seen.add(refunding.order_id)
        parts[-1].append(refunding)
    return parts


def _approve(refundings: Sequence[Refunding], by: Actor) -> list[Refund]:
    orders = {order.pk: order for order in for_quote([r.order_id for r in refundings], lock=True)}
    result: list[Refund] = []
    fresh: list[tuple[Refund, Refunding]] = []
    parts: list[RefundLine] = []
    reasons: list[Reason] = []
    for refunding in refundings:
        order = orders[refunding.order_id]
        known = [r for r in order.refunds.all() if refunding.cause and r.cause == refunding.cause]
        if known:
            result.append(known[0])
            continue
        quote = quote_refund(order, refunding.ask)
        reasons += _refusals(order, quote, refunding)
        refund = Refund(
            order=order, amount=quote.total, currency=order.currency, shop_amount=_booked(order, quote.total),
            reason=refunding.reason[:200], cause=refunding.cause[:80], created_by=str(by),
        )  # fmt: skip
        result.append(refund)
        fresh.append((refund, refunding))
        parts += _parts(refund, quote)
    if reasons:
        raise Refused(reasons)
    Refund.objects.bulk_create([refund for refund, _ in fresh])
    RefundLine.objects.bulk_create(parts)
    journal.write(
        [
            Line.of(
                refund,
                "approve_refund",
                f"{money.words(refund.amount, refund.currency)} to be paid back. {refunding.reason}".strip(),
            )
            for refund, refunding in fresh
        ],
        by=by,
    )
    emit([RefundApproved(refund.order_id, refund_id=refund.pk) for refund, _ in fresh], by=by)
    return result


def _refusals(order: Order, quote: RefundQuote, refunding: Refunding) -> list[Reason]:
    reasons = list(quote.refusals)
    if refunding.limit is not None and quote.total > refunding.limit:
        most = money.words(refunding.limit, order.currency)
        reasons.append(
            Reason(
                "over_limit",
                gettext("You may refund up to %(most)s; ask a manager for more.") % {"most": most},
            )
        )
    return reasons + [
        Reason(f"held_{h.type}", gettext("Held: %(words)s") % {"words": h.words})
        for h in order.holds.all()
        if h.state == "active" and "refund" in h.blocks and h.line_id is None
    ]


def _booked(order: Order, amount: Decimal) -> Decimal:
    """The amount in the shop's own currency."""
    captured = sum((t.amount for t in order.transactions.all() if _took(t)), ZERO)
    captured_shop = sum((t.shop_amount for t in order.transactions.all() if _took(t)), ZERO)
    already = sum((r.amount for r in order.refunds.all() if r.state != "cancelled"), ZERO)
    return shop_side(amount, already, captured, captured_shop, order.shop_currency)


def _parts(refund: Refund, quote: RefundQuote) -> list[RefundLine]:
    parts = [
        RefundLine(refund=refund, line_id=cast("int", x.key), quantity=x.quantity, net=x.net, tax=x.tax)
        for x in quote.lines
    ]
    if quote.shipping_net or quote.shipping_tax:
        parts.append(
            RefundLine(refund=refund, kind="shipping", net=quote.shipping_net, tax=quote.shipping_tax)
        )
    parts += [
        RefundLine(refund=refund, kind="charge", charge=cast("str", x.key), net=x.net, tax=x.tax)
        for x in quote.named_charges
    ]
    net = quote.charges_net - sum((x.net for x in quote.named_charges), ZERO)
    tax = quote.charges_tax - sum((x.tax for x in quote.named_charges), ZERO)
    if net or tax:
        parts.append(RefundLine(refund=refund, kind="charge", net=net, tax=tax))
    if quote.goodwill:
        parts.append(RefundLine(refund=refund, kind="goodwill", net=quote.goodwill))
    if quote.fee:
        parts.append(RefundLine(refund=refund, kind="fee", net=-quote.fee))
    return parts


def _took(transaction: object) -> bool:
    return transaction.status == "succeeded" and transaction.kind in {"capture", "external_paid"}  # type: ignore[attr-defined]
