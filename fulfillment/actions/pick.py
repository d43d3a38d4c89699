"""Picking: claim the work, say what was found, and what was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.report_short import Short, report_short
from fulfillment.models import FulfillmentOrder
from fulfillment.reasons import for_picks
from fulfillment.rules import short_pick
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.advance import Step, advance_lines
from orders.actions.follow_reservations import follow_reservations
from orders.models import Order

# What nobody reads who has a hand on the goods: to load it costs more than all the rest of an order.
UNREAD = ("shipping_address", "billing_address", "channel_facts", "risk_reasons", "tags", "note")


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
        .prefetch_related(Prefetch("order", Order.objects.defer(*UNREAD)), "order__holds", *more)
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
    and for every line with fewer than asked the code of the reason."""

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
    shorts: list[Short] = []
    steps: list[Step] = []
    reasons: list[Reason] = []
    known: Mapping[str, short_pick.ShortReason] | None = None
    for work in works:
        told = by_work[work.pk]
        for line in work.lines.all():
            asked = line.quantity - line.picked - line.short - line.cancelled
            got = told.pieces.get(line.pk, asked)
            if got < asked:
                why = told.reasons.get(line.pk, short_pick.UNSAID)
                known = for_picks() if known is None else known
                reasons += short_pick.refusals(why, known, asked, got)
                shorts.append(Short(work, line, got, known.get(why, short_pick.ALONG)))
            elif got > asked:
                reasons.append(
                    Reason(
                        "too_many",
                        gettext("%(sku)s: %(got)s found, but only %(asked)s are asked for.")
                        % {"sku": line.item.sku, "got": got, "asked": asked},
                    )
                )
            line.picked += min(got, asked)
            if got:
                steps.append(Step(line.order_line_id, got, "released", "picked"))
    if reasons:
        raise Refused(reasons)
    write_columns([line for work in works for line in work.lines.all()], "picked")
    advance_lines(steps)
    prefetch_related_objects([short.line for short in shorts], "order_line", "item")
    report_short(shorts, by=by)
    nothing = [work for work in works if not any(line.picked for line in work.lines.all())]
    move([w for w in works if w not in nothing], "finish_pick", by=by, words=_words).or_refuse()
    move(nothing, "cancel", by=by, words="Nothing of it was found.").or_refuse()
    follow_reservations(
        {short.line.order_line.demand_key for short in shorts}, why="not found when picking", by=by
    )
    return works


def _words(work: FulfillmentOrder) -> str:
    picked = sum(line.picked for line in work.lines.all())
    short = sum(line.short for line in work.lines.all())
    return f"{picked} pieces picked" + (f", {short} not found." if short else ".")
