"""A shelf is corrected; pieces are set aside, back for sale, gone, or kept back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from inventory.actions.adjust_stock import Correction, adjust_limit, adjust_stock
from inventory.actions.set_safety_stock import set_safety_stock
from inventory.actions.sort_stock import Sorting, sort_stock
from inventory.buttons.base import MOST, SHELF, ledger_note, number, pieces
from inventory.models import StockAdjustment, StockLevel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask, person
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason


def _adjust_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    level = rows[0]

    class AdjustForm(forms.Form):
        counted = number(
            "how many lie there now", required=False,
            help_text=f"The books say {level.on_hand}, those set aside ({level.unavailable}) included.",
        )  # fmt: skip
        change = forms.IntegerField(
            label="or how many more, or fewer (−)", required=False, min_value=-MOST, max_value=MOST
        )
        # Counted against what this page showed: a parcel that leaves meanwhile is not counted twice.
        believed = forms.IntegerField(widget=forms.HiddenInput, initial=level.on_hand)
        reason = forms.ChoiceField(label="because", choices=StockAdjustment.Reason.choices, initial="counted")
        note = ledger_note(label="note", required=False)

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            counted, change = data.get("counted"), data.get("change")
            if self.errors:
                return data
            if (counted is None) == (change is None):
                raise forms.ValidationError("Say how many lie there, or how many more or fewer: one of both.")
            data["quantity"] = change if counted is None else counted - data["believed"]
            if not data["quantity"]:
                raise forms.ValidationError("That is what the books say already.")
            return data

    return AdjustForm


def _adjust_preview(ids: Ids, data: Data) -> Preview:
    level = StockLevel.objects.get(pk=ids[0])
    n = data["quantity"]
    displaced = max(0, -n - max(0, level.available))
    words = f"{level.on_hand} on the books become {level.on_hand + n}."
    if displaced:
        words += f" {pieces(displaced)} promised from here must come from elsewhere or wait."
    return Preview(words)


def _adjust(ids: Ids, actor: Actor, data: Data) -> Outcome:
    level = StockLevel.objects.select_related(*SHELF).get(pk=ids[0])
    n, key = data["quantity"], f"press:{data['press']}"
    adjust_stock(
        [Correction(level.item_id, level.location_id, n, data["reason"], data["note"], key)],
        by=actor,
        limit=adjust_limit(person(actor)),
    )
    level.refresh_from_db(fields=["on_hand"])
    return Outcome(f"{n:+d} of {level.item.sku} at {level.location}: now {level.on_hand} on hand.")


def _sorting(kind: str, done: str, most: Any) -> tuple[Any, Any]:
    """The form and the run of one way to sort a shelf."""

    def form(rows: Sequence[StockLevel]) -> type[forms.Form]:
        pad = forms.NumberInput(attrs={"inputmode": "numeric"})
        left = most(rows[0])
        return ask(
            quantity=forms.IntegerField(
                label="how many", min_value=1, max_value=left, widget=pad, help_text=f"At most {left}."
            ),
            note=ledger_note(),
        )

    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        n = data["quantity"]
        sort_stock([Sorting(ids[0], kind, n, data["note"], f"press:{data['press']}")], by=actor)
        level = StockLevel.objects.select_related(*SHELF).get(pk=ids[0])
        return Outcome(f"{pieces(n)} of {level.item.sku} at {level.location} {done}.")

    return form, run


def _free(level: StockLevel) -> int:
    return level.available


def _aside(level: StockLevel) -> int:
    return level.unavailable


def _not_set_aside(level: StockLevel) -> list[Reason]:
    if level.available > 0:
        return []
    words = "All that is there is promised or set aside. If some is broken, correct the level: promises then move."
    return [Reason("nothing_free", words)]


def _safety_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    now = rows[0].safety_stock if len(rows) == 1 else None
    return ask(
        pieces=number(
            "pieces kept back",
            initial=now,
            help_text="Never promised to anybody; no shop sees them for sale.",
        )
    )


def _safety_preview(ids: Ids, data: Data) -> Preview:
    n = data["pieces"]
    levels = list(StockLevel.objects.filter(pk__in=ids).select_related(*SHELF).order_by("item__sku"))
    facts = [
        (
            f"{x.item.sku} at {x.location}",
            f"{max(0, x.available - x.safety_stock)} for sale become {max(0, x.available - n)}",
        )
        for x in levels[:50]
    ]
    changed = sum(1 for x in levels if x.safety_stock != n)
    return Preview(f"{changed} of {len(levels)} change; the shops are told within moments.", facts)


def _safety(ids: Ids, actor: Actor, data: Data) -> Outcome:
    n: int = data["pieces"]
    rows = set_safety_stock(dict.fromkeys(ids, n), by=actor)
    if not rows:
        return Outcome(f"{pieces(data['pieces'])} were kept back already; nothing changed.", done=0)
    places = "1 place" if len(rows) == 1 else f"{len(rows)} places"
    return Outcome(f"{pieces(data['pieces'])} kept back at {places}.", done=len(rows))


SET_ASIDE = _sorting("damage", "set aside", _free)
RESTOCK = _sorting("restock", "back for sale", _aside)
TO_SUPPLIER = _sorting("return_to_supplier", "sent back to the supplier", _aside)
WRITE_OFF = _sorting("write_off", "written off", _aside)

BUTTONS = (
    Button(
        name="inventory.adjust", label="Correct the level", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=_adjust, form=_adjust_form, preview=_adjust_preview, bulk=False,
        rank=10, hotkey="c", words="What lies there is not what the books say.",
    ),
    Button(
        name="inventory.set_aside", label="Set aside", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=SET_ASIDE[1], form=SET_ASIDE[0], refusals=each(_not_set_aside),
        shown=lambda level: level.on_hand > level.unavailable, bulk=False, rank=20,
        words="Not for sale until somebody has looked at them.",
    ),
    Button(
        name="inventory.back_for_sale", label="Back for sale", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=RESTOCK[1], form=RESTOCK[0],
        shown=lambda level: level.unavailable > 0, bulk=False, rank=30, words="They were set aside and are good.",
    ),
    Button(
        name="inventory.to_supplier", label="Back to the supplier", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=TO_SUPPLIER[1], form=TO_SUPPLIER[0],
        shown=lambda level: level.unavailable > 0, bulk=False, dangerous=True, rank=35,
        words="They were set aside and leave for whoever sold them to you.",
    ),
    Button(
        name="inventory.write_off", label="Write off", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=WRITE_OFF[1], form=WRITE_OFF[0],
        shown=lambda level: level.unavailable > 0, bulk=False, dangerous=True, rank=40,
        words="They were set aside and leave the books.",
    ),
    Button(
        name="inventory.set_safety_stock", label="Keep pieces back", model="inventory.stocklevel",
        permission="inventory.adjust_stock", run=_safety, form=_safety_form, preview=_safety_preview, reads=SHELF,
        rank=50, words="The safety stock: pieces that are never promised.",
    ),
)  # fmt: skip
