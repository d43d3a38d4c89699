"""Take orders in: canonical rows, stock promised at once, the event that sets the rest off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from inventory.actions.fit_reservations import Fitted, Need, fit_reservations
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import insert, together
from oms.core.ids import uuid7
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from oms.core.steps import reached
from orders.actions.derive import derive_statuses
from orders.actions.pay import record_payments, record_shop_refunds
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import OrderDraft, called_off
from orders.events import OrderPlaced
from orders.models import Order, OrderCharge, OrderLine
from orders.rules.ledger import look
from orders.rules.progress import Transaction, payment_status
from orders.rules.reconcile import reconcile

Row = dict[str, Any]
"""A row as it is written, by column."""
_KEPT = Decimal("0.0001")


@dataclass(frozen=True)
class Placing:
    """One order to take in, our number for it, and which item each of its lines is (by the line's external
    id; unknown ones are left out)."""

    draft: OrderDraft
    number: str
    items: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Taken:
    """An order that has its primary key, what is known of its payments, and its lines with their counters."""

    pk: int
    draft: OrderDraft
    facts: tuple[Transaction, ...]
    lines: list[Row]

    @property
    def currency(self) -> str:
        return self.draft.currency

    @property
    def wanted(self) -> bool:
        return self.draft.cancelled_at is None


@transaction.atomic
def place_orders(placings: Sequence[Placing], *, by: Actor) -> list[int]:
    """Store new orders and promise their stock, in a constant number of statements.

    Amounts are kept as the channel gave them; a total that does not add up is held, never mended. Lines
    whose item is unknown wait; the others are promised. Returns the orders' primary keys in the order given.
    An order already taken in raises an IntegrityError: look it up first, the unique key decides races.
    """
    with together(len(placings)):
        facts = [_facts(p.draft) for p in placings]
        keys = insert(Order, list(map(_order, placings, facts)), keys=True)
        taken = [
            _Taken(pk, p.draft, known, _lines(pk, p))
            for pk, p, known in zip(keys, placings, facts, strict=True)
        ]
        insert(OrderCharge, [_charge(order.pk, charge) for order in taken for charge in order.draft.charges])
        record_payments([(order, order.draft.payments) for order in taken], by=by, fresh=True)
        wrong = [holding for order in taken for holding in _wrong(order)]
        # From here on shelves are locked, so what can be done before is done before.
        fitted = fit_reservations([need for order in taken for need in _needs(order)], fresh=True, by=by)
        lines = [line for order in taken for line in order.lines]
        for line in lines:
            _count(line, fitted.get(line["demand_key"]))
        refunded = [(order, order.draft.refunds) for order in taken if order.draft.refunds]
        line_keys = insert(OrderLine, lines, keys=bool(refunded))
        journal.write([_told(order) for order in taken], by=by)
        emit([OrderPlaced(order.pk) for order in taken if order.wanted], by=by)
    if refunded:
        of_shop = {
            (line["order_id"], line["external_id"]): pk for line, pk in zip(lines, line_keys, strict=True)
        }
        record_shop_refunds(refunded, of_shop, by=by, quiet=True)
    place_holds(wrong, by=by)
    # Only what was touched at the shop before, or needs no parcel, has more to count than placing itself knows.
    derive_statuses(
        order.pk
        for order in taken
        if order.draft.refunds or not order.wanted or not any(map(_stocked, order.lines))
    )
    if cancelled := [order.pk for order in taken if not order.wanted]:
        move(
            Order.objects.filter(pk__in=cancelled).prefetch_related("lines"), "cancel", by=by,
            words="It was cancelled at the shop before it came here.", sets={"closed_at": timezone.now()},
        )  # fmt: skip
    reached("placed")
    return keys


def _needs(order: _Taken) -> Iterator[Need]:
    if order.wanted:
        for line in order.lines:
            if line["item_id"] and line["unallocated"] and _stocked(line):
                yield Need(line["demand_key"], line["item_id"], line["unallocated"], order.draft.placed_at)


def _order(placing: Placing, facts: tuple[Transaction, ...]) -> Row:
    d = placing.draft
    shipping, billing = vars(d.shipping_address), vars(d.billing_address)
    return {
        "number": placing.number, "source": d.source, "external_id": d.external_id, "external_number": d.number[:60],
        "placed_at": d.placed_at, "remote_updated_at": d.updated_at,
        "currency": d.currency, "shop_currency": d.shop_currency,
        "total": kept(d.total.customer), "shop_total": kept(d.total.shop), "tax_total": tax_total(d),
        "prices_include_tax": d.prices_include_tax, "tax_rounding": d.tax_rounding, "tax_decimals": d.tax_decimals,
        "email": d.email.strip().lower()[:254], "phone": d.phone[:40],
        "customer_name": (d.customer_name or d.shipping_address.name)[:150], "shipping_address": shipping,
        "billing_address": billing, "country": d.shipping_address.country[:2],
        "shipping_method": d.shipping_method[:120], "note": d.note, "tags": list(d.tags),
        "channel_status": d.channel_status[:60], "channel_facts": channel_facts(d),
        "payment_status": payment_status(facts, d.total.customer),
    }  # fmt: skip


def channel_facts(d: OrderDraft) -> dict[str, Any]:
    """What the screen and people need of the draft and no column keeps."""
    return {
        "risk": d.channel_risk, "customer": d.customer_external_id,
        "customer_orders": d.customer_orders, "missing": list(d.missing), "test": d.test,
        **({"repeats": d.repeats} if d.repeats else {}),
        **({"discounts": discounts(d)} if d.discounts else {}),
    }  # fmt: skip


def discounts(d: OrderDraft) -> list[dict[str, str]]:
    return [
        {"code": one.code[:80], "title": one.title[:150], "line": one.line, "amount": str(kept(one.amount.customer)),
         "shop_amount": str(kept(one.amount.shop))}
        for one in d.discounts
    ]  # fmt: skip


def tax_total(d: OrderDraft) -> Decimal:
    taxes = [line.tax.customer for line in d.lines] + [charge.tax.customer for charge in d.charges]
    return kept(sum(taxes, Decimal(0)))


def _lines(order_id: int, placing: Placing) -> list[Row]:
    """Units that were cancelled, taken off or paid back at the shop before the order came here are not wanted; they
    are kept as cancelled where the shop's amounts still hold them."""
    draft = placing.draft
    gone = called_off(draft)
    rows = []
    for position, line in enumerate(draft.lines, 1):
        ordered = line.quantity if line.ordered is None else max(line.quantity, line.ordered)
        wanted = 0 if draft.cancelled_at else max(0, line.quantity - gone.get(line.external_id, 0))
        rows.append(
            {
                "order_id": order_id, "demand_key": uuid7(), "position": position, "external_id": line.external_id,
                "kind": line.kind, "item_id": placing.items.get(line.external_id), "sku": line.sku[:64],
                "external_product_id": line.external_product_id, "external_variant_id": line.external_variant_id,
                "title": (line.title or line.sku or "(no name)")[:250], "requires_shipping": line.requires_shipping,
                "unit_price": kept(line.unit_price), "net": kept(line.net.customer), "tax": kept(line.tax.customer),
                "discount": kept(line.discount.customer), "shop_net": kept(line.net.shop),
                "shop_tax": kept(line.tax.shop), "shop_discount": kept(line.discount.shop), "ordered": ordered,
                "cancelled": ordered - wanted, "unallocated": wanted, "backordered": 0, "promised": 0,
            }
        )  # fmt: skip
    return rows


def _stocked(line: Row) -> bool:
    return line["kind"] == OrderLine.Kind.ITEM and line["requires_shipping"]


def _count(line: Row, fitted: Fitted | None) -> None:
    """Move a line's units from ``unallocated`` to where what it holds says that they are."""
    if fitted:
        line["promised"], line["backordered"] = fitted.promised, fitted.backordered
        line["unallocated"] -= fitted.promised + fitted.backordered


def _charge(order_id: int, charge: Any) -> Row:
    return {
        "order_id": order_id, "external_id": charge.external_id, "kind": charge.kind, "code": charge.code[:80],
        "title": charge.title[:150], "net": kept(charge.net.customer), "tax": kept(charge.tax.customer),
        "discount": kept(charge.discount.customer), "shop_net": kept(charge.net.shop), "shop_tax": kept(charge.tax.shop),
    }  # fmt: skip


def kept(amount: Decimal) -> Decimal:
    """An amount as our columns hold it; what is finer is in the raw payload and held by reconciliation."""
    return amount.quantize(_KEPT)


def _wrong(order: _Taken) -> list[Holding]:
    """What its amounts and its payments give reason to hold it for. Several faults of the same totals are one
    hold; its words name them all."""
    draft, result = order.draft, reconcile(order.draft)
    found = [*result.findings[:1], *look(order.facts, draft.total.customer)]
    if not found:
        return []
    data = {
        "customer": str(result.customer), "shop": str(result.shop),
        "all": [finding.reason.words for finding in result.findings],
    }  # fmt: skip
    return [Holding(order.pk, finding, data=data) for finding in found]


def _facts(d: OrderDraft) -> tuple[Transaction, ...]:
    return tuple(
        Transaction(p.kind, p.status, p.amount.customer, d.currency, p.external_id) for p in d.payments
    )


def _told(order: _Taken) -> Line:
    promised = sum(line["promised"] for line in order.lines)
    waiting = sum(line["backordered"] for line in order.lines)
    words = f"Order {order.draft.number[:60]} came from {order.draft.source}; {promised} pieces promised"
    words += f", {waiting} wait for stock." if waiting else "."
    return Line(f"order:{order.pk}", f"order:{order.pk}", "place", words, after="received")
