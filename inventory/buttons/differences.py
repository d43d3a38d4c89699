"""A difference between the shelf and the books is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.actions.resolve_discrepancy import BOOKS, COUNT, Resolution, resolve_discrepancies
from inventory.buttons.base import SHELF, ledger_note, number
from inventory.models import Discrepancy, StockLevel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.registry import Data, Ids, each
from oms.core.lifecycle import why_not


def _settle_form(rows: Sequence[Discrepancy]) -> type[forms.Form]:
    row = rows[0]
    level = StockLevel.objects.filter(item_id=row.item_id, location_id=row.location_id).first()
    there = level.on_hand if level else 0

    class SettleForm(forms.Form):
        truth = forms.ChoiceField(
            label=gettext("what is right"),
            choices=[
                (COUNT, gettext("the shelf: it was counted again")),
                (BOOKS, gettext("the books are right as they are")),
            ],
        )
        counted = number(
            gettext("how many lie there"), required=False,
            help_text=gettext("All of them, also those set aside. The level says %(there)s.") % {"there": there},
        )  # fmt: skip
        note = ledger_note(label=gettext("what you found"))

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            if data.get("truth") == COUNT and data.get("counted") is None and "counted" not in self.errors:
                self.add_error("counted", gettext("Say how many pieces lie there."))
            return data

    return SettleForm


def _settle(ids: Ids, actor: Actor, data: Data) -> Outcome:
    resolution = Resolution(ids[0], data["truth"], data["note"], data["counted"])
    (row,) = resolve_discrepancies([resolution], by=actor)
    level = StockLevel.objects.filter(item_id=row.item_id, location_id=row.location_id).first()
    return Outcome(gettext("Settled: %(n)s on the books there.") % {"n": level.on_hand if level else 0})


BUTTONS = (
    Button(
        name="inventory.settle", label=_("Settle it"), model="inventory.discrepancy",
        permission="inventory.resolve_discrepancy", reads=SHELF, run=_settle, shown=lambda d: d.state == "open",
        refusals=each(lambda d: why_not(d, "resolve")), form=_settle_form, bulk=False, rank=10, hotkey="s",
        words=_("Look at the shelf, then say what is right."),
    ),
)  # fmt: skip
