"""A shelf is corrected; pieces are set aside, back for sale, gone, or kept back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

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
from oms.core.words import Words


def _adjust_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    level = rows[0]

    class AdjustForm(forms.Form):
        counted = number(
            gettext("how many lie there now"), required=False,
            help_text=gettext("The books say %(on_hand)s, those set aside (%(unavailable)s) included.") % {"on_hand": level.on_hand, "unavailable": level.unavailable},
        )  # fmt: skip
        change = forms.IntegerField(
            label=gettext("or how many more, or fewer (−)"), required=False, min_value=-MOST, max_value=MOST
        )
        # Counted against what this page showed: a parcel that leaves meanwhile is not counted twice.
        believed = forms.IntegerField(widget=forms.HiddenInput, initial=level.on_hand)
        reason = forms.ChoiceField(
            label=gettext("because"), choices=StockAdjustment.Reason.choices, initial="counted"
        )
        note = ledger_note(label=gettext("note"), required=False)

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            counted, change = data.get("counted"), data.get("change")
            if self.errors:
                return data
            if (counted is None) == (change is None):
                raise forms.ValidationError(
                    gettext("Say how many lie there, or how many more or fewer: one of both.")
                )
            data["quantity"] = change if counted is None else counted - data["believed"]
            if not data["quantity"]:
                raise forms.ValidationError(gettext("That is what the books say already."))
            return data

    return AdjustForm


def _adjust_preview(ids: Ids, data: Data) -> Preview:
    level = StockLevel.objects.get(pk=ids[0])
    n = data["quantity"]
    displaced = max(0, -n - max(0, level.available))
    words = gettext("%(now)s on the books become %(then)s.") % {
        "now": level.on_hand,
        "then": level.on_hand + n,
    }
    if displaced:
        words += gettext(" %(displaced)s promised from here must come from elsewhere or wait.") % {
            "displaced": pieces(displaced)
        }
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
    return Outcome(
        gettext("%(n)s of %(sku)s at %(location)s: now %(on_hand)s on hand.")
        % {"n": f"{n:+d}", "sku": level.item.sku, "location": level.location, "on_hand": level.on_hand}
    )


def _sorting(kind: str, done: Words, most: Any) -> tuple[Any, Any]:
    """The form and the run of one way to sort a shelf."""

    def form(rows: Sequence[StockLevel]) -> type[forms.Form]:
        pad = forms.NumberInput(attrs={"inputmode": "numeric"})
        left = most(rows[0])
        return ask(
            quantity=forms.IntegerField(
                label=gettext("how many"),
                min_value=1,
                max_value=left,
                widget=pad,
                help_text=gettext("At most %(left)s.") % {"left": left},
            ),
            note=ledger_note(),
        )

    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        n = data["quantity"]
        sort_stock([Sorting(ids[0], kind, n, data["note"], f"press:{data['press']}")], by=actor)
        level = StockLevel.objects.select_related(*SHELF).get(pk=ids[0])
        return Outcome(
            gettext("%(n)s of %(sku)s at %(location)s %(done)s.")
            % {"n": pieces(n), "sku": level.item.sku, "location": level.location, "done": done}
        )

    return form, run


def _free(level: StockLevel) -> int:
    return level.available


def _aside(level: StockLevel) -> int:
    return level.unavailable


def _not_set_aside(level: StockLevel) -> list[Reason]:
    if level.available > 0:
        return []
    words = gettext(
        "All that is there is promised or set aside. If some is broken, correct the level: promises then move."
    )
    return [Reason("nothing_free", words)]


def _safety_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    now = rows[0].safety_stock if len(rows) == 1 else None
    return ask(
        pieces=number(
            gettext("pieces kept back"),
            initial=now,
            help_text=gettext("Never promised to anybody; no shop sees them for sale."),
        )
    )


def _safety_preview(ids: Ids, data: Data) -> Preview:
    n = data["pieces"]
    levels = list(StockLevel.objects.filter(pk__in=ids).select_related(*SHELF).order_by("item__sku"))
    facts = [
        (
            gettext("%(sku)s at %(location)s") % {"sku": x.item.sku, "location": x.location},
            gettext("%(now)s for sale become %(then)s")
            % {"now": max(0, x.available - x.safety_stock), "then": max(0, x.available - n)},
        )
        for x in levels[:50]
    ]
    changed = sum(1 for x in levels if x.safety_stock != n)
    return Preview(
        gettext("%(changed)s of %(levels)s change; the shops are told within moments.")
        % {"changed": changed, "levels": len(levels)},
        facts,
    )


def _safety(ids: Ids, actor: Actor, data: Data) -> Outcome:
    n: int = data["pieces"]
    rows = set_safety_stock(dict.fromkeys(ids, n), by=actor)
    if not rows:
        return Outcome(
            gettext("%(pieces)s were kept back already; nothing changed.")
            % {"pieces": pieces(data["pieces"])},
            done=0,
        )
    places = ngettext("%(n)s place", "%(n)s places", len(rows)) % {"n": len(rows)}
    return Outcome(
        gettext("%(pieces)s kept back at %(places)s.") % {"pieces": pieces(data["pieces"]), "places": places},
        done=len(rows),
    )


SET_ASIDE = _sorting("damage", _("set aside"), _free)
RESTOCK = _sorting("restock", _("back for sale"), _aside)
TO_SUPPLIER = _sorting("return_to_supplier", _("sent back to the supplier"), _aside)
WRITE_OFF = _sorting("write_off", _("written off"), _aside)

BUTTONS = (
    Button(
        name="inventory.adjust", label=_("Correct the level"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=_adjust, form=_adjust_form, preview=_adjust_preview, bulk=False,
        rank=10, hotkey="c", words=_("What lies there is not what the books say."),
    ),
    Button(
        name="inventory.set_aside", label=_("Set aside"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=SET_ASIDE[1], form=SET_ASIDE[0], refusals=each(_not_set_aside),
        shown=lambda level: level.on_hand > level.unavailable, bulk=False, rank=20,
        words=_("Not for sale until somebody has looked at them."),
    ),
    Button(
        name="inventory.back_for_sale", label=_("Back for sale"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=RESTOCK[1], form=RESTOCK[0],
        shown=lambda level: level.unavailable > 0, bulk=False, rank=30, words=_("They were set aside and are good."),
    ),
    Button(
        name="inventory.to_supplier", label=_("Back to the supplier"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=TO_SUPPLIER[1], form=TO_SUPPLIER[0],
        shown=lambda level: level.unavailable > 0, bulk=False, dangerous=True, rank=35,
        words=_("They were set aside and leave for whoever sold them to you."),
    ),
    Button(
        name="inventory.write_off", label=_("Write off"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=WRITE_OFF[1], form=WRITE_OFF[0],
        shown=lambda level: level.unavailable > 0, bulk=False, dangerous=True, rank=40,
        words=_("They were set aside and leave the books."),
    ),
    Button(
        name="inventory.set_safety_stock", label=_("Keep pieces back"), model="inventory.stocklevel",
        permission="inventory.adjust_stock", run=_safety, form=_safety_form, preview=_safety_preview, reads=SHELF,
        rank=50, words=_("The safety stock: pieces that are never promised."),
    ),
)  # fmt: skip
