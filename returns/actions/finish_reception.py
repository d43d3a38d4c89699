"""The rest of a return is not coming: it is short, or the customer keeps it with our consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from returns.actions.authorise import lock_returns
from returns.actions.receive import awaited, why_not_receive
from returns.lifecycle import AWAITED
from returns.models import Return


@dataclass(frozen=True)
class Finishing:
    """``kept``: lines (by return line id) of which nothing comes because the customer may keep it; these are
    accepted, to be paid for. Everything else that is awaited falls short."""

    return_id: int
    kept: frozenset[int] = frozenset()


@transaction.atomic
def finish_reception(finishings: Sequence[Finishing], *, by: Actor) -> list[Return]:
    """End the wait for what has not come. Raises :class:`Refused` when nothing is awaited, or when part of a
    kept line has arrived."""
    wanted = {f.return_id: f for f in finishings}
    rows = lock_returns(list(wanted))
    reasons = [reason for rma in rows for reason in _refusals(rma, wanted[rma.pk])]
    if reasons:
        raise Refused(reasons)
    told: list[Line] = []
    for rma in rows:
        kept_ids = wanted[rma.pk].kept
        waiting = [x for x in rma.lines.all() if x.reception in AWAITED]
        kept = [x for x in waiting if x.pk in kept_ids]
        short = [x for x in waiting if x.pk not in kept_ids]
        move(kept, "keep", by=by, quiet=True).or_refuse()
        move(kept, "accept", by=by, quiet=True).or_refuse()
        move(short, "fall_short", by=by, quiet=True).or_refuse()
        parts = [f"{x.quantity} × {x.title} stay with the customer" for x in kept]
        parts += [f"{x.quantity - x.received} × {x.title} did not come" for x in short]
        told.append(Line.of(rma, "finish_reception", f"{'; '.join(parts)}."))
    journal.write(told, by=by)
    here = [rma for rma in rows if any(x.received for x in rma.lines.all())]
    move(here, "receive_rest", by=by, words="Nothing more is awaited.").or_refuse()
    return rows


def _refusals(rma: Return, finishing: Finishing) -> list[Reason]:
    reasons = why_not_receive(rma)
    if not reasons and not awaited(rma):
        reasons.append(
            Reason(
                "nothing_awaited",
                gettext("%(number)s: nothing is awaited any more.") % {"number": rma.number},
            )
        )
    lines = {x.pk: x for x in rma.lines.all()}
    for pk in finishing.kept:
        if pk not in lines:
            reasons.append(
                Reason("unknown_line", gettext("%(number)s has no such line.") % {"number": rma.number})
            )
        elif lines[pk].received:
            told = f"{lines[pk].title}: part of it has arrived, so it cannot count as kept."
            reasons.append(Reason("partly_here", told))
    return reasons
