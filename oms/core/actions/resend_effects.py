"""Send failed outgoing messages again."""

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
def resend_effects(ids: Iterable[int], *, by: Actor) -> int:
    """Put failed messages back in the queue; what an earlier try achieved is read back first. Returns how
    many. Raises :class:`Refused` (``not_failed``) when none of them is failed any more."""
    failed = OutboundEffect.objects.filter(pk__in=list(ids), state=OutboundEffect.State.FAILED)
    rows = list(failed.select_for_update().order_by("pk"))
    if not rows:
        raise Refused(Reason("not_failed", gettext("These do not wait for a person any more.")))
    effects.again([row.pk for row in rows])
    journal.write(
        [
            Line(
                subject=subject_of(row), thread=row.thread, verb="resend",
                words=f"{row.kind} to {row.target} is to be sent again; it had failed: {row.detail or row.reason}"[:2000],
            )
            for row in rows
        ],
        by=by,
    )  # fmt: skip
    return len(rows)
