"""A return is asked for, approved, declined or called off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import WhyForm, ask, by_key, person, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason
from oms.core.lifecycle import why_not
from orders.models import Order
from returns.actions.authorise import authorise_returns
from returns.actions.cancel import cancel_returns
from returns.actions.decline import decline_returns
from returns.actions.open import Opening, Wanted, look, on_their_way, open_returns
from returns.buttons.base import READS, in_state, numbers, page, places
from returns.models import Return
from returns.rules.eligibility import ACCEPT, REFUSE


def _returnable(order: Order) -> dict[Any, int]:
    taken = on_their_way(order)
    return {x: x.shipped - taken[x.pk] for x in order.lines.all() if x.shipped > taken[x.pk]}


def _not_returnable(order: Order) -> list[Reason]:
    if _returnable(order):
        return []
    return [Reason("nothing_left", gettext("All that was sent came back, or is on its way back."))]


def _open_form(rows: Sequence[Order]) -> type[forms.Form]:
    return ask(
        **{f"units_{x.pk}": pieces(x.title, n, help_text=gettext("%(n)s can come back") % {"n": n}) for x, n in _returnable(rows[0]).items()},
        why=forms.CharField(label=gettext("what the customer says"), max_length=200),
        faulty=forms.BooleanField(label=gettext("we sent it wrong or broken"), required=False),
        location=forms.ModelChoiceField(
            places(), label=gettext("expected at"), required=False, help_text=gettext("Left out: where it was sent from.")
        ),
        approve=forms.BooleanField(
            label=gettext("approve it at once where the policy accepts it"), required=False, initial=True
        ),
        for_review=forms.BooleanField(
            label=gettext("take it in also where the policy refuses it"), required=False,
            help_text=gettext("A person then decides. What was not sent cannot come back all the same."),
        ),
    )  # fmt: skip


def _wishes(data: Data) -> list[Wanted]:
    return [Wanted(pk, n, data["why"], data["faulty"]) for pk, n in by_key(data, "units").items()]


def _open_preview(ids: Ids, data: Data) -> Preview:
    order = Order.objects.prefetch_related("lines", "returns__lines").get(pk=ids[0])
    verdict = look(order, _wishes(data))
    words = {ACCEPT: gettext("The policy accepts it."), REFUSE: gettext("The policy refuses it.")}
    titles = {x.pk: x.title for x in order.lines.all()}
    return Preview(
        words.get(verdict.verdict, gettext("The policy wants a person to look at it.")),
        facts=[
            (titles[x.key], shown.pieces(x.quantity))  # type: ignore[index]
            for x in verdict.lines
        ],
        refused={titles[x.key]: x.reasons for x in verdict.lines if x.reasons},  # type: ignore[index]
    )


def _open(ids: Ids, actor: Actor, data: Data) -> Outcome:
    may = person(actor).has_perm("returns.authorise_return")
    opening = Opening(
        ids[0], _wishes(data), data["why"], location_id=data["location"].pk if data["location"] else None,
        authorise=data["approve"] and may, for_review=data["for_review"],
    )  # fmt: skip
    (rma,) = open_returns([opening], by=actor)
    told = (
        gettext("approved; it may come back")
        if rma.state == "authorised"
        else gettext("waits for a decision")
    )
    return Outcome(
        gettext("Return %(number)s is opened: %(told)s.") % {"number": rma.number, "told": told},
        link=page(rma),
    )


def _approve(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = authorise_returns(ids, by=actor)
    return Outcome(
        gettext("%(rows)s approved: the goods may come back.") % {"rows": numbers(rows)}, done=len(rows)
    )


def _decline(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = decline_returns(ids, reason=data["why"], by=actor)
    return Outcome(gettext("%(rows)s declined.") % {"rows": numbers(rows)}, done=len(rows))


def _not_cancel(rma: Return) -> list[Reason]:
    paid = rma.refund is not None and rma.refund.state != "cancelled"
    more = [Reason("refunded", gettext("It was paid for; close it instead."))] if paid else []
    return [*why_not(rma, "cancel"), *more]


def _cancel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_returns(ids, reason=data["why"], by=actor)
    return Outcome(gettext("%(rows)s called off.") % {"rows": numbers(rows)}, done=len(rows))


BUTTONS = (
    Button(
        name="returns.open", label=_("Open a return"), model="orders.order", permission="returns.open_return", run=_open,
        shown=lambda order: any(line.shipped for line in order.lines.all()), refusals=each(_not_returnable),
        reads=("lines", "returns__lines"), form=_open_form, preview=_open_preview, bulk=False, rank=60,
        words=_("Goods shall come back: the policy says whether they may."),
    ),
    Button(
        name="returns.approve", label=_("Approve"), model="returns.return", permission="returns.authorise_return",
        run=_approve, shown=in_state("requested"), reads=READS, refusals=each(lambda r: why_not(r, "authorise")),
        rank=10, hotkey="a", words=_("The goods may come back."),
    ),
    Button(
        name="returns.decline", label=_("Decline"), model="returns.return", permission="returns.authorise_return",
        run=_decline, shown=in_state("requested"), reads=READS, refusals=each(lambda r: why_not(r, "decline")),
        form=lambda rows: WhyForm, dangerous=True, rank=20, words=_("The goods may not come back. The order goes on."),
    ),
    Button(
        name="returns.cancel", label=_("Call off"), model="returns.return", permission="returns.authorise_return",
        run=_cancel, shown=in_state("requested", "authorised"), reads=READS, refusals=each(_not_cancel),
        form=lambda rows: WhyForm, dangerous=True, rank=90, words=_("The goods do not come back after all."),
    ),
)  # fmt: skip
