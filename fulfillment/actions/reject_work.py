"""A location cannot do the work it was given: its shelf is corrected by the reason, the rest goes elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.pick import lock_work
from fulfillment.actions.report_short import Short, report_short
from fulfillment.models import FulfillmentOrder
from fulfillment.reasons import for_rejections
from fulfillment.rules.short_pick import ALONG, ShortReason
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.follow_reservations import follow_reservations


@dataclass(frozen=True)
class Rejecting:
    """``reason`` is the code of one of the shop's reasons; where it is about the stock, ``lines`` (ids of fulfillment lines) are
    those it is true of, all where none is named. ``note`` is what else the location says."""

    work_id: int
    reason: str
    lines: Collection[int] = ()
    note: str = ""


@transaction.atomic
def reject_work(rejections: Sequence[Rejecting], *, by: Actor) -> list[FulfillmentOrder]:
    """Send work back: the stock effect of the reason is written, its promises here are given up, and its order is
    routed without this location. Raises :class:`Refused` for work that is not to be picked, an unknown reason,
    or a line of other work."""
    told = {r.work_id: r for r in rejections}
    known = for_rejections()
    works = lock_work(list(told), "lines")
    reasons = [
        Reason("reason_unknown", gettext("“%(reason)s” is no reason.") % {"reason": r.reason})
        for r in rejections
        if r.reason not in known
    ]
    shorts: list[Short] = []
    for work in works:
        given = told[work.pk]
        own = {line.pk for line in work.lines.all()}
        if set(given.lines) - own:
            reasons.append(
                Reason("line_unknown", gettext("%(number)s has no such line.") % {"number": work.number})
            )
        reason = known.get(given.reason, ALONG)
        for line in work.lines.all():
            if line.quantity > line.picked + line.short + line.cancelled:
                meant = not reason.about_stock or not given.lines or line.pk in given.lines
                shorts.append(Short(work, line, 0, reason if meant else ALONG, sent_back=True))
    if reasons:
        raise Refused(reasons)
    move(
        works, "reject", by=by, words=lambda w: _words(told[w.pk], known),
        sets={"rejected_at": timezone.now()},
    ).or_refuse()  # fmt: skip
    for work in works:
        work.rejected_why = _words(told[work.pk], known)[:200]
    write_columns(works, "rejected_why")
    prefetch_related_objects([short.line for short in shorts], "order_line", "item")
    report_short(shorts, by=by)
    follow_reservations(
        {short.line.order_line.demand_key for short in shorts}, why="sent back by the location", by=by
    )
    return works


def _words(rejecting: Rejecting, known: Mapping[str, ShortReason]) -> str:
    words = known[rejecting.reason].words
    return f"Sent back: {words}. {rejecting.note}".strip()
