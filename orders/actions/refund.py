"""Give money back: reckoned by one rule for preview and deed, asked of the channel exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.utils import timezone

from oms.core import journal, money
from oms.core.actors import Actor
from oms.core.columns import write_columns
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
        reasons.append(Reason("over_limit", f"You may refund up to {most}; ask a manager for more."))
    return reasons + [
        Reason(f"held_{h.type}", f"Held: {h.words}")
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
    if quote.goodwill:
        parts.append(RefundLine(refund=refund, kind="goodwill", net=quote.goodwill))
    if quote.fee:
        parts.append(RefundLine(refund=refund, kind="fee", net=-quote.fee))
    return parts


def _took(transaction: object) -> bool:
    return transaction.status == "succeeded" and transaction.kind in {"capture", "external_paid"}  # type: ignore[attr-defined]


@transaction.atomic
def request_refunds(refund_ids: list[int], *, by: Actor) -> list[Refund]:
    """The channel is about to be asked (again)."""
    refunds = Refund.objects.filter(pk__in=refund_ids, state__in=["approved", "failed"])
    return move(refunds, "request", by=by, sets={"failure": ""}).done


@dataclass(frozen=True)
class Settling:
    """A refund that was paid; ``external_id`` is its id at the channel."""

    refund_id: int
    external_id: str


def settle_refund(refund_id: int, *, external_id: str, by: Actor) -> Refund:
    """:func:`settle_refunds` of one."""
    return settle_refunds([Settling(refund_id, external_id)], by=by)[0]


@transaction.atomic
def settle_refunds(settlings: Sequence[Settling], *, by: Actor) -> list[Refund]:
    """The channel paid them back. Settling twice changes nothing."""
    paid_as = {s.refund_id: s.external_id[:120] for s in settlings}
    refunds = list(Refund.objects.filter(pk__in=paid_as).select_for_update().order_by("pk"))
    if len(refunds) != len(paid_as):
        raise Refund.DoesNotExist("a refund that is to be settled does not exist")
    open_ = [r for r in refunds if r.state != "succeeded"]
    move(
        open_, "succeed", by=by, words=lambda r: f"{money.words(r.amount, r.currency)} paid back.",
        sets={"settled_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    for refund in open_:
        refund.external_id = paid_as[refund.pk]
    write_columns(open_, "external_id")
    record_refund_facts(open_)
    derive_statuses([r.order_id for r in open_])
    emit([RefundSettled(r.order_id, refund_id=r.pk) for r in open_], by=by)
    return refunds


def fail_refund(refund_id: int, *, why: str, by: Actor) -> None:
    """:func:`fail_refunds` of one."""
    fail_refunds([refund_id], why=why, by=by)


@transaction.atomic
def fail_refunds(refund_ids: Sequence[int], *, why: str, by: Actor) -> None:
    """The channels refused for good; a person decides what now. What is paid back stays counted apart."""
    refunds = Refund.objects.filter(pk__in=refund_ids)
    move(refunds, "fail", by=by, words=why, sets={"failure": why[:300]})


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
