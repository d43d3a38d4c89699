"""Goods arrive at the dock, or do not come."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.forms import ask, by_key, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason
from returns.actions.finish_reception import Finishing, finish_reception
from returns.actions.receive import Arrival, awaited, receive_returns, why_not_receive
from returns.buttons.base import READS, code, in_state, numbers, places, waiting
from returns.models import Return


def _receive_form(rows: Sequence[Return]) -> type[forms.Form]:
    rma = rows[0]
    return ask(
        **{
            f"units_{x.pk}": pieces(x.title, x.quantity - x.received, help_text=code(x, "awaited"))
            for x in waiting(rma)
        },
        location=forms.ModelChoiceField(
            places(),
            label=gettext("arrived at"),
            initial=rma.location_id,
            help_text=gettext("Where the goods really are."),
        ),
    )


def _receive(ids: Ids, actor: Actor, data: Data) -> Outcome:
    arrival = Arrival(ids[0], by_key(data, "units"), data["location"].pk, f"press:{data['press']}")
    receipts = receive_returns([arrival], by=actor)
    count = sum(r.quantity for r in receipts)
    return Outcome(
        gettext("%(count)s received at %(location)s; set aside until somebody has looked at them.")
        % {"count": count, "location": data["location"]}
    )


def _not_finish(rma: Return) -> list[Reason]:
    return why_not_receive(rma) or (
        [] if awaited(rma) else [Reason("nothing_awaited", gettext("Nothing is awaited any more."))]
    )


def _finish_form(rows: Sequence[Return]) -> type[forms.Form] | None:
    fields = {
        f"kept_{x.pk}": forms.BooleanField(
            label=gettext("the customer keeps %(quantity)s × %(title)s") % {"quantity": x.quantity, "title": x.title}, required=False,
            help_text=gettext("It is paid for all the same. Left empty: it did not come."),
        )
        for x in waiting(rows[0])
        if not x.received
    }  # fmt: skip
    return ask(**fields) if fields and len(rows) == 1 else None


def _finish(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = finish_reception([Finishing(pk, frozenset(by_key(data, "kept"))) for pk in ids], by=actor)
    return Outcome(gettext("%(rows)s: nothing more is awaited.") % {"rows": numbers(rows)}, done=len(rows))


BUTTONS = (
    Button(
        name="returns.receive", label=_("Receive"), model="returns.return", permission="returns.receive_return",
        run=_receive, shown=in_state("requested", "authorised", "partly_received"), reads=READS,
        refusals=each(why_not_receive), form=_receive_form, bulk=False, rank=30, hotkey="r",
        words=_("Count what lies before you. It is set aside until somebody has looked at it."),
    ),
    Button(
        name="returns.finish", label=_("The rest does not come"), model="returns.return",
        permission="returns.receive_return", run=_finish, shown=in_state("authorised", "partly_received"), reads=READS,
        refusals=each(_not_finish), form=_finish_form, bulk=False, dangerous=True, rank=40,
        words=_("End the wait: it is short, or the customer keeps it."),
    ),
)  # fmt: skip
