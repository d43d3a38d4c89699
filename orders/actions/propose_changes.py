"""A change at the shop that comes too late to be applied by itself: both sides, for a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from oms.core.actors import Actor
from oms.core.lifecycle import move
from orders.actions.clear_holds import clear_holds
from orders.actions.go_on import go_on
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import NOTHING, AddressDraft, LineDraft, OrderDraft, called_off
from orders.models import Hold, Order, OrderChange
from orders.rules.holds import Finding
from orders.rules.order_changes import Change, Matter, differing, held, matter


@dataclass(frozen=True)
class Proposing:
    """``read`` is the order as the shop has it now, ``moved`` what changed there that a person decides."""

    order_id: int
    read: OrderDraft
    moved: Sequence[Change] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def propose_changes(proposings: Sequence[Proposing], *, by: Actor) -> list[OrderChange]:
    """Hold the orders, with what we have and what the shop has now side by side.

    What waits for a decision already is looked at anew with what moved since: a proposal that reads otherwise
    now is overtaken, and one that differs in nothing any more is dropped. With the last of them the hold ends.
    """
    if not proposings:
        return []
    orders = {
        o.pk: o
        for o in Order.objects.filter(pk__in=[p.order_id for p in proposings])
        .select_for_update()
        .order_by("pk")
        .prefetch_related("lines")
    }
    standing: dict[int, list[OrderChange]] = {pk: [] for pk in orders}
    for row in OrderChange.objects.filter(order_id__in=orders, state="proposed").order_by("pk"):
        standing[row.order_id].append(row)
    rows: list[OrderChange] = []
    stale: dict[int, str] = {}
    holdings: list[Holding] = []
    over: list[int] = []
    for p in proposings:
        order, before = orders[p.order_id], standing[p.order_id]
        found = _found(order, p, before)
        wanted = _rows(p, found)
        kept = {old.kind for old in before if old.kind in wanted and _alike(old, wanted[old.kind])}
        rows += [row for kind, row in wanted.items() if kind not in kept]
        still = {matter(change.kind, change.line) for change in found}
        for old in (old for old in before if old.kind not in kept):
            overtaken = any(matter(old.kind, line) in still for line in lines_of(old))
            stale[old.pk] = "overtaken by a newer one" if overtaken else "nothing differs any more"
        if not wanted and before:
            over.append(order.pk)
        elif wanted:
            holdings.append(Holding(order.pk, Finding("changed_at_shop", held(found))))
    move(
        OrderChange.objects.filter(pk__in=stale), "supersede", by=by, words=lambda c: f"{c.words}: {stale[c.pk]}"
    )  # fmt: skip
    OrderChange.objects.bulk_create(rows)
    # A hold says what it is for: with other changes it is another one.
    words = {h.order_id: h.finding.reason.words[:300] for h in holdings}
    others = Hold.objects.filter(order_id__in=words, type="changed_at_shop", state="active")
    again = [hold.order_id for hold in others if hold.words != words[hold.order_id]]
    clear_holds(again, ["changed_at_shop"], by=by, note="changed once more at the shop")
    asked = {row.order_id for row in rows} | set(again)
    place_holds([h for h in holdings if h.order_id in asked], by=by)
    clear_holds(over, ["changed_at_shop"], by=by, note="nothing differs from the shop any more")
    go_on(over, by=by)
    return rows


def _found(order: Order, p: Proposing, before: Collection[OrderChange]) -> tuple[Change, ...]:
    if order.state == "completed":
        return ()
    moved: set[Matter] = {matter(change.kind, change.line) for change in p.moved}
    moved.update(matter(row.kind, line) for row in before for line in lines_of(row))
    found = differing(*_sides(order, p.read), moved) if moved else ()
    # Of a cancelled order one thing alone can be decided: whether it is wanted again.
    return tuple(c for c in found if c.kind == "revived") if order.state == "cancelled" else found


def lines_of(change: OrderChange) -> list[str | None]:
    """The channel's ids of the lines that a proposal is about; ``None`` stands for the order itself."""
    return [None if key == "order" else key for key in change.theirs.get("by", {"order": ""})]


def _sides(order: Order, read: OrderDraft) -> tuple[OrderDraft, OrderDraft]:
    """The order as it stands here and as it stands at the shop, in the same words. What no person decides
    (money, payments) is the shop's on both sides. Pieces count that are wanted: what was paid back and is
    cancelled here is not, even where the shop's quantity still holds it."""
    gone = called_off(read)
    off: dict[str, int] = {}
    lines = []
    for line in order.lines.all():
        off[line.external_id] = min(gone.get(line.external_id, 0), line.cancelled)
        lines.append(
            LineDraft(
                line.external_id, line.title, line.ordered - line.cancelled, NOTHING, sku=line.sku,
                external_product_id=line.external_product_id, external_variant_id=line.external_variant_id,
            )
        )  # fmt: skip
    theirs = replace(
        read,
        shipping_method=read.shipping_method[:120],
        lines=tuple(
            replace(line, quantity=max(0, line.quantity - off.get(line.external_id, 0)), sku=line.sku[:64])
            for line in read.lines
        ),
    )
    ours = replace(
        theirs,
        cancelled_at=(order.closed_at or read.updated_at) if order.state == "cancelled" else None,
        shipping_address=AddressDraft(**order.shipping_address),
        shipping_method=order.shipping_method,
        note=order.note,
        lines=tuple(lines),
    )
    return ours, theirs


def _rows(p: Proposing, found: Sequence[Change]) -> dict[str, OrderChange]:
    kinds: dict[str, list[Change]] = {}
    for change in found:
        kinds.setdefault(change.kind, []).append(change)
    return {
        kind: OrderChange(
            order_id=p.order_id, kind=kind, words="; ".join(c.words for c in group)[:300],
            ours={c.line or "order": c.before for c in group},
            theirs={"by": {c.line or "order": c.after for c in group}, **p.data},
        )
        for kind, group in kinds.items()
    }  # fmt: skip


def _alike(old: OrderChange, new: OrderChange) -> bool:
    return (old.ours, old.theirs.get("by"), old.words) == (new.ours, new.theirs["by"], new.words)


@transaction.atomic
def settle_changes(change_ids: Sequence[int], command: str, *, by: Actor) -> list[OrderChange]:
    """Note the decision: ``apply`` (the caller carries it out) or ``decline`` (keep ours). The hold ends
    with the last open change."""
    changes = move(
        OrderChange.objects.filter(pk__in=change_ids), command, by=by, words=lambda c: c.words,
        sets={"decided_by": str(by)[:150], "decided_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    orders = {c.order_id for c in changes}
    still = set(
        OrderChange.objects.filter(order_id__in=orders, state="proposed").values_list("order_id", flat=True)
    )
    clear_holds(orders - still, ["changed_at_shop"], by=by, note="decided")
    go_on(orders - still, by=by)
    return changes
