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
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.cancel import Cancelling, cancel_orders
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses, facts_of
from orders.actions.go_on import go_on
from orders.actions.pay import record_payments, record_shop_refunds
from orders.actions.place import channel_facts, kept, tax_total
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import NOTHING, LineDraft, OrderDraft, called_off
from orders.events import OrderPlaced
from orders.models import Hold, Order, OrderCharge, OrderLine
from orders.rules.holds import Finding
from orders.rules.ledger import look
from orders.rules.order_changes import Change
from orders.rules.reconcile import reconcile

SCREENED_AGAIN = {"address", "line_added", "quantity_up", "item", "contact", "money"}
GOODS = {"line_added", "line_removed", "quantity_up", "quantity_down", "item"}
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
        if kinds & GOODS:
            order = _lines(order, applying, by)
        if "money" in kinds:
            _money(order, read, by)
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


def _cancel(order: Order, reason: str, by: Actor, units: Mapping[int, int] | None = None) -> Order:
    """Cancel what the shop cancelled; a finished order stays as it is. Returns the order as it is afterwards."""
    if order.state in {"cancelled", "completed"}:
        return order
    return cancel_orders([Cancelling(order.pk, reason, units=units or {}, tell=False)], by=by)[0]


def _money(order: Order, read: OrderDraft, by: Actor) -> None:
    """Charges and amounts as the shop has them now, and what is wrong with them or with what was paid."""
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
    facts = facts_of(order)
    found = [
        *reconcile(read).findings[:1],
        *(f for f in look(facts, order.total) if f.hold == "total_mismatch"),
    ]
    paid_in = {fact.currency for fact in facts} - {order.currency}
    if paid_in:
        words = f"The shop changed the currency to {order.currency}, but it was paid in {', '.join(sorted(paid_in))}"
        found.append(Finding("total_mismatch", Reason("currency_changed", words)))
    settled = set(
        Hold.objects.filter(order=order, type="total_mismatch", state="released").values_list(
            "data__code", flat=True
        )
    )
    # What a person has looked at and released is not asked again; other amounts of the order are new.
    place_holds(
        [
            Holding(order.pk, f)
            for f in found
            if f.reason.code == "total_mismatch" or f.reason.code not in settled
        ],
        by=by,
    )


def _amounts(order: Order, read: OrderDraft) -> None:
    """Each line's amounts as the shop has them now. What the shop has no line for any more costs nothing: its
    total counts without it."""
    theirs = {line.external_id: line for line in read.lines}
    lines = list(OrderLine.objects.filter(order=order))
    for line in lines:
        new = theirs.get(line.external_id) or LineDraft(line.external_id, line.title, 0, NOTHING)
        line.net, line.shop_net = kept(new.net.customer), kept(new.net.shop)
        line.tax, line.shop_tax = kept(new.tax.customer), kept(new.tax.shop)
        line.discount, line.shop_discount = kept(new.discount.customer), kept(new.discount.shop)
        line.unbilled = max(0, line.ordered - (new.quantity if new.ordered is None else new.ordered))
    write_columns(lines, "net", "tax", "discount", "shop_net", "shop_tax", "shop_discount", "unbilled")


def _lines(order: Order, applying: Applying, by: Actor) -> Order:
    """More, fewer, other or new lines, of those alone that the changes name: what else the shop has otherwise
    waits for a person. Fewer units are a cancellation; more are ordered on top, and take a finished order up
    again. Of a cancelled order nothing more is sent. Returns the order as it is afterwards."""
    mine = {line.external_id: line for line in order.lines.all()}
    theirs = {line.external_id: (at, line) for at, line in enumerate(applying.read.lines, 1)}
    swaps = [
        mine[c.line] for c in applying.changes if c.kind == "item" and c.line in mine and c.line in theirs
    ]
    _swap(order, [(line, theirs[line.external_id][1]) for line in swaps], applying.items, by)
    known = None if applying.known is None else {line.external_id: line for line in applying.known.lines}
    gone = called_off(applying.read)
    fewer: dict[int, int] = {}
    grown: list[OrderLine] = []
    fresh: list[OrderLine] = []
    for key in dict.fromkeys(c.line for c in applying.changes if c.kind in GOODS and c.line):
        line = mine.get(key)
        position, new = theirs.get(key, (0, None))
        if line is None:
            if new is not None:
                fresh.append(_fresh(order, position, new, applying.items.get(key)))
            continue
        before = None if known is None else known[key].quantity if key in known else 0
        more = _more(line, new, gone.get(key, 0), before)
        if more > 0 and order.state != "cancelled":
            line.ordered += more
            line.unallocated += more
            grown.append(line)
        elif more < 0:
            fewer[line.pk] = -more
    OrderLine.objects.bulk_create(fresh)
    if order.state == "completed" and any(line.stocked for line in (*grown, *fresh)):
        words = "Opened again: more was ordered at the shop."
        move([order], "reopen", by=by, words=words, sets={"closed_at": None}).or_refuse()
        place_holds([Holding(order.pk, Finding("manual", Reason("reopened", words)))], by=by)
    touched = list(dict.fromkeys((*swaps, *grown, *fresh)))
    stocked = [line for line in touched if line.item_id and line.stocked and line.unallocated]
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
    OrderLine.objects.bulk_update(touched, ["ordered", "unallocated", "promised", "backordered"])
    return _cancel(order, "Taken off at the shop.", by, fewer) if fewer else order


def _swap(
    order: Order, swaps: Sequence[tuple[OrderLine, LineDraft]], items: Mapping[str, int], by: Actor
) -> None:
    """Another product on a line: what it holds is given back, and all that is not cancelled waits to be promised
    anew. Raises :class:`Refused` when the old one is in a warehouse's hands or sent."""
    reasons = []
    for line, new in swaps:
        if busy := line.released + line.picked + line.packed + line.shipped:
            words = (
                f"{busy} × {line.title} are in a warehouse's hands or sent, so it cannot become {new.title}."
            )
            reasons.append(Reason("sent_already", words))
    if reasons:
        raise Refused(reasons)
    other = [
        (line, new)
        for line, new in swaps
        if (line.item_id, line.kind, line.requires_shipping)
        != (items.get(new.external_id), new.kind, new.requires_shipping)
    ]
    fit_reservations(
        [
            Need(line.demand_key, line.item_id, 0, order.placed_at)
            for line, _ in other
            if line.item_id and line.promised + line.backordered
        ],
        by=by,
    )
    for line, _ in other:
        line.unallocated += line.promised + line.backordered
        line.promised = line.backordered = 0
    for line, new in swaps:
        line.item_id, line.kind = items.get(new.external_id), new.kind
        line.sku, line.title = new.sku[:64], (new.title or new.sku or "(no name)")[:250]
        line.external_product_id = new.external_product_id
        line.external_variant_id = new.external_variant_id
        line.requires_shipping, line.unit_price = new.requires_shipping, kept(new.unit_price)
    clear_holds(
        [order.pk], ["unmapped_sku"], by=by, note="another item at the shop",
        line_ids=[line.pk for line, _ in swaps],
    )  # fmt: skip
    OrderLine.objects.bulk_update(
        [line for line, _ in swaps],
        ["item", "kind", "sku", "title", "external_product_id", "external_variant_id", "requires_shipping",
         "unit_price", "unallocated", "promised", "backordered"],
    )  # fmt: skip


def _more(line: OrderLine, new: LineDraft | None, gone: int, before: int | None) -> int:
    """Units to add, or below zero to take off: towards what the shop wants, and by no more than it changed
    since ``before`` was read. So a piece that we cancelled, or that was paid back (``gone``) while the shop's
    quantity stays, is not ordered again; and what we took off ourselves is not taken off twice."""
    ours = line.ordered - line.cancelled
    if new is None or new.quantity <= 0:
        return -ours
    gap = new.quantity - min(gone, line.cancelled) - ours
    if before is None:
        return gap
    changed = new.quantity - before
    return max(0, min(gap, changed)) if changed > 0 else min(0, max(gap, changed))


def _fresh(order: Order, position: int, new: LineDraft, item_id: int | None) -> OrderLine:
    off = new.quantity if order.state == "cancelled" else 0
    return OrderLine(
        order=order, position=position, external_id=new.external_id, kind=new.kind, item_id=item_id, sku=new.sku[:64],
        external_product_id=new.external_product_id, external_variant_id=new.external_variant_id,
        title=(new.title or new.sku or "(no name)")[:250], requires_shipping=new.requires_shipping,
        unit_price=kept(new.unit_price), net=kept(new.net.customer), tax=kept(new.tax.customer),
        discount=kept(new.discount.customer), shop_net=kept(new.net.shop), shop_tax=kept(new.tax.shop),
        shop_discount=kept(new.discount.shop), ordered=new.quantity, cancelled=off,
        unallocated=new.quantity - off,
    )  # fmt: skip


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
