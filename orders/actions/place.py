"""Take orders in: canonical rows, stock promised at once, the event that sets the rest off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from inventory.actions.fit_reservations import Fitted, Need, fit_reservations
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.derive import derive_statuses
from orders.actions.pay import record_payments, record_shop_refunds
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import OrderDraft, called_off
from orders.events import OrderPlaced
from orders.models import Order, OrderCharge, OrderLine
from orders.rules.holds import Finding
from orders.rules.ledger import look
from orders.rules.progress import Transaction, payment_status
from orders.rules.reconcile import reconcile


@dataclass(frozen=True)
class Placing:
    """One order to take in, our number for it, and which item each of its lines is (by the line's external
    id; unknown ones are left out)."""

    draft: OrderDraft
    number: str
    items: Mapping[str, int] = field(default_factory=dict)


@transaction.atomic
def place_orders(placings: Sequence[Placing], *, by: Actor) -> list[Order]:
    """Store new orders and promise their stock, in a constant number of statements.

    Amounts are kept as the channel gave them; a total that does not add up is held, never mended. Lines
    whose item is unknown wait; the others are promised. Returns the orders in the order given. An order
    already taken in raises an IntegrityError: look it up first, the unique key decides races.
    """
    drafts = [p.draft for p in placings]
    orders = [_order(p) for p in placings]
    insert_rows(orders)
    lines = [
        _line(order, position, line, placing.items)
        for order, placing in zip(orders, placings, strict=True)
        for position, line in enumerate(placing.draft.lines, 1)
    ]
    _leave_out(orders, drafts, lines)
    open_ids = {o.pk for o, d in zip(orders, drafts, strict=True) if d.cancelled_at is None}
    placed_at = {order.pk: order.placed_at for order in orders}
    fitted = fit_reservations(
        [
            Need(line.demand_key, line.item_id, line.ordered - line.cancelled, placed_at[line.order_id])
            for line in lines
            if line.item_id and line.stocked and line.order_id in open_ids and line.ordered > line.cancelled
        ],
        by=by,
    )
    for line in lines:
        count_units(line, fitted.get(line.demand_key))
    insert_rows(lines)
    insert_rows(
        [_charge(order, charge) for order, d in zip(orders, drafts, strict=True) for charge in d.charges]
    )
    line_ids = {(line.order_id, line.external_id): line.pk for line in lines}
    record_payments([(order, d.payments) for order, d in zip(orders, drafts, strict=True)], by=by, quiet=True)
    record_shop_refunds(
        [(order, d.refunds) for order, d in zip(orders, drafts, strict=True)], line_ids, by=by, quiet=True
    )
    place_holds(
        [
            Holding(order.pk, finding, data=_difference(draft))
            for order, draft in zip(orders, drafts, strict=True)
            for finding in (*_one(reconcile(draft).findings), *_ledger(draft))
        ],
        by=by,
    )
    # Only what was touched at the shop before, or needs no parcel, has more to count than placing itself knows.
    to_send = {line.order_id for line in lines if line.stocked}
    touched = [o.pk for o, d in zip(orders, drafts, strict=True) if d.refunds or d.cancelled_at]
    derive_statuses([*touched, *(o.pk for o in orders if o.pk not in to_send)])
    totals = _totals(lines)
    journal.write(
        [Line.of(o, "place", _words(o, *totals.get(o.pk, (0, 0))), after=o.state) for o in orders], by=by
    )
    cancelled = [o for o, d in zip(orders, drafts, strict=True) if d.cancelled_at is not None]
    if cancelled:
        move(
            Order.objects.filter(pk__in=[o.pk for o in cancelled]).prefetch_related("lines"), "cancel", by=by,
            words="It was cancelled at the shop before it came here.", sets={"closed_at": timezone.now()},
        )  # fmt: skip
    emit([OrderPlaced(order.pk) for order in orders if order.pk in open_ids], by=by)
    return orders


def count_units(line: OrderLine, fitted: Fitted | None) -> None:
    """Set the counters of a line no work has begun on, from what it holds."""
    wanted = line.ordered - line.cancelled
    line.promised = fitted.promised if fitted else 0
    line.backordered = fitted.backordered if fitted else 0
    line.unallocated = wanted - line.promised - line.backordered


def _order(placing: Placing) -> Order:
    d = placing.draft
    return Order(
        number=placing.number, source=d.source, external_id=d.external_id, external_number=d.number[:60],
        placed_at=d.placed_at, remote_updated_at=d.updated_at,
        currency=d.currency, shop_currency=d.shop_currency, total=kept(d.total.customer), shop_total=kept(d.total.shop),
        tax_total=tax_total(d),
        prices_include_tax=d.prices_include_tax, email=d.email.strip().lower()[:254], phone=d.phone[:40],
        customer_name=(d.customer_name or d.shipping_address.name)[:150],
        shipping_address=asdict(d.shipping_address), billing_address=asdict(d.billing_address),
        country=d.shipping_address.country[:2], shipping_method=d.shipping_method[:120], note=d.note,
        tags=list(d.tags), channel_status=d.channel_status[:60], channel_facts=channel_facts(d),
        payment_status=payment_status(
            _facts(d), d.total.customer
        ),
    )  # fmt: skip


def channel_facts(d: OrderDraft) -> dict[str, Any]:
    """What the screen needs of the draft and no column keeps."""
    return {
        "risk": d.channel_risk, "ip_country": d.ip_country, "customer": d.customer_external_id,
        "customer_orders": d.customer_orders, "missing": list(d.missing), "test": d.test,
    }  # fmt: skip


def tax_total(d: OrderDraft) -> Decimal:
    taxes = [line.tax.customer for line in d.lines] + [charge.tax.customer for charge in d.charges]
    return kept(sum(taxes, Decimal(0)))


def _line(order: Order, position: int, line: Any, items: Mapping[str, int]) -> OrderLine:
    return OrderLine(
        order_id=order.pk, position=position, external_id=line.external_id, kind=line.kind, item_id=items.get(line.external_id),
        sku=line.sku[:64], external_product_id=line.external_product_id, external_variant_id=line.external_variant_id,
        title=(line.title or line.sku or "(no name)")[:250], requires_shipping=line.requires_shipping,
        unit_price=kept(line.unit_price), net=kept(line.net.customer), tax=kept(line.tax.customer),
        discount=kept(line.discount.customer), shop_net=kept(line.net.shop), shop_tax=kept(line.tax.shop),
        shop_discount=kept(line.discount.shop), ordered=line.quantity, unallocated=line.quantity,
    )  # fmt: skip


def _charge(order: Order, charge: Any) -> OrderCharge:
    return OrderCharge(
        order_id=order.pk, external_id=charge.external_id, kind=charge.kind, code=charge.code[:80], title=charge.title[:150],
        net=kept(charge.net.customer), tax=kept(charge.tax.customer), discount=kept(charge.discount.customer),
        shop_net=kept(charge.net.shop), shop_tax=kept(charge.tax.shop),
    )  # fmt: skip


def kept(amount: Decimal) -> Decimal:
    """An amount as our columns hold it; what is finer is in the raw payload and held by reconciliation."""
    return amount.quantize(Decimal("0.0001"))


def _leave_out(orders: Sequence[Order], drafts: Sequence[OrderDraft], lines: Sequence[OrderLine]) -> None:
    """Units that were cancelled or paid back at the shop before the order came here are not wanted."""
    gone = {(o.pk, key): n for o, d in zip(orders, drafts, strict=True) for key, n in called_off(d).items()}
    dead = {o.pk for o, d in zip(orders, drafts, strict=True) if d.cancelled_at is not None}
    for line in lines:
        refunded = gone.get((line.order_id, line.external_id), 0)
        line.cancelled = line.ordered if line.order_id in dead else min(line.ordered, refunded)
        line.unallocated = line.ordered - line.cancelled


def _one(findings: Sequence[Finding]) -> list[Finding]:
    """Several faults of the same totals are one hold; its words name them all."""
    return list(findings[:1])


def _ledger(draft: OrderDraft) -> Sequence[Finding]:
    return look(_facts(draft), draft.total.customer)


def _facts(d: OrderDraft) -> list[Transaction]:
    return [Transaction(p.kind, p.status, p.amount.customer, d.currency, p.external_id) for p in d.payments]


def _difference(draft: OrderDraft) -> dict[str, Any]:
    result = reconcile(draft)
    return {
        "customer": str(result.customer), "shop": str(result.shop),
        "all": [finding.reason.words for finding in result.findings],
    }  # fmt: skip


def _totals(lines: Sequence[OrderLine]) -> dict[int, tuple[int, int]]:
    totals: dict[int, tuple[int, int]] = {}
    for line in lines:
        promised, waiting = totals.get(line.order_id, (0, 0))
        totals[line.order_id] = (promised + line.promised, waiting + line.backordered)
    return totals


def _words(order: Order, promised: int, waiting: int) -> str:
    told = f"Order {order.external_number} came from {order.source}; {promised} pieces promised"
    return told + (f", {waiting} wait for stock." if waiting else ".")
