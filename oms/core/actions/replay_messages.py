"""Read parked messages again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext

from oms.core import inbox, journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.models import InboundMessage


@transaction.atomic
def replay_messages(ids: Iterable[int], *, by: Actor) -> int:
    """Put parked messages back in the queue; returns how many. Raises :class:`Refused` (``not_parked``) when
    none of them is parked any more."""
    rows = list(
        InboundMessage.objects.filter(pk__in=list(ids), state=InboundMessage.State.PARKED)
        .defer("body")
        .select_for_update()
        .order_by("pk")
    )
    if not rows:
        raise Refused(Reason("not_parked", gettext("These messages do not wait for a person any more.")))
    inbox.replay([row.pk for row in rows])
    journal.write(
        [Line.of(row, "replay", f"To be read again; it had been laid aside: {row.reason}.") for row in rows],
        by=by,
    )
    return len(rows)
