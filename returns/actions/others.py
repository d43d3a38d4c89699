"""What came instead of the pieces that were sold: booked as what it is, never as what was awaited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from inventory.models import Item
from oms.core.actors import Actor
from oms.core.errors import Reason
from oms.core.lifecycle import move
from returns.models import Return, ReturnLine, ReturnReceipt


@dataclass(frozen=True)
class Other:
    """``quantity`` units of another item came instead of units of a return line. ``item_id`` left out: it is none
    of our items, and ``what`` says what it is."""

    line_id: int
    quantity: int
    item_id: int | None = None
    what: str = ""


@dataclass(frozen=True)
class Came:
    """Another item, where it lies, and the key of what brought it onto the books."""

    line: ReturnLine
    other: Other
    location_id: int
    key: str


def why_not_others(rma: Return, others: Sequence[Other], items: Mapping[int, Item]) -> list[Reason]:
    """Why these cannot have come instead; how many were awaited is asked elsewhere."""
    lines = {line.pk: line for line in rma.lines.all()}
    reasons = []
    for other in others:
        line = lines.get(other.line_id)
        if line is None:
            continue
        title = line.title
        if other.quantity < 0:
            told = gettext("%(title)s: fewer than none cannot arrive.") % {"title": title}
            reasons.append(Reason("bad_quantity", told))
        if line.order_line_id is None:
            told = gettext("%(title)s was not sold on this order: nothing came instead of it.")
            reasons.append(Reason("not_sold", told % {"title": title}))
        elif other.item_id is None and not other.what.strip():
            told = gettext("%(title)s: say what came instead, where it is none of our items.")
            reasons.append(Reason("say_what", told % {"title": title}))
        elif other.item_id is not None and other.item_id not in items:
            reasons.append(Reason("unknown_item", gettext("There is no such item.")))
        elif other.item_id is not None and other.item_id == line.goods_id:
            told = gettext("%(title)s is the item that was sold: receive it as such.")
            reasons.append(Reason("same_item", told % {"title": title}))
    return reasons


def write_others(came: Sequence[Came], *, by: Actor) -> list[ReturnReceipt]:
    """Write what came instead: a line of its own for each, its receipt and its ledger line; the line that was
    awaited says so and stays open. Needs a transaction with the returns locked, and nothing to say against it
    (:func:`why_not_others`)."""
    lines = [
        ReturnLine(
            rma_id=c.line.rma_id, instead_of=c.line, item_id=c.other.item_id, quantity=c.other.quantity,
            received=c.other.quantity, reception="received", reason=c.other.what.strip()[:200],
        )
        for c in came
    ]  # fmt: skip
    ReturnLine.objects.bulk_create(lines)
    items = Item.objects.in_bulk({line.item_id for line in lines if line.item_id})
    for line in lines:
        line.item = items[line.item_id] if line.item_id else None
    receipts = [
        ReturnReceipt(
            line=line, location_id=c.location_id, quantity=line.quantity, key=f"{c.key}:{line.pk}", actor=str(by)[:150]
        )
        for line, c in zip(lines, came, strict=True)
    ]  # fmt: skip
    ReturnReceipt.objects.bulk_create(receipts)
    handle_units(
        [
            Handling(
                r.line.item_id, r.location_id, r.quantity, "arrive_instead", f"return:{r.line.rma_id}",
                f"return-receipt:{r.pk}", note=f"Instead of {c.line.title}"[:200],
            )
            for r, c in zip(receipts, came, strict=True)
            if r.line.item_id
        ],
        by=by,
    )  # fmt: skip
    # A line whose rest was given up stays as it was decided.
    awaited = {c.line.pk: c.line for c in came if c.line.reception != "short"}
    move(list(awaited.values()), "arrive_as_another", by=by, quiet=True).or_refuse()
    return receipts
