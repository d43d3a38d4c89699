"""Another item came than the one that was sold."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.buttons import items_by_code
from inventory.models import Item
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from returns.actions.correct_arrivals import Correcting, correct_arrivals, mistakable
from returns.actions.others import Other
from returns.actions.receive import Arrival, receive_returns, why_not_receive
from returns.buttons.base import READS, in_state, one, places, waiting
from returns.models import Return

COMES, LIES = "comes", "lies"


def _of(rma: Return) -> dict[str, tuple[str, int]]:
    """What can be meant: units that are awaited, or that were received as the item that was sold."""
    found = {}
    for x in waiting(rma):
        if x.order_line_id and not why_not_receive(rma):
            told = gettext("%(title)s: %(n)s awaited") % {"title": x.title, "n": x.quantity - x.received}
            found[f"{COMES}-{x.pk}"] = (told, x.quantity - x.received)
    for x in rma.lines.all():
        if mistakable(x):
            told = gettext("%(title)s: %(n)s received as such, not looked at")
            found[f"{LIES}-{x.pk}"] = (told % {"title": x.title, "n": mistakable(x)}, mistakable(x))
    return found


def _nothing_meant(rma: Return) -> list[Reason]:
    if _of(rma):
        return []
    told = gettext("Nothing is awaited, and all that came has been looked at.")
    return [Reason("nothing_awaited", told)] if rma.state != "requested" else why_not_receive(rma)


def _form(rows: Sequence[Return]) -> type[forms.Form]:
    rma, could = rows[0], _of(rows[0])
    fields = ask(
        of=forms.ChoiceField(
            label=gettext("instead of"), choices=[(key, told) for key, (told, _most) in could.items()], initial=next(iter(could), None),
            help_text=gettext("What was received as the item sold is put right where it lies."),
        ),
        quantity=pieces(gettext("pieces"), max((n for _told, n in could.values()), default=0), given=1),
        item=forms.CharField(
            label=gettext("what came"), max_length=64, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}),
            help_text=gettext("Its SKU or barcode. Left empty: it is none of our items."),
        ),
        what=forms.CharField(
            label=gettext("what it is"), max_length=200, required=False,
            help_text=gettext("Needed where it is none of our items; no stock is booked then."),
        ),
        location=forms.ModelChoiceField(
            places(), label=gettext("arrived at"), initial=rma.location_id, required=False,
            help_text=gettext("Where the goods really are. What was received already stays where it lies."),
        ),
    )  # fmt: skip

    class OtherForm(fields):  # type: ignore[misc, valid-type]
        def clean_item(self) -> Item | None:
            code = self.cleaned_data["item"].strip()
            if not code:
                return None
            item = items_by_code([code]).get(code)
            if item is None:
                told = gettext("“%(code)s”: there is no item with this SKU or barcode.")
                raise forms.ValidationError(told % {"code": code})
            return item

    return OtherForm


def _other(data: Data) -> tuple[str, Other]:
    where, _dash, pk = data["of"].partition("-")
    item = data["item"]
    return where, Other(int(pk), data["quantity"] or 0, item.pk if item else None, data["what"])


def _preview(ids: Ids, data: Data) -> Preview:
    where, other = _other(data)
    line = next(x for x in one(ids).lines.all() if x.pk == other.line_id)
    item = data["item"]
    told = [
        (
            gettext("onto the books, set aside") if item else gettext("noted, on no books"),
            f"{other.quantity} × {item or other.what}",
        ),
        (gettext("not here, awaited still"), f"{other.quantity} × {line.title}"),
    ]
    if where == LIES:
        told.insert(0, (gettext("off the books, it never came"), f"{other.quantity} × {line.title}"))
    return Preview(
        gettext("No money moves: nothing is paid for another item. Whether %(title)s is paid for all the same, a person decides.")
        % {"title": line.title},
        told,
    )  # fmt: skip


def _run(ids: Ids, actor: Actor, data: Data) -> Outcome:
    where, other = _other(data)
    key = f"press:{data['press']}"
    if where == LIES:
        made = correct_arrivals([Correcting(ids[0], other, key)], by=actor)
    elif data["location"] is None:
        raise Refused(Reason("unknown_location", gettext("Say where it arrived.")))
    else:
        made = receive_returns([Arrival(ids[0], {}, data["location"].pk, key, [other])], by=actor)
    line = made[0].line
    return Outcome(
        gettext(
            "%(n)s × %(title)s is set aside until somebody has looked at it. What was sold is still awaited."
        )
        % {"n": sum(r.quantity for r in made), "title": line.title}
    )


BUTTONS = (
    Button(
        name="returns.other_came", label=_("Another item came"), model="returns.return",
        permission="returns.receive_return", run=_run, shown=in_state("requested", "authorised", "partly_received", "received"),
        reads=READS, refusals=each(_nothing_meant), form=_form, preview=_preview, bulk=False, rank=35,
        words=_("What lies before you is not what was sold: say what it is. The books get that item, and no other."),
    ),
)  # fmt: skip
