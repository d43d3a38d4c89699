"""What was received as the item that was sold turns out to be another one: the books are put right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from inventory.models import Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from orders.actions.advance import Step, advance_lines
from returns.actions.authorise import lock_returns
from returns.actions.others import Came, Other, why_not_others, write_others
from returns.actions.receive import arrived_words, awaited, check_keys
from returns.models import Return, ReturnLine, ReturnReceipt


@dataclass(frozen=True)
class Correcting:
    """``other`` says which units of which line are another item; nobody has looked at them yet. ``key`` (up to 90
    characters) makes it happen once."""

    return_id: int
    other: Other
    key: str


def mistakable(line: ReturnLine) -> int:
    """Units that were received as what was sold, and that nobody has looked at."""
    return line.received - line.disposed if line.order_line_id and not line.item_id else 0


@transaction.atomic
def correct_arrivals(correctings: Sequence[Correcting], *, by: Actor) -> list[ReturnReceipt]:
    """Take units back off the books as the item that was sold, which has not come and is awaited again, and book
    them as the item that they are, where they lie. No money moves.

    The same key again returns the receipts that were written. Raises :class:`Refused` for more units than lie
    there uninspected, and for another item that is none; then nothing is booked.
    """
    check_keys([c.key for c in correctings])
    rows = {rma.pk: rma for rma in lock_returns([c.return_id for c in correctings])}
    items = Item.objects.in_bulk({c.other.item_id for c in correctings if c.other.item_id})
    written = [r for rma in rows.values() for line in rma.lines.all() for r in line.receipts.all()]
    result: list[ReturnReceipt] = []
    taken: list[tuple[ReturnReceipt, int, str]] = []
    came: list[Came] = []
    lines: dict[int, ReturnLine] = {}
    reasons: list[Reason] = []
    for one in correctings:
        rma = rows.get(one.return_id)
        before = [r for r in written if r.key.startswith(f"{one.key}:")]
        if before or any(c.key == one.key for c in came):
            result += before
            continue
        bad = _refusals(rma, one.other, items)
        if rma is None or bad:
            reasons += bad
            continue
        line = next(x for x in rma.lines.all() if x.pk == one.other.line_id)
        lines[line.pk] = line
        left = one.other.quantity
        for receipt in sorted(line.receipts.all(), key=lambda r: r.pk):
            part = min(left, receipt.quantity - receipt.disposed)
            if part:
                receipt.quantity -= part
                line.received -= part
                left -= part
                taken.append((receipt, part, one.key))
                other = Other(line.pk, part, one.other.item_id, one.other.what)
                came.append(Came(line, other, receipt.location_id, one.key))
    if reasons:
        raise Refused(reasons)
    if not came:
        return result
    handle_units(
        [
            Handling(
                lines[r.line_id].goods_id or 0, r.location_id, part, "unarrive", f"return:{lines[r.line_id].rma_id}",
                f"return-receipt:{r.pk}:not:{key}", note="Another item came.",
            )
            for r, part, key in taken
            if lines[r.line_id].goods_id
        ],
        by=by,
    )  # fmt: skip
    advance_lines(
        [
            Step(lines[r.line_id].order_line_id, -part, "", "returned")  # type: ignore[arg-type]
            for r, part, _ in taken
        ]
    )
    ReturnReceipt.objects.bulk_update(list({r.pk: r for r, _, _ in taken}.values()), ["quantity"])
    ReturnLine.objects.bulk_update(list(lines.values()), ["received"])
    fresh = write_others(came, by=by)
    touched = lock_returns(sorted({line.rma_id for line in lines.values()}))

    def words(rma: Return) -> str:
        told = ", ".join(arrived_words(r) for r in fresh if r.line.rma_id == rma.pk)
        return f"It was not what was sold: {told} came. Nothing is paid for it unless a person decides so."

    again = [rma for rma in touched if rma.state == "received" and awaited(rma)]
    others = [rma for rma in touched if rma not in again]
    move(again, "await_again", by=by, words=words).or_refuse()
    journal.write([Line.of(rma, "correct_arrival", words(rma)) for rma in others], by=by)
    return [*result, *fresh]


def _refusals(rma: Return | None, other: Other, items: dict[int, Item]) -> list[Reason]:
    if rma is None:
        return [Reason("unknown_return", gettext("There is no such return."))]
    if rma.state not in {"partly_received", "received"}:
        told = gettext("%(number)s is %(state)s: there is nothing to put right.")
        return [Reason("wrong_state", told % {"number": rma.number, "state": rma.get_state_display()})]
    line = next((x for x in rma.lines.all() if x.pk == other.line_id), None)
    if line is None:
        told = gettext("%(number)s has no such line.") % {"number": rma.number}
        return [Reason("unknown_line", told)]
    reasons = why_not_others(rma, [other], items)
    if other.quantity < 1 and not reasons:
        reasons.append(Reason("nothing_arrived", gettext("Say how many pieces arrived.")))
    if other.quantity > mistakable(line) and not reasons:
        told = gettext("%(title)s: %(left)s of them are here and not looked at yet.")
        reasons.append(Reason("too_many", told % {"title": line.title, "left": mistakable(line)}))
    return reasons
