"""Picking: claim the work, say what was found, and what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet, Sum, prefetch_related_objects
from django.utils import timezone

from fulfillment.models import FulfillmentLine, FulfillmentOrder
from fulfillment.rules import short_pick
from inventory.actions.fit_reservations import lock_shelves
from inventory.actions.record_shortage import Missing, record_shortage
from inventory.models import Discrepancy, StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from orders.actions.advance import Step, advance_lines
from orders.actions.follow_reservations import follow_reservations
from orders.models import Order


def lock_work(work_ids: Sequence[int], *more: str | Prefetch) -> list[FulfillmentOrder]:
    """Lock the orders, then their work, in the house's order; with what holds read, and those relations of
    every row (``more``) that the caller reads."""
    orders = FulfillmentOrder.objects.filter(pk__in=work_ids).values_list("order_id", flat=True)
    list(Order.objects.filter(pk__in=list(orders)).select_for_update().order_by("pk").values_list("pk"))
    works = list(
        FulfillmentOrder.objects.filter(pk__in=work_ids)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("location")
        .prefetch_related("order__holds", *more)
    )
    # A hold may stand on a line alone: whoever asks for holds must know the lines.
    prefetch_related_objects([work for work in works if work.order.holds.all()], "lines")
    return works


@transaction.atomic
def start_pick(work_ids: Sequence[int], *, by: Actor) -> list[FulfillmentOrder]:
    """Claim work for picking, so that two people do not pick the same. Refused as a whole when any is."""
    return move(
        lock_work(work_ids), "start_pick", by=by, words="Picking began.",
        sets={"claimed_by": str(by)[:150], "claimed_at": timezone.now()},
    ).or_refuse()  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What was found for one fulfillment order: pieces by fulfillment line id (lines left out: all of them),
    and for every line with fewer than asked the reason (``short_pick.SHORT_REASONS``)."""

    work_id: int
    pieces: Mapping[int, int] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)


@transaction.atomic
def confirm_pick(found: Sequence[Found], *, by: Actor) -> list[FulfillmentOrder]:
    """Everything found is picked; what was not found is taken off by its reason, promised anew from other
    places, and routed again. Work of which nothing was found is cancelled.

    Raises :class:`Refused` when the work cannot be picked now, or a count or reason makes no sense.
    """
    by_work = {f.work_id: f for f in found}
    works = lock_work(list(by_work), "lines")
    shorts: list[tuple[FulfillmentOrder, FulfillmentLine, int, str]] = []
    steps: list[Step] = []
    reasons: list[Reason] = []
    for work in works:
        told = by_work[work.pk]
        for line in work.lines.all():
            asked = line.quantity - line.picked - line.short - line.cancelled
            got = told.pieces.get(line.pk, asked)
            if got < asked:
                why = told.reasons.get(line.pk, "not_found")
                reasons += short_pick.refusals(why, asked, got)
                shorts.append((work, line, got, why))
            elif got > asked:
                reasons.append(
                    Reason("too_many", f"{line.item.sku}: {got} found, but only {asked} are asked for.")
                )
            line.picked += min(got, asked)
            if got:
                steps.append(Step(line.order_line_id, got, "released", "picked"))
    if reasons:
        raise Refused(reasons)
    write_columns([line for work in works for line in work.lines.all()], "picked")
    advance_lines(steps)
    prefetch_related_objects([line for _, line, _, _ in shorts], "order_line", "item")
    _report(shorts, by)
    nothing = [work for work in works if not any(line.picked for line in work.lines.all())]
    move([w for w in works if w not in nothing], "finish_pick", by=by, words=_words).or_refuse()
    move(nothing, "cancel", by=by, words="Nothing of it was found.").or_refuse()
    follow_reservations(
        {line.order_line.demand_key for _, line, _, _ in shorts}, why="not found when picking", by=by
    )
    return works


def _report(shorts: Sequence[tuple[FulfillmentOrder, FulfillmentLine, int, str]], by: Actor) -> None:
    """Write what a short pick means for the stock, by its reason."""
    if not shorts:
        return
    lock_shelves({(line.item_id, work.location_id) for work, line, _, _ in shorts})
    missing: list[Missing] = []
    steps: list[Step] = []
    told: list[Line] = []
    counts: list[Discrepancy] = []
    for work, line, got, why in shorts:
        level = StockLevel.objects.get(item_id=line.item_id, location_id=work.location_id)
        asked = line.quantity - line.short - line.cancelled - (line.picked - got)
        facts = short_pick.ShelfFacts(level.on_hand, level.unavailable, _off_shelf(work, line) - got)
        effect = short_pick.effect(why, asked, got, facts)
        line.short += effect.remainder
        line.short_reason, line.short_at = why, timezone.now()
        missing.append(
            Missing(
                line.item_id, work.location_id, effect.quarantine or effect.missing,
                document=f"fulfillmentorder:{work.pk}", key=f"short:{line.pk}:{line.short}",
                reason="quarantine" if effect.quarantine else "shortage", note=effect.words,
                aside=bool(effect.quarantine), whose=line.order_line.demand_key, give_up=effect.remainder,
                in_hand=_in_hand(work.location_id, line.item_id),
            )
        )  # fmt: skip
        steps.append(Step(line.order_line_id, effect.remainder, "released", "unallocated"))
        told.append(Line.of(work, "short_pick", f"{line.item.sku} {line.item.name}: {effect.words}"))
        if effect.count:
            counts.append(
                Discrepancy(
                    kind="shortage", item_id=line.item_id, location_id=work.location_id, expected=asked, found=got,
                    words=f"{effect.words}. Count this shelf.",
                )
            )  # fmt: skip
    FulfillmentLine.objects.bulk_update(
        [line for _, line, _, _ in shorts], ["short", "short_reason", "short_at"]
    )
    advance_lines(steps)
    record_shortage(missing, by=by)
    Discrepancy.objects.bulk_create(counts, ignore_conflicts=True)
    journal.write(told, by=by)


def _off_shelf(work: FulfillmentOrder, line: FulfillmentLine) -> int:
    """Pieces of this item that pickers already took from this location's shelf and that did not leave yet."""
    return _picked_lines(work.location_id, line.item_id).aggregate(n=Sum("picked"))["n"] or 0


def _in_hand(location_id: int, item_id: int) -> dict[UUID, int]:
    rows = _picked_lines(location_id, item_id).values_list("order_line__demand_key").annotate(n=Sum("picked"))
    return dict(rows)


def _picked_lines(location_id: int, item_id: int) -> QuerySet[FulfillmentLine]:
    return FulfillmentLine.objects.filter(
        item_id=item_id, picked__gt=0, fulfillment_order__location_id=location_id,
        fulfillment_order__state__in=["released", "picking", "picked", "packed"],
    )  # fmt: skip


def _words(work: FulfillmentOrder) -> str:
    picked = sum(line.picked for line in work.lines.all())
    short = sum(line.short for line in work.lines.all())
    return f"{picked} pieces picked" + (f", {short} not found." if short else ".")
