"""Goods are looked at, and something becomes of them."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask, by_key, pieces
from oms.core.console.registry import Data, Ids, each
from returns.actions.correct_arrivals import mistakable
from returns.actions.inspect import Finding, Inspection, inspect_returns, uninspected, why_not_inspect
from returns.buttons.base import READS, code, in_state, one
from returns.models import Disposition, Return
from returns.rules.disposition import ALLOWED, CONDITION_WORDS


def _inspect_form(rows: Sequence[Return]) -> type[forms.Form]:
    fields: dict[str, forms.Field] = {}
    for x in rows[0].lines.all():
        left = x.received - x.disposed
        if not left:
            continue
        title = x.title
        fields[f"units_{x.pk}"] = pieces(
            gettext("%(title)s: looked at") % {"title": title},
            left,
            given=left,
            help_text=code(x, "to look at"),
        )
        fields[f"condition_{x.pk}"] = forms.ChoiceField(
            label=gettext("found"),
            choices=[
                (code, gettext(words))
                for code, words in CONDITION_WORDS.items()
                if code != "wrong_item" or (x.item_id and not x.instead_of_id)
            ],
            help_text=gettext("Is it another item? Say so first: “Another item came”.")
            if mistakable(x)
            else "",
        )
        fields[f"kind_{x.pk}"] = forms.ChoiceField(
            label=gettext("what becomes of them"), required=False, initial="" if x.goods_id else "quarantine",
            choices=[("", gettext("what is usual for that")), *Disposition.Kind.choices],
        )  # fmt: skip
        # What came instead of another was never sold: there is nothing to ask.
        if not x.instead_of_id:
            fields[f"accepted_{x.pk}"] = forms.ChoiceField(
                label=gettext("is it paid for"), choices=[("yes", gettext("yes")), ("no", gettext("no, refused"))],
                initial="no" if x.decision == "rejected" else "yes",
            )  # fmt: skip
        fields[f"note_{x.pk}"] = forms.CharField(label=gettext("note"), max_length=200, required=False)
    return ask(**fields)


def usual(condition: str) -> str:
    """What a piece in this condition becomes, of what can be done here."""
    return next(kind for kind in (*ALLOWED[condition], "quarantine") if kind in Disposition.Kind.values)


def _findings(data: Data) -> list[Finding]:
    return [
        Finding(
            pk, n, data[f"condition_{pk}"], data[f"kind_{pk}"] or usual(data[f"condition_{pk}"]),
            accepted=data.get(f"accepted_{pk}") == "yes", note=data[f"note_{pk}"],
        )
        for pk, n in by_key(data, "units").items()
    ]  # fmt: skip


def _inspect_preview(ids: Ids, data: Data) -> Preview:
    rma = one(ids)
    titles = {x.pk: x.title for x in rma.lines.all()}
    does = {
        "restock": gettext("for sale at once"), "quarantine": gettext("stay set aside"), "refurbish": gettext("stay set aside, to be made good"),
        "return_to_supplier": gettext("leave for the supplier"), "write_off": gettext("leave the books"),
        "return_to_customer": gettext("go back to the customer, unpaid"),
    }  # fmt: skip
    found = _findings(data)
    return Preview(
        gettext("%(n)s of %(of)s pieces looked at. No money moves.")
        % {"n": sum(f.quantity for f in found), "of": uninspected(rma)},
        facts=[(titles[f.line_id], f"{f.quantity} {does[f.disposition]}") for f in found],
    )


def _inspect(ids: Ids, actor: Actor, data: Data) -> Outcome:
    made = inspect_returns([Inspection(ids[0], _findings(data), f"press:{data['press']}")], by=actor)
    told = ", ".join(f"{d.quantity} {d.get_kind_display()}" for d in made)
    return Outcome(gettext("Looked at: %(told)s.") % {"told": told})


BUTTONS = (
    Button(
        name="returns.inspect", label=_("Look at it"), model="returns.return", permission="returns.inspect_return",
        run=_inspect, shown=in_state("partly_received", "received"), reads=READS, refusals=each(why_not_inspect),
        form=_inspect_form, preview=_inspect_preview, bulk=False, rank=50, hotkey="l",
        words=_("Say how each piece is and what becomes of it. For pieces in different conditions do it once for each."),
    ),
)  # fmt: skip
