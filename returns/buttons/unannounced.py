"""Goods that come back without papers, and the order they are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.buttons import ArrivalForm
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import Suggesting
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from oms.core.personal import hidden, names_person, sees_people
from orders.models import Order
from returns.actions.match_returns import Matching, match_returns, quote_match, why_not_match
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.unmatch_returns import unmatch_returns, why_not_unmatch
from returns.buttons.base import READS, numbers, one, page
from returns.models import Return
from returns.querysets import could_be_of, orders_by

SUGGESTED = 30


class GoodsForm(ArrivalForm):
    note = forms.CharField(
        label=_("what the parcel says"), max_length=200, required=False,
        help_text=_("Sender, tracking number, a slip inside: whatever helps to find its order."),
    )  # fmt: skip
    reference = None  # type: ignore[assignment]
    aside = None  # type: ignore[assignment]


def _receive_preview(ids: Ids, data: Data) -> Preview:
    return Preview(
        gettext("They are on the books and set aside. Their order is looked for next; no money moves."),
        [(str(item), shown.pieces(n)) for item, n in data["lines"].items()],
    )


def _receive(ids: Ids, actor: Actor, data: Data) -> Outcome:
    pieces = {item.pk: n for item, n in data["lines"].items()}
    (rma,) = receive_unannounced(
        [Unannounced(ids[0], pieces, f"press:{data['press']}", data["note"])], by=actor
    )
    return Outcome(
        gettext("%(number)s is set aside. Now say which order it is of.") % {"number": rma.number},
        link=page(rma),
    )


def _not_receive(place: Any) -> list[Reason]:
    return (
        []
        if place.active
        else [Reason("inactive", gettext("This place is switched off; switch it on first."))]
    )


def _told(order: Order, full: bool) -> str:
    who = order.customer_name or order.email
    return f"{who if full else hidden(who)}, {order.placed_at:%d.%m.%Y}"


def _match_form(rows: Sequence[Return]) -> type[forms.Form]:
    rma: Any = rows[0]
    full = sees_people(rma.viewer)
    near = list(could_be_of(rma)[:SUGGESTED])
    came = ", ".join(f"{x.quantity} × {x.title}" for x in rma.lines.all())
    could = "; ".join(f"{o.number} ({_told(o, full)})" for o in near[:5])
    told = f"{came}{f' · {rma.veil(rma.reason)}' if rma.reason else ''}. " + (
        gettext("It could be %(could)s.") % {"could": could} if could else ""
    )

    class MatchForm(forms.Form):
        order = forms.CharField(
            label=gettext("order"), max_length=200, widget=Suggesting([(o.number, _told(o, full)) for o in near]),
            help_text=gettext("%(told)s Type the order's number, the shop's, the customer's e-mail or the number of the parcel sent.") % {"told": told.strip()},
        )  # fmt: skip

        def clean_order(self) -> Order:
            if names_person(self.cleaned_data["order"]) and not full:
                raise forms.ValidationError(
                    gettext("Looking for a person needs the right to see personal data.")
                )
            found = list(orders_by(self.cleaned_data["order"])[:SUGGESTED])
            if not found:
                could = (
                    gettext(" It could be %(names)s.") % {"names": ", ".join(o.number for o in near[:5])}
                    if near
                    else ""
                )
                raise forms.ValidationError(
                    gettext("No order has this number, address or parcel.%(could)s") % {"could": could}
                )
            # Of a customer's many orders those that cannot be meant are left out.
            fits = [o for o in found if not quote_match(rma, o).refusals] if len(found) > 1 else found
            if len(fits) != 1:
                told = ", ".join(f"{o.number} ({_told(o, full)})" for o in (fits or found)[:8])
                raise forms.ValidationError(
                    gettext("Several orders could be meant: %(told)s. Type the number of one.")
                    % {"told": told}
                )
            return fits[0]

    return MatchForm


def _match_preview(ids: Ids, data: Data) -> Preview:
    rma = one(ids)
    found = quote_match(rma, data["order"])
    if found.refusals:
        raise Refused(found.refusals)
    titles = {x.pk: x.title for x in data["order"].lines.all()}
    return Preview(
        gettext("%(number)s becomes a return of %(order)s. Stock does not move, and no money.")
        % {"number": rma.number, "order": data["order"].number},
        [(titles[p.sold], gettext("%(n)s came back") % {"n": p.quantity}) for p in found.parts],
    )


def _match(ids: Ids, actor: Actor, data: Data) -> Outcome:
    (rma,) = match_returns([Matching(ids[0], data["order"].pk)], by=actor)
    return Outcome(
        gettext("%(number)s is of %(order)s. %(words)s") % {"number": rma.number, "order": data["order"].number, "words": rma.verdict["words"]}, undo=("returns.unmatch", [rma.pk])
    )  # fmt: skip


def _unmatch(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unmatch_returns(ids, by=actor)
    return Outcome(gettext("%(rows)s waits for its order again.") % {"rows": numbers(rows)}, done=len(rows))


BUTTONS = (
    Button(
        name="returns.receive_unannounced", label=_("Goods back without papers"), model="inventory.location",
        permission="returns.receive_return", run=_receive, refusals=each(_not_receive), form=lambda rows: GoodsForm,
        preview=_receive_preview, bulk=False, rank=20, hotkey="u",
        words=_("Something came back, and nobody knows of which order."),
    ),
    Button(
        name="returns.match", label=_("Say which order it is of"), model="returns.return",
        permission="returns.authorise_return", run=_match, shown=lambda rma: rma.order_id is None, reads=READS,
        refusals=each(why_not_match), form=_match_form, preview=_match_preview, bulk=False, rank=5, hotkey="o",
        words=_("Then it is looked at and paid for as any return."),
    ),
    Button(
        name="returns.unmatch", label=_("It is of another order"), model="returns.return",
        permission="returns.authorise_return", run=_unmatch,
        shown=lambda rma: rma.unannounced and rma.order_id is not None, reads=READS, refusals=each(why_not_unmatch),
        rank=85, words=_("Take this order off it; then say which it is."),
    ),
)  # fmt: skip
