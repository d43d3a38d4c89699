"""Work of the house: released, picked, packed, labelled, shipped, taken back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.db.models import Prefetch
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.cancel_work import cancel_work
from fulfillment.actions.declare_customs import why_not_declare
from fulfillment.actions.pack import Packing, Parcel, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.ship import ship
from fulfillment.boxes import boxes_at, suggested
from fulfillment.buttons.asking import LABELS, OPEN, can, in_states, told_parcels, told_work
from fulfillment.buttons.parcels import buy, label_form, needs_label
from fulfillment.models import Box, FulfillmentLine, FulfillmentOrder, Label, Shipment
from fulfillment.reasons import for_picks, for_rejections
from fulfillment.rules.boxes import Sides
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Suggesting, WhyForm, ask, by_key
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason

WORK = ("lines__item", "lines__order_line", "order__holds", "shipments")
MOST_MM = 100_000
WORK_LABELS = Prefetch("shipments__labels", Label.objects.defer("document"))
CUSTOMS = ("location", "order", "shipments__lines__line__item", "shipments__lines__line__order_line")


def _start(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = start_pick(ids, by=actor)
    return Outcome(gettext("%(rows)s claimed: pick it.") % {"rows": told_work(len(rows))}, done=len(rows))


def _asked(line: Any) -> int:
    return int(line.quantity - line.picked - line.short - line.cancelled)


def _pick_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form] | None:
    """Counts for one piece of work; several at once are found in full."""
    if len(rows) != 1:
        return None
    fields: dict[str, forms.Field] = {}
    whys = [(r.code, gettext(r.words)) for r in for_picks().values()]
    for line in rows[0].lines.all():
        asked = _asked(line)
        if asked:
            fields[f"found_{line.pk}"] = forms.IntegerField(
                label=f"{line.item.sku} {line.item.name}", min_value=0, max_value=asked, initial=asked,
                help_text=gettext("%(asked)s asked for") % {"asked": asked}, widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
            fields[f"why_{line.pk}"] = forms.ChoiceField(
                label=gettext("if fewer: why"), required=False,
                choices=[("", gettext("all there")), *whys],
            )  # fmt: skip
    return ask(**fields)


def _picked(ids: Ids, actor: Actor, data: Data) -> Outcome:
    pieces_found = {int(k.removeprefix("found_")): n for k, n in data.items() if k.startswith("found_")}
    reasons = by_key(data, "why")
    rows = confirm_pick([Found(pk, pieces_found, reasons) for pk in ids], by=actor)
    short = [row for row in rows if row.state == "cancelled"]
    told = (
        gettext(" Nothing was found of %(short)s: it is sent from elsewhere.")
        % {"short": told_work(len(short))}
        if short
        else ""
    )
    return Outcome(
        gettext("%(n)s picked.%(told)s") % {"n": told_work(len(rows) - len(short)), "told": told},
        done=len(rows),
    )


def _pack_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form] | None:
    """How one piece of work goes into parcels; several at once go into one parcel each."""
    if len(rows) != 1:
        return None
    picked = {line.pk: line for line in rows[0].lines.all() if line.picked}
    boxes = boxes_at(rows[0].location_id)
    codes = {box.code for box in boxes}

    class PackForm(forms.Form):
        weights = forms.CharField(
            label=gettext("weights in grams"), required=False, max_length=120,
            help_text=gettext("Parcel by parcel, such as 1200+800. Left empty: reckoned from the items and the box."),
        )  # fmt: skip
        sizes = forms.CharField(
            label=gettext("sides in mm"), required=False, max_length=200,
            help_text=gettext("Parcel by parcel, such as 300x200x100+250x250x80. Left empty: those of the box."),
        )  # fmt: skip

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            parts = {pk: self._parts(f"boxes_{pk}", line.picked) for pk, line in picked.items()}
            weights, sizes, named = self._parts("weights", None), self._sizes(), self._named()
            if not self.errors:
                count = max((len(p) for p in parts.values()), default=1)
                parcels = [
                    Parcel(
                        {pk: p[i] for pk, p in parts.items() if i < len(p) and p[i]},
                        weights[i] if i < len(weights) else 0,
                        named[i] if i < len(named) else "",
                        sizes[i] if i < len(sizes) else None,
                    )
                    for i in range(count)
                ]
                if any(not parcel.pieces for parcel in parcels):
                    raise forms.ValidationError(gettext("A parcel is empty."))
                data["parcels"] = parcels
            return data

        def _named(self) -> list[str]:
            text = self.cleaned_data.get("packed_in", "").replace(" ", "")
            named = text.split("+") if text else []
            unknown = [code for code in named if code and code not in codes]
            if unknown:
                self.add_error("packed_in", gettext("There is no box “%(code)s”.") % {"code": unknown[0]})
            return named

        def _sizes(self) -> list[Sides | None]:
            text = self.cleaned_data.get("sizes", "").replace(" ", "").lower().replace("×", "x")
            found: list[Sides | None] = []
            for part in text.split("+") if text else ():
                sides = [int(side) if side.isascii() and side.isdigit() else 0 for side in part.split("x")]
                if part and (len(sides) != 3 or not all(0 < side <= MOST_MM for side in sides)):
                    self.add_error("sizes", gettext("Three sides joined by x, parcels joined by +."))
                    break
                found.append((sides[0], sides[1], sides[2]) if part else None)
            return found

        def _parts(self, name: str, total: int | None) -> list[int]:
            text = self.cleaned_data.get(name, "").replace(" ", "")
            try:
                parts = [int(part) for part in text.split("+")] if text else []
            except ValueError:
                parts = [-1]
            if any(n < 0 for n in parts) or (total is not None and sum(parts) != total):
                told = (
                    gettext("Numbers joined by +, %(total)s in all.") % {"total": total}
                    if total is not None
                    else gettext("Numbers joined by +.")
                )
                self.add_error(name, told)
            return parts

    if boxes:
        PackForm.base_fields["packed_in"] = forms.CharField(
            label=gettext("boxes"), required=False, max_length=120,
            widget=Suggesting([(box.code, box.name) for box in boxes]), help_text=_boxes_help(picked.values(), boxes),
        )  # fmt: skip
    for pk, line in picked.items():
        PackForm.base_fields[f"boxes_{pk}"] = forms.CharField(
            label=f"{line.item.sku} {line.item.name}", initial=str(line.picked), max_length=60,
            help_text=gettext("All in one parcel. For more parcels: 2+1 puts two into the first and one into the second."),
        )  # fmt: skip
    return PackForm


def _boxes_help(lines: Iterable[FulfillmentLine], boxes: Sequence[Box]) -> str:
    """How boxes are typed, and the one that holds all of it."""
    told = suggested([(line, line.picked) for line in lines], boxes)
    typed = gettext("Parcel by parcel, such as %(codes)s.") % {
        "codes": "+".join(box.code for box in boxes[:2])
    }
    for_all = (
        gettext("For all in one: %(box)s, %(by)s.") % {"box": told.box, "by": gettext(told.says)}
        if told.box
        else gettext("No box holds all of it.")
    )
    return f"{typed} {for_all}"


def _pack(ids: Ids, actor: Actor, data: Data) -> Outcome:
    made = pack([Packing(pk, tuple(data.get("parcels", ()))) for pk in ids], by=actor)
    kilos = sum(p.weight_g for p in made) / 1000
    return Outcome(
        gettext("%(made)s packed, %(kilos)s kg.")
        % {"made": told_parcels(len(made)), "kilos": f"{kilos:.1f}"},
        done=len(ids),
    )


def _buy_for_work(ids: Ids, actor: Actor, data: Data) -> Outcome:
    parcels = Shipment.objects.filter(fulfillment_order__in=ids, state="draft").prefetch_related(LABELS)
    return buy([p.pk for p in parcels if needs_label(p)], actor, data)


def _not_buy_for_work(work: FulfillmentOrder) -> list[Reason]:
    bare = [p for p in work.shipments.all() if needs_label(p)]
    if bare:
        return list(dict.fromkeys(reason for p in bare for reason in why_not_declare(p)))
    return [Reason("has_label", gettext("Every parcel has its label, or it is being bought."))]


def _reject_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form]:
    reasons = [(r.code, f"{gettext(r.words)}: {gettext(r.says)}") for r in for_rejections().values()]
    fields: dict[str, forms.Field] = {
        "reason": forms.ChoiceField(label=gettext("why"), choices=[("", gettext("choose")), *reasons]),
        "note": forms.CharField(label=gettext("note"), required=False, max_length=150),
    }
    lines = [line for line in rows[0].lines.all() if _asked(line)] if len(rows) == 1 else []
    if len(lines) > 1:
        fields["lines"] = forms.MultipleChoiceField(
            label=gettext("what is missing or broken"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(line.pk, f"{_asked(line)} × {line.item.sku} {line.item.name}") for line in lines],
            help_text=gettext("For a reason about the stock; none ticked means all of them."),
        )  # fmt: skip
    return ask(**fields)


def _rejecting(ids: Ids, data: Data) -> list[Rejecting]:
    lines = [int(pk) for pk in data.get("lines", ())]
    return [Rejecting(pk, data["reason"], lines, data.get("note", "")) for pk in ids]


def _reject_preview(ids: Ids, data: Data) -> Preview:
    reason, named = for_rejections()[data["reason"]], {int(pk) for pk in data.get("lines", ())}
    facts = []
    for work in FulfillmentOrder.objects.filter(pk__in=ids).prefetch_related("lines__item").order_by("pk"):
        for line in work.lines.all():
            meant = not named or line.pk in named
            told = gettext(reason.says) if meant else gettext("the stock stays as it is")
            facts.append((f"{work.number}: {_asked(line)} × {line.item.sku}", told))
    return Preview(
        gettext("It is sent from elsewhere where there is stock, else it waits."), facts=facts[:50]
    )


def _reject(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = reject_work(_rejecting(ids, data), by=actor)
    return Outcome(
        gettext("%(rows)s sent back; it is sent from elsewhere, or waits.") % {"rows": told_work(len(rows))},
        done=len(rows),
    )


def _ship(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = ship(ids, by=actor)
    count = sum(1 for row in rows for p in row.shipments.all() if p.state != "voided")
    return Outcome(
        gettext("%(count)s handed over; the shops are told within moments.") % {"count": told_parcels(count)},
        done=len(rows),
    )


def _cancel_work(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_work(ids, reason=data["why"], by=actor)
    return Outcome(
        gettext("%(rows)s taken back; what is promised is sent from where it is best now.")
        % {"rows": told_work(len(rows))},
        done=len(rows),
    )


BUTTONS = (
    Button(
        name="fulfillment.start_pick", label=_("Start picking"), model="fulfillment.fulfillmentorder", run=_start, rank=20,
        permission="fulfillment.pick_fulfillmentorder", shown=in_states("released"), reads=WORK,
        refusals=can("start_pick"), steps=frozenset({"picked"}), hotkey="s",
        words=_("Claim it, so that nobody else picks the same."),
    ),
    Button(
        name="fulfillment.confirm_pick", label=_("Picked"), model="fulfillment.fulfillmentorder", run=_picked, rank=30,
        permission="fulfillment.pick_fulfillmentorder", shown=in_states("released", "picking"), reads=WORK,
        refusals=can("finish_pick", but="nothing_picked"), form=_pick_form, steps=frozenset({"picked"}), hotkey="p",
        words=_("Say what you found. What is missing is sent from elsewhere, or waits."),
    ),
    Button(
        name="fulfillment.pack", label=_("Pack"), model="fulfillment.fulfillmentorder", run=_pack, rank=40,
        permission="fulfillment.pack_fulfillmentorder", shown=in_states("picked"), reads=WORK, refusals=can("pack"),
        form=_pack_form, steps=frozenset({"packed"}), hotkey="k", words=_("Into one parcel, or more."),
    ),
    Button(
        name="fulfillment.buy_labels", label=_("Buy labels"), model="fulfillment.fulfillmentorder", run=_buy_for_work,
        permission="fulfillment.buy_label", shown=in_states("packed"), reads=(*WORK, WORK_LABELS, *CUSTOMS), rank=50,  # type: ignore[arg-type]
        refusals=each(_not_buy_for_work), form=label_form, steps=frozenset({"shipped"}), hotkey="b",
        words=_("For every parcel that has none."),
    ),
    Button(
        name="fulfillment.ship", label=_("Ship"), model="fulfillment.fulfillmentorder", run=_ship, rank=60,
        permission="fulfillment.ship_fulfillmentorder", shown=in_states("packed"), reads=WORK, refusals=can("ship"),
        steps=frozenset({"shipped"}), hotkey="h", words=_("The carrier has it. The shop is told."),
    ),
    Button(
        name="fulfillment.reject_work", label=_("Send back"), model="fulfillment.fulfillmentorder", run=_reject, rank=80,
        permission="fulfillment.reject_fulfillmentorder", shown=in_states("released", "picking"), reads=WORK,
        refusals=can("reject"), form=_reject_form, preview=_reject_preview, dangerous=True,
        words=_("It cannot be done here. The reason says what becomes of the stock."),
    ),
    Button(
        name="fulfillment.cancel_work", label=_("Take back"), model="fulfillment.fulfillmentorder", run=_cancel_work,
        permission="fulfillment.cancel_fulfillmentorder", shown=in_states(*OPEN), reads=WORK, refusals=can("cancel"),
        form=lambda rows: WhyForm, dangerous=True, rank=90,
        words=_("Picked goods go back to their shelf, labels are given back; the order is routed anew."),
    ),
)  # fmt: skip
