"""Try parked deliveries again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.models import Delivery, subject_of
from oms.core.outbox import nudge_after_commit


@transaction.atomic
def retry_deliveries(ids: Iterable[int], *, by: Actor) -> int:
    """Hand parked deliveries to their reaction once more, with all their tries before them; returns how many.
    Raises :class:`Refused` (``not_parked``) when none of them is parked any more."""
    parked = Delivery.objects.filter(pk__in=list(ids), state=Delivery.State.PARKED)
    rows = list(parked.select_for_update().order_by("pk"))
    if not rows:
        raise Refused(Reason("not_parked", gettext("These do not wait for a person any more.")))
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=Delivery.State.PENDING, attempts=0, due_at=timezone.now(), leased_until=None
    )
    journal.write(
        [
            Line(
                subject=subject_of(row), thread=row.subject, verb="retry",
                words=f"{row.reaction} is to be tried again; it had failed: {row.reason}.",
            )
            for row in rows
        ],
        by=by,
    )  # fmt: skip
    nudge_after_commit("oms.core.relay")
    return len(rows)
