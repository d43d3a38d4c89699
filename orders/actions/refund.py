"""Give money back: reckoned by one rule for preview and deed, asked of the channel exactly once."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.derive import derive_statuses
from orders.actions.pay import record_refund_facts
from orders.events import RefundApproved, RefundSettled
from orders.models import Order, Refund, RefundLine
from orders.rules.progress import Transaction, balance
from orders.rules.refund_amount import (
    PaidLine,
    PaidOrder,
    RefundAsk,
    RefundQuote,
    refund_amount,
    shop_side,
)

ZERO = Decimal(0)
UNDER_WAY = ("approved", "requested", "failed")


@dataclass(frozen=True)
class Refunding:
    """``cause`` (such as ``return:3``) allows one refund for it, ever. ``limit`` is the most this person may
    give back in one go, in the order's currency; ``None`` is no limit."""

    order_id: int
    ask: RefundAsk = field(default_factory=RefundAsk)
    reason: str = ""
    cause: str = ""
    limit: Decimal | None = None


def quote_refund(order: Order, ask: RefundAsk) -> RefundQuote:
    """What a refund would come to, and why not: the preview. Line keys are our line ids."""
    refunds = [r for r in order.refunds.all() if r.state != "cancelled"]
    parts = [part for refund in refunds for part in refund.lines.all()]
    shipping = [charge for charge in order.charges.all() if charge.kind == "shipping"]
    returned = [part for part in parts if part.kind == "shipping"]
    facts = balance(Transaction(t.kind, t.status, t.amount, t.currency) for t in order.transactions.all())
    under_way = sum((r.amount for r in refunds if r.state in UNDER_WAY), ZERO)
    return refund_amount(
        PaidOrder(
            currency=order.currency,
            lines=[
                PaidLine(
                    key=line.pk, title=line.title, quantity=line.ordered, net=line.net, tax=line.tax,
                    refunded_quantity=min(line.ordered, sum(p.quantity for p in parts if p.line_id == line.pk)),
                    refunded_net=sum((p.net for p in parts if p.line_id == line.pk), ZERO),
                    refunded_tax=sum((p.tax for p in parts if p.line_id == line.pk), ZERO),
                )
                for line in order.lines.all()
                if line.ordered
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


@transaction.atomic
def approve_refund(refunding: Refunding, *, by: Actor) -> Refund:
    """Approve a refund; the channel is asked for it by the event. Never touches stock.

    A second call with the same ``cause`` returns the refund that was made. Raises :class:`Refused` with
    every reason of the quote, ``over_limit``, or when a hold blocks refunds.
    """
    (order,) = for_quote([refunding.order_id], lock=True)
    if refunding.cause:
        for made in order.refunds.all():
            if made.cause == refunding.cause:
                return made
    quote = quote_refund(order, refunding.ask)
    reasons = list(quote.refusals)
    if refunding.limit is not None and quote.total > refunding.limit:
        most = money.words(refunding.limit, order.currency)
        reasons.append(Reason("over_limit", f"You may refund up to {most}; ask a manager for more."))
    reasons += [
        Reason(f"held_{h.type}", f"Held: {h.words}")
        for h in order.holds.all()
        if h.state == "active" and "refund" in h.blocks and h.line_id is None
    ]
    if reasons:
        raise Refused(reasons)
    captured = sum((t.amount for t in order.transactions.all() if _took(t)), ZERO)
    captured_shop = sum((t.shop_amount for t in order.transactions.all() if _took(t)), ZERO)
    already = sum((r.amount for r in order.refunds.all() if r.state != "cancelled"), ZERO)

    def booked(amount: Decimal) -> Decimal:
        return shop_side(amount, already, captured, captured_shop, order.shop_currency)

    refund = Refund.objects.create(
        order=order, amount=quote.total, currency=order.currency, shop_amount=booked(quote.total),
        reason=refunding.reason[:200], cause=refunding.cause[:80], created_by=str(by),
    )  # fmt: skip
    parts = [
        RefundLine(refund=refund, line_id=x.key, quantity=x.quantity, net=x.net, tax=x.tax)
        for x in quote.lines
    ]
    if quote.shipping_net or quote.shipping_tax:
        parts.append(
            RefundLine(refund=refund, kind="shipping", net=quote.shipping_net, tax=quote.shipping_tax)
        )
    if quote.goodwill:
        parts.append(RefundLine(refund=refund, kind="goodwill", net=quote.goodwill))
    if quote.fee:
        parts.append(RefundLine(refund=refund, kind="fee", net=-quote.fee))
    RefundLine.objects.bulk_create(parts)
    journal.write(
        [
            Line.of(
                refund,
                "approve_refund",
                f"{money.words(refund.amount, refund.currency)} to be paid back. {refunding.reason}".strip(),
            )
        ],
        by=by,
    )
    emit([RefundApproved(order.pk, refund_id=refund.pk)], by=by)
    return refund


def _took(transaction: object) -> bool:
    return transaction.status == "succeeded" and transaction.kind in {"capture", "external_paid"}  # type: ignore[attr-defined]


@transaction.atomic
def request_refunds(refund_ids: list[int], *, by: Actor) -> list[Refund]:
    """The channel is about to be asked (again)."""
    refunds = Refund.objects.filter(pk__in=refund_ids, state__in=["approved", "failed"])
    return move(refunds, "request", by=by, sets={"failure": ""}).done


@transaction.atomic
def settle_refund(refund_id: int, *, external_id: str, by: Actor) -> Refund:
    """The channel paid it back. Settling twice changes nothing."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    if refund.state == "succeeded":
        return refund
    now = timezone.now()
    move(
        [refund], "succeed", by=by, words=f"{money.words(refund.amount, refund.currency)} paid back.",
        sets={"external_id": external_id[:120], "settled_at": now},
    ).or_refuse()  # fmt: skip
    record_refund_facts([refund])
    derive_statuses([refund.order_id])
    emit([RefundSettled(refund.order_id, refund_id=refund.pk)], by=by)
    return refund


@transaction.atomic
def fail_refund(refund_id: int, *, why: str, by: Actor) -> None:
    """The channel refused for good; a person decides what now. What is paid back stays counted apart."""
    refund = Refund.objects.select_for_update().get(pk=refund_id)
    move([refund], "fail", by=by, words=why, sets={"failure": why[:300]})


@transaction.atomic
def retry_refunds(refund_ids: list[int], *, by: Actor) -> list[Refund]:
    """Ask the channel once more for refunds that failed."""
    refunds = list(
        Refund.objects.filter(pk__in=refund_ids, state="failed").select_for_update().order_by("pk")
    )
    if len(refunds) != len(set(refund_ids)):
        raise Refused(Reason("not_failed", "Only a refund that failed can be asked for again."))
    emit([RefundApproved(r.order_id, refund_id=r.pk) for r in refunds], by=by)
    journal.write([Line.of(r, "retry_refund", "Asked for once more.") for r in refunds], by=by)
    return refunds


@transaction.atomic
def give_up_refunds(refund_ids: list[int], *, reason: str, by: Actor) -> list[Refund]:
    """Give up refunds that were never paid; raises :class:`Refused` for one that is on its way."""
    return move(Refund.objects.filter(pk__in=refund_ids), "give_up", by=by, words=reason).or_refuse()
