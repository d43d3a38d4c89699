"""The end of a return."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.forms import ask
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason
from returns.actions.close import close_returns, why_not_close
from returns.buttons.base import READS, in_state, numbers
from returns.models import Return

OPEN_TO_CLOSE = ("authorised", "partly_received", "received")


def _not_settled(rma: Return) -> list[Reason]:
    return why_not_close(rma, settled_otherwise=True)


def _unresolved(rma: Return) -> bool:
    return rma.state in OPEN_TO_CLOSE and any(
        r.code in ("unresolved", "unmatched") for r in why_not_close(rma)
    )


def _close(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = close_returns(ids, settled_otherwise=data.get("how", ""), by=actor)
    return Outcome(gettext("%(rows)s closed.") % {"rows": numbers(rows)}, done=len(rows))


BUTTONS = (
    Button(
        name="returns.close", label=_("Close"), model="returns.return", permission="returns.close_return", run=_close,
        shown=in_state(*OPEN_TO_CLOSE), reads=READS, refusals=each(why_not_close), rank=70, hotkey="c",
        words=_("Everything is inspected and paid. It closes by itself when the money went out."),
    ),
    Button(
        name="returns.settle", label=_("Settled another way"), model="returns.return", permission="returns.close_return",
        run=_close, shown=_unresolved, reads=READS, refusals=each(_not_settled), bulk=False, rank=80,
        form=lambda rows: ask(how=forms.CharField(
            label=gettext("how"), max_length=200, help_text=gettext("Such as: paid back at the shop, a voucher, nothing is owed."))),
        words=_("Close it without a refund from here."),
    ),
)  # fmt: skip
