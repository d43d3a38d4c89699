"""Apply what the shop changed after import, before work began on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.db.models import F

from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.actions.cancel import Cancelling, cancel_orders
from orders.actions.change_lines import GOODS, change_lines
from orders.actions.change_money import change_money
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.actions.pay import record_payments, record_shop_refunds
from orders.actions.place import channel_facts, discounts, kept, tax_total
from orders.actions.revive import revive
from orders.drafts import OrderDraft, called_off
from orders.events import OrderPlaced
from orders.models import Order, OrderLine
from orders.rules.order_changes import Change

SCREENED_AGAIN = {"address", "line_added", "quantity_up", "item", "contact", "money", "revived"}
# Of what the channel says besides, only this is judged by the screen; a new status or tag is no reason to look.
JUDGED = ("risk", "missing", "test")


@dataclass(frozen=True)
class Applying:
    """``read`` is the order as the shop has it now; ``changes`` those of its differences to apply. ``known``
    is what was read before: pieces come and go by what the shop changed since then. Without it all that
    differs from ours is made as at the shop."""

    order_id: int
    read: OrderDraft
    changes: Sequence[Change]
    items: Mapping[str, int] = field(default_factory=dict)
    known: OrderDraft | None = None


@transaction.atomic
def apply_changes(applyings: Sequence[Applying], *, by: Actor) -> None:
    """Bring orders in line with their shop. Raises :class:`Refused` when a change needs units that are in a
    warehouse's hands: those are for a person (``propose_changes``)."""
    if not applyings:
        return
    orders = {
        o.pk: o
        for o in Order.objects.filter(pk__in=[a.order_id for a in applyings])
        .select_for_update()
        .order_by("pk")
        .prefetch_related("lines")
    }
    told: list[Line] = []
    again: list[int] = []
    for applying in applyings:
        order, read = orders[applying.order_id], applying.read
        kinds = {change.kind for change in applying.changes}
        if read.updated_at >= order.remote_updated_at:
            order.remote_updated_at = read.updated_at
        judged = [order.channel_facts.get(name) for name in JUDGED]
        _facts(order, read, kinds, by)
        order.version += 1
        # Before anything is cancelled: what follows from that reads the order as it is now.
        Order.objects.filter(pk=order.pk).update(
            **{name: getattr(order, name) for name in _COLUMNS}, version=order.version
        )
        was = order.state
        if "revived" in kinds:
            revive(order, read, by=by)
        if kinds & GOODS:
            fewer = change_lines(order, read, applying.changes, applying.items, applying.known, by=by)
            order = _cancel(order, "Taken off at the shop.", by, fewer) if fewer else order
        if "money" in kinds:
            change_money(order, read, by=by)
        if "payment" in kinds:
            record_payments([(order, read.payments)], by=by)
        if "refund" in kinds:
            order = _refunds(order, read, by)
        if "cancelled" in kinds:
            order = _cancel(order, f"Cancelled at the shop. {read.cancel_reason}".strip(), by)
        # A payment tells itself, where it is one that we did not know.
        words = "; ".join(c.words for c in applying.changes if c.kind != "payment")
        if words:
            stays = was == "cancelled" and kinds & {"line_added", "quantity_up"}
            words += ". It is cancelled here, and stays so." if stays else ""
            told.append(Line.of(order, "change_at_shop", f"At the shop: {words}"))
        other = judged != [order.channel_facts.get(name) for name in JUDGED]
        if (other or kinds & SCREENED_AGAIN) and order.state in {"received", "review", "open"}:
            again.append(order.pk)
    journal.write(told, by=by)
    derive_statuses(orders)
    # What has left the house is not looked at again: a hold could stop nothing any more.
    unsent = OrderLine.objects.filter(order_id__in=again, ordered__gt=F("shipped") + F("cancelled"))
    again = sorted(set(unsent.values_list("order_id", flat=True)))
    emit([OrderPlaced(pk) for pk in again], by=by)
    go_on([pk for pk in orders if pk not in again], by=by)


_COLUMNS = (
    "remote_updated_at", "email", "phone", "customer_name", "shipping_address", "billing_address", "country",
    "shipping_method", "note", "tags", "channel_status", "channel_facts", "currency", "shop_currency", "total",
    "shop_total", "tax_total",
)  # fmt: skip


def _facts(order: Order, read: OrderDraft, kinds: set[str], by: Actor) -> None:
    if "address" in kinds:
        order.shipping_address = asdict(read.shipping_address)
        order.country = read.shipping_address.country[:2]
        clear_holds([order.pk], ["address_invalid"], by=by, note="another address from the shop")
    if "billing" in kinds:
        order.billing_address = asdict(read.billing_address)
    if "contact" in kinds:
        order.email, order.phone = read.email.strip().lower()[:254], read.phone[:40]
        order.customer_name = (read.customer_name or read.shipping_address.name)[:150]
    if "shipping_method" in kinds:
        order.shipping_method = read.shipping_method[:120]
    if "note" in kinds:
        order.note = read.note
    if "other" in kinds:
        order.tags, order.channel_status = list(read.tags), read.channel_status[:60]
        order.channel_facts = channel_facts(read)
        if not read.missing:
            clear_holds([order.pk], ["channel_incomplete"], by=by, note="the channel told the rest")
    if "money" in kinds:
        order.currency, order.shop_currency = read.currency, read.shop_currency
        order.total, order.shop_total = kept(read.total.customer), kept(read.total.shop)
        order.tax_total = tax_total(read)
        order.channel_facts = {**order.channel_facts, "discounts": discounts(read)}


def _cancel(order: Order, reason: str, by: Actor, units: Mapping[int, int] | None = None) -> Order:
    """Cancel what the shop cancelled; a finished order stays as it is. Returns the order as it is afterwards."""
    if order.state in {"cancelled", "completed"}:
        return order
    return cancel_orders([Cancelling(order.pk, reason, units=units or {}, tell=False)], by=by)[0]


def _refunds(order: Order, read: OrderDraft, by: Actor) -> Order:
    """Record refunds made at the shop; units paid back that never left are cancelled. Returns the order as it
    is afterwards."""
    lines = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    made = record_shop_refunds(
        [(order, read.refunds)], {(order.pk, key): line.pk for key, line in lines.items()}, by=by
    )
    if not made:
        return order
    units: dict[int, int] = {}
    for key, refunded in called_off(read).items():
        line = lines.get(key)
        if line:
            # What left the house and was paid back afterwards stays shipped; the rest is not wanted any more.
            unwanted = refunded - line.cancelled - line.returned
            units[line.pk] = min(unwanted, line.unallocated + line.backordered + line.promised)
    units = {pk: quantity for pk, quantity in units.items() if quantity > 0}
    return _cancel(order, "Paid back at the shop.", by, units) if units else order
