"""Give up outgoing messages that are no longer wanted."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext

from oms.core import effects, journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.models import OutboundEffect, subject_of


@transaction.atomic
def drop_effects(ids: Iterable[int], *, why: str, by: Actor) -> int:
    """Give up messages that wait or have failed; returns how many. Raises :class:`Refused`: ``why_missing``
    without a reason, ``on_its_way`` when none of them can be stopped any more."""
    if not why.strip():
        raise Refused(Reason("why_missing", gettext("Say why it is given up.")))
    states = [OutboundEffect.State.PENDING, OutboundEffect.State.FAILED]
    rows = list(
        OutboundEffect.objects.filter(pk__in=list(ids), state__in=states).select_for_update().order_by("pk")
    )
    if not rows:
        raise Refused(Reason("on_its_way", gettext("These are sent, or given up, already.")))
    effects.supersede([row.pk for row in rows])
    journal.write(
        [
            Line(
                subject=subject_of(row), thread=row.thread, verb="drop",
                words=f"{row.kind} to {row.target} will not be sent: {why.strip()}"[:2000],
            )
            for row in rows
        ],
        by=by,
    )  # fmt: skip
    return len(rows)
