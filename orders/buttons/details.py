"""Notes, the address, and a finished order taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.forms import WhyForm, ask
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason
from oms.core.lifecycle import why_not
from oms.core.words import Words
from orders.actions.correct_address import correct_address
from orders.actions.note import add_note
from orders.actions.reopen import reopen_orders
from orders.buttons.base import FINISHED, counted, not_hold
from orders.drafts import AddressDraft
from orders.models import Order

ADDRESS: Mapping[str, Words] = {
    "name": _("name"), "company": _("company"), "line1": _("street"), "line2": _("street, second line"), "city": _("city"),
    "region": _("region"), "postcode": _("postcode"), "country": _("country (two letters)"), "phone": _("phone"),
}  # fmt: skip


class TextForm(forms.Form):
    text = forms.CharField(label=_("note"), widget=forms.Textarea(attrs={"rows": 4}))


def _note(ids: Ids, actor: Actor, data: Data) -> Outcome:
    notes = add_note(ids, text=data["text"], by=actor)
    return Outcome(gettext("Noted on %(notes)s.") % {"notes": counted(len(notes))}, done=len(notes))


def _address_form(rows: Sequence[Order]) -> type[forms.Form]:
    now = rows[0].shipping_address
    return ask(
        **{
            name: forms.CharField(
                label=label,
                max_length=150,
                initial=now.get(name, ""),
                required=name in ("name", "line1", "country"),
            )
            for name, label in ADDRESS.items()
        }
    )


def _not_address(order: Order) -> list[Reason]:
    reasons = not_hold(order)
    if any(line.packed or line.shipped for line in order.lines.all()):
        reasons.append(Reason("packed_already", gettext("Some of it is packed or shipped already.")))
    return reasons


def _correct(ids: Ids, actor: Actor, data: Data) -> Outcome:
    order = Order.objects.get(pk=ids[0])
    known = {f.name for f in fields_of(AddressDraft)}
    address = {k: v for k, v in order.shipping_address.items() if k in known}
    correct_address(ids[0], address=AddressDraft(**{**address, **{k: data[k] for k in ADDRESS}}), by=actor)
    return Outcome(gettext("%(number)s goes to the new address.") % {"number": order.number})


def _reopen(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = reopen_orders(ids, reason=data["why"], by=actor)
    return Outcome(
        gettext("%(rows)s opened again; held until you release it.") % {"rows": counted(len(rows))},
        done=len(rows),
    )


BUTTONS = (
    Button(
        name="orders.correct_address", label=_("Correct the address"), model="orders.order",
        permission="orders.edit_address", run=_correct, shown=lambda order: order.state not in FINISHED,
        refusals=each(_not_address), reads=("lines",), form=_address_form, bulk=False, rank=40,
        words=_("Where it is delivered to."),
    ),
    Button(
        name="orders.note", label=_("Write a note"), model="orders.order", permission="orders.add_note", run=_note,
        form=lambda rows: TextForm, hotkey="n", rank=80, words=_("For your colleagues; the customer does not see it."),
    ),
    Button(
        name="orders.reopen", label=_("Open again"), model="orders.order", permission="orders.reopen_order", run=_reopen,
        shown=lambda order: order.state == "completed", refusals=each(lambda o: why_not(o, "reopen")),
        form=lambda rows: WhyForm, dangerous=True, rank=90,
        words=_("Take a finished order up again. It is held until somebody releases it."),
    ),
)  # fmt: skip
