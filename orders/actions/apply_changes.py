"""Apply what the shop changed after import, before work began on it: the same function as placing decides
what stock the order holds afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from django.db import transaction
from django.db.models import F

from inventory.actions.fit_reservations import Need, fit_reservations
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.actions.cancel import Cancelling, cancel_orders
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.actions.pay import record_payments, record_shop_refunds
from orders.actions.place import channel_facts, discounts, kept, tax_total
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import OrderDraft, called_off
from orders.events import OrderPlaced
from orders.models import Order, OrderCharge, OrderLine
from orders.rules.order_changes import Change
from orders.rules.reconcile import reconcile

SCREENED_AGAIN = {"address", "line_added", "quantity_up", "item", "contact", "money"}
# Of what the channel says besides, only this is judged by the screen; a new status or tag is no reason to look.
JUDGED = ("risk", "missing", "test")


@dataclass(frozen=True)
class Applying:
    """``read`` is the order as the shop has it now; ``changes`` those of its differences to apply."""

    order_id: int
    read: OrderDraft
    changes: Sequence[Change]
    items: Mapping[str, int] = field(default_factory=dict)


@transaction.atomic
def apply_changes(applyings: Sequence[Applying], *, by: Actor) -> None:
    """Bring orders in line with their shop. Raises :class:`Refused` when a change needs units that are in a
    warehouse's hands: those are for a person (``propose_changes``)."""
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
        if kinds & {"line_added", "line_removed", "quantity_up", "quantity_down", "item"}:
            _lines(order, applying, by)
        if "refund" in kinds:
            _refunds(order, read, by)
        if "cancelled" in kinds and order.state not in {"cancelled", "completed"}:
            cancel_orders(
                [Cancelling(order.pk, f"Cancelled at the shop. {read.cancel_reason}".strip(), tell=False)],
                by=by,
            )
            order = Order.objects.get(pk=order.pk)
        order.version += 1
        Order.objects.filter(pk=order.pk).update(
            **{name: getattr(order, name) for name in _COLUMNS}, version=order.version
        )
        if applying.changes:
            told.append(
                Line.of(
                    order, "change_at_shop", "At the shop: " + "; ".join(c.words for c in applying.changes)
                )
            )
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
    "shipping_method", "note", "tags", "channel_status", "channel_facts", "total", "shop_total", "tax_total",
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
        order.total, order.shop_total = kept(read.total.customer), kept(read.total.shop)
        order.tax_total = tax_total(read)
        order.channel_facts = {**order.channel_facts, "discounts": discounts(read)}
        OrderCharge.objects.filter(order=order).delete()
        OrderCharge.objects.bulk_create(
            [
                OrderCharge(
                    order=order, external_id=c.external_id, kind=c.kind, code=c.code[:80], title=c.title[:150],
                    net=kept(c.net.customer), tax=kept(c.tax.customer), discount=kept(c.discount.customer),
                    shop_net=kept(c.net.shop), shop_tax=kept(c.tax.shop),
                )
                for c in read.charges
            ]
        )  # fmt: skip
        _amounts(order, read)
        clear_holds([order.pk], ["total_mismatch"], by=by, note="the shop changed the amounts")
        place_holds([Holding(order.pk, f) for f in reconcile(read).findings[:1]], by=by)
    if "payment" in kinds:
        record_payments([(order, read.payments)], by=by)


def _amounts(order: Order, read: OrderDraft) -> None:
    theirs = {line.external_id: line for line in read.lines}
    changed = []
    for line in order.lines.all():
        new = theirs.get(line.external_id)
        if new:
            line.net, line.tax, line.discount = (
                kept(new.net.customer),
                kept(new.tax.customer),
                kept(new.discount.customer),
            )
            line.shop_net, line.shop_tax = kept(new.net.shop), kept(new.tax.shop)
            line.shop_discount = kept(new.discount.shop)
            changed.append(line)
    OrderLine.objects.bulk_update(
        changed, ["net", "tax", "discount", "shop_net", "shop_tax", "shop_discount"]
    )


def _lines(order: Order, applying: Applying, by: Actor) -> None:
    """More, fewer, other or new lines. Fewer units are a cancellation; more are ordered on top."""
    mine = {line.external_id: line for line in order.lines.all()}
    fewer: dict[int, int] = {}
    grown: list[OrderLine] = []
    fresh: list[OrderLine] = []
    for position, new in enumerate(applying.read.lines, 1):
        line = mine.get(new.external_id)
        if line is None:
            fresh.append(
                OrderLine(
                    order=order, position=position, external_id=new.external_id, kind=new.kind,
                    item_id=applying.items.get(new.external_id), sku=new.sku[:64],
                    external_product_id=new.external_product_id, external_variant_id=new.external_variant_id,
                    title=(new.title or new.sku or "(no name)")[:250], requires_shipping=new.requires_shipping,
                    unit_price=kept(new.unit_price), net=kept(new.net.customer), tax=kept(new.tax.customer),
                    discount=kept(new.discount.customer), shop_net=kept(new.net.shop), shop_tax=kept(new.tax.shop),
                    shop_discount=kept(new.discount.shop), ordered=new.quantity, unallocated=new.quantity,
                )
            )  # fmt: skip
            continue
        wanted = line.ordered - line.cancelled
        if new.quantity > wanted:
            line.ordered += new.quantity - wanted
            line.unallocated += new.quantity - wanted
            grown.append(line)
        elif new.quantity < wanted:
            fewer[line.pk] = wanted - new.quantity
    theirs = {line.external_id for line in applying.read.lines}
    fewer.update(
        {
            line.pk: line.ordered - line.cancelled
            for key, line in mine.items()
            if key not in theirs and line.ordered > line.cancelled
        }
    )
    OrderLine.objects.bulk_create(fresh)
    stocked = [line for line in (*grown, *fresh) if line.item_id and line.stocked and line.unallocated]
    fitted = fit_reservations(
        [
            Need(
                line.demand_key, line.item_id,
                line.unallocated + line.backordered + line.promised + line.released + line.picked + line.packed,
                order.placed_at,
            )
            for line in stocked
            if line.item_id
        ],
        by=by,
    )  # fmt: skip
    for line in stocked:
        now = fitted[line.demand_key]
        line.promised = now.promised - line.released - line.picked - line.packed
        line.backordered, line.unallocated = now.backordered, 0
    OrderLine.objects.bulk_update([*grown, *fresh], ["ordered", "unallocated", "promised", "backordered"])
    if fewer:
        cancel_orders([Cancelling(order.pk, "Taken off at the shop.", units=fewer, tell=False)], by=by)


def _refunds(order: Order, read: OrderDraft, by: Actor) -> None:
    """Record refunds made at the shop; units paid back that never left are cancelled."""
    lines = {line.external_id: line for line in OrderLine.objects.filter(order=order)}
    made = record_shop_refunds(
        [(order, read.refunds)], {(order.pk, key): line.pk for key, line in lines.items()}, by=by
    )
    if not made or order.state in {"cancelled", "completed"}:
        return
    units: dict[int, int] = {}
    for key, refunded in called_off(read).items():
        line = lines.get(key)
        if line:
            # What left the house and was paid back afterwards stays shipped; the rest is not wanted any more.
            unwanted = refunded - line.cancelled - line.returned
            units[line.pk] = min(unwanted, line.unallocated + line.backordered + line.promised)
    units = {pk: quantity for pk, quantity in units.items() if quantity > 0}
    if units:
        cancel_orders([Cancelling(order.pk, "Paid back at the shop.", units=units, tell=False)], by=by)
