"""Bring the lines of an order in line with its shop: the same function as placing decides what stock they hold
afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inventory.actions.fit_reservations import Need, fit_reservations
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.clear_holds import clear_holds
from orders.actions.place import kept
from orders.actions.place_holds import Holding, place_holds
from orders.actions.promise_lines import promise_lines
from orders.drafts import LineDraft, OrderDraft, called_off
from orders.models import Order, OrderLine
from orders.rules.holds import Finding
from orders.rules.order_changes import Change

GOODS = {"line_added", "line_removed", "quantity_up", "quantity_down", "item"}


def change_lines(
    order: Order,
    read: OrderDraft,
    changes: Sequence[Change],
    items: Mapping[str, int],
    known: OrderDraft | None,
    *,
    by: Actor,
) -> dict[int, int]:
    """More, fewer, other or new lines, of those alone that the changes name: what else the shop has otherwise
    waits for a person. More units are ordered on top, and take a finished order up again; of a cancelled one
    nothing more is sent. Fewer are for the caller to cancel: returns them by line id. ``known`` as in
    ``Applying``. Needs a transaction and the order locked.

    Raises :class:`Refused` when a line that becomes another product is in a warehouse's hands or sent.
    """
    mine = {line.external_id: line for line in order.lines.all()}
    theirs = {line.external_id: (at, line) for at, line in enumerate(read.lines, 1)}
    swaps = [mine[c.line] for c in changes if c.kind == "item" and c.line in mine and c.line in theirs]
    _swap(order, [(line, theirs[line.external_id][1]) for line in swaps], items, by)
    earlier = None if known is None else {line.external_id: line.quantity for line in known.lines}
    gone = called_off(read)
    fewer: dict[int, int] = {}
    grown: list[OrderLine] = []
    fresh: list[OrderLine] = []
    for key in dict.fromkeys(c.line for c in changes if c.kind in GOODS and c.line):
        line = mine.get(key)
        position, new = theirs.get(key, (0, None))
        if line is None:
            if new is not None:
                fresh.append(_fresh(order, position, new, items.get(key)))
            continue
        # Of another product that a person takes over, as many as the shop wants.
        before = None if earlier is None else earlier.get(key, 0)
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
    promise_lines(order, touched, by=by)
    OrderLine.objects.bulk_update(touched, ["ordered", "unallocated", "promised", "backordered"])
    return fewer


def _swap(
    order: Order, swaps: Sequence[tuple[OrderLine, LineDraft]], items: Mapping[str, int], by: Actor
) -> None:
    """Another product on a line: what it holds is given back, and all that is not cancelled waits to be promised
    anew. Raises :class:`Refused` when the old one is in a warehouse's hands or sent."""
    if not swaps:
        return
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
    ordered = new.quantity if new.ordered is None else max(new.quantity, new.ordered)
    wanted = 0 if order.state == "cancelled" else new.quantity
    return OrderLine(
        order=order, position=position, external_id=new.external_id, kind=new.kind, item_id=item_id, sku=new.sku[:64],
        external_product_id=new.external_product_id, external_variant_id=new.external_variant_id,
        title=(new.title or new.sku or "(no name)")[:250], requires_shipping=new.requires_shipping,
        unit_price=kept(new.unit_price), net=kept(new.net.customer), tax=kept(new.tax.customer),
        discount=kept(new.discount.customer), shop_net=kept(new.net.shop), shop_tax=kept(new.tax.shop),
        shop_discount=kept(new.discount.shop), ordered=ordered, cancelled=ordered - wanted,
        unallocated=wanted,
    )  # fmt: skip
