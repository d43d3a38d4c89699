"""Pieces that a location does not send after all: what that means for the stock and for those who wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.utils import timezone

from fulfillment.models import FulfillmentLine, FulfillmentOrder
from fulfillment.rules import short_pick
from inventory.actions.fit_reservations import lock_shelves
from inventory.actions.record_shortage import Missing, record_shortage
from inventory.models import Discrepancy, StockLevel
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from orders.actions.advance import Step, advance_lines


@dataclass(frozen=True)
class Short:
    """``got`` pieces of a line were found, fewer than asked for, and why; or the location sends the work back."""

    work: FulfillmentOrder
    line: FulfillmentLine
    got: int
    why: short_pick.ShortReason
    sent_back: bool = False


def report_short(shorts: Sequence[Short], *, by: Actor) -> None:
    """Take off the books what the reasons say, give up these promises here, and put the units back to where
    they wait. Needs a transaction with the orders locked."""
    if not shorts:
        return
    lock_shelves({(short.line.item_id, short.work.location_id) for short in shorts})
    missing: list[Missing] = []
    steps: list[Step] = []
    told: list[Line] = []
    counts: list[Discrepancy] = []
    for short in shorts:
        work, line, got, why = short.work, short.line, short.got, short.why
        level = StockLevel.objects.get(item_id=line.item_id, location_id=work.location_id)
        asked = line.quantity - line.short - line.cancelled - (line.picked - got)
        facts = short_pick.ShelfFacts(level.on_hand, level.unavailable, _off_shelf(work, line) - got)
        effect = short_pick.effect(why, asked, got, facts, sent_back=short.sent_back)
        line.short += effect.remainder
        line.short_reason, line.short_at = why.code, timezone.now()
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
        [short.line for short in shorts], ["short", "short_reason", "short_at"]
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
    ).order_by()  # fmt: skip
