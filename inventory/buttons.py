"""The verbs of stock as the console offers them: each asks, shows what it will do, and calls one action."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q, Sum
from django.urls import reverse

from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.actions.resolve_discrepancy import BOOKS, COUNT, Resolution, resolve_discrepancies
from inventory.actions.set_safety_stock import set_safety_stock
from inventory.actions.sort_stock import Sorting, sort_stock
from inventory.actions.switch_items import switch_items
from inventory.models import Discrepancy, Item, Location, Receipt, Reservation, StockAdjustment, StockLevel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask
from oms.core.console.registry import Refusals
from oms.core.errors import Reason
from oms.core.lifecycle import why_not

Data = Mapping[str, Any]
Ids = Sequence[int]
MOST = 100_000
MOST_LINES = 500
SHELF = ("item", "location")
CODE_AND_COUNT = re.compile(r"(.+?)(?:\s+[x×]\s*|\s*[,;]\s*|\s+)(\S+)")


def _each(check: Any) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: check(row) for row in rows}

    return refusals


def _pieces(n: int) -> str:
    return "1 piece" if n == 1 else f"{n} pieces"


def _number(label: str, *, least: int = 0, **kwargs: Any) -> forms.IntegerField:
    pad = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, min_value=least, max_value=MOST, widget=pad, **kwargs)


def _note(**kwargs: Any) -> forms.CharField:
    shape = {"label": "why", "max_length": 200, "help_text": "It is kept in the ledger.", **kwargs}
    return forms.CharField(**shape)


# -- goods arrive


def items_by_code(codes: Collection[str]) -> dict[str, Item]:
    """Items by what was typed or scanned: their SKU (in any case) or a barcode. Unknown ones are left out."""
    wanted = {spelling for code in codes for spelling in (code, code.upper())}
    rows = Item.objects.filter(Q(sku__in=wanted) | Q(barcodes__code__in=wanted)).distinct()
    by_code: dict[str, Item] = {}
    for item in rows.prefetch_related("barcodes"):
        by_code.update({code.code: item for code in item.barcodes.all()})
        by_code[item.sku] = item
    found = {code: by_code.get(code) or by_code.get(code.upper()) for code in codes}
    return {code: item for code, item in found.items() if item}


def read_arrivals(text: str) -> tuple[dict[Item, int], list[str]]:
    """Pieces by item, and what could not be read, in words. A line is a SKU or barcode and how many came
    (nothing said: one), so a scanner that sends a code a line just counts."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        return {}, [f"At most {MOST_LINES} lines at once."]
    cut = [CODE_AND_COUNT.fullmatch(line) for line in lines]
    known = items_by_code({*lines, *(match[1] for match in cut if match)})
    arrived: dict[Item, int] = {}
    faults = []
    for line, match in zip(lines, cut, strict=True):
        item, count = known.get(line), "1"
        if item is None and match:
            item, count = known.get(match[1]), match[2]
        if item is None:
            faults.append(f"“{line}”: there is no item with this SKU or barcode.")
        elif not (count.isascii() and count.isdigit() and 0 < int(count) <= MOST):
            faults.append(f"“{line}”: how many? Write a whole number behind it, from 1.")
        else:
            arrived[item] = arrived.get(item, 0) + int(count)
    return arrived, faults


class ArrivalForm(forms.Form):
    lines = forms.CharField(
        label="what arrived", widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        help_text="A line each: SKU or barcode, then how many (85123A 20). Scanned without a number it counts one.",
    )  # fmt: skip
    reference = forms.CharField(
        label="delivery note", max_length=80, required=False, help_text="The supplier's number."
    )
    aside = forms.BooleanField(
        label="set it all aside until somebody has looked at it",
        required=False,
        help_text="Else it is for sale.",
    )

    def clean_lines(self) -> dict[Item, int]:
        arrived, faults = read_arrivals(self.cleaned_data["lines"])
        if faults:
            raise forms.ValidationError(faults[:20])
        return arrived


def _told_arrival(arrived: Mapping[Item, int], aside: bool) -> Preview:
    waiting = dict(
        Reservation.objects.filter(item__in=arrived, state="backordered")
        .values_list("item_id").annotate(n=Sum("quantity"))
    )  # fmt: skip
    facts = []
    for item, n in arrived.items():
        late = min(n, waiting.get(item.pk, 0))
        told = f"; {late} of them go to customers who wait" if late and not aside else ""
        facts.append((str(item), _pieces(n) + told))
    total = _pieces(sum(arrived.values()))
    return Preview(
        f"{total} on the books, set aside." if aside else f"{total} on the books, for sale at once.", facts
    )


def _told_receipt(receipt: Receipt, place: str) -> Outcome:
    count = sum(receipt.lines.values_list("quantity", flat=True))
    link = ("receipt", reverse("admin:inventory_receipt_change", args=[receipt.pk]))
    return Outcome(f"{_pieces(count)} received at {place}.", link=link)


def _receive(ids: Ids, actor: Actor, data: Data) -> Outcome:
    arrived = [Arrived(item.pk, n, n if data["aside"] else 0) for item, n in data["lines"].items()]
    receipt = receive_goods(
        location_id=ids[0],
        arrived=arrived,
        reference=data["reference"],
        key=f"press:{data['press']}",
        by=actor,
    )
    return _told_receipt(receipt, receipt.location.name)


def _receive_item_form(rows: Sequence[Item]) -> type[forms.Form]:
    return ask(
        quantity=_number("how many arrived", least=1),
        location=forms.ModelChoiceField(
            Location.objects.filter(active=True),
            label="at",
            initial=Location.objects.filter(active=True).first(),
        ),
        reference=forms.CharField(
            label="delivery note", max_length=80, required=False, help_text="The supplier's number."
        ),
        aside=forms.BooleanField(label="set them aside until somebody has looked at them", required=False),
    )


def _receive_item(ids: Ids, actor: Actor, data: Data) -> Outcome:
    n = data["quantity"]
    receipt = receive_goods(
        location_id=data["location"].pk, arrived=[Arrived(ids[0], n, n if data["aside"] else 0)],
        reference=data["reference"], key=f"press:{data['press']}", by=actor,
    )  # fmt: skip
    return _told_receipt(receipt, data["location"].name)


def _not_receive(place: Location) -> list[Reason]:
    return [] if place.active else [Reason("inactive", "This place is switched off; switch it on first.")]


# -- the shelf is corrected


def _adjust_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    level = rows[0]

    class AdjustForm(forms.Form):
        counted = _number(
            "how many lie there now", required=False,
            help_text=f"The books say {level.on_hand}, those set aside ({level.unavailable}) included.",
        )  # fmt: skip
        change = forms.IntegerField(
            label="or how many more, or fewer (−)", required=False, min_value=-MOST, max_value=MOST
        )
        # Counted against what this page showed: a parcel that leaves meanwhile is not counted twice.
        believed = forms.IntegerField(widget=forms.HiddenInput, initial=level.on_hand)
        reason = forms.ChoiceField(label="because", choices=StockAdjustment.Reason.choices, initial="counted")
        note = _note(label="note", required=False)

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
        words += f" {_pieces(displaced)} promised from here must come from elsewhere or wait."
    return Preview(words)


def _adjust(ids: Ids, actor: Actor, data: Data) -> Outcome:
    level = StockLevel.objects.select_related(*SHELF).get(pk=ids[0])
    n, key = data["quantity"], f"press:{data['press']}"
    adjust_stock(
        [Correction(level.item_id, level.location_id, n, data["reason"], data["note"], key)], by=actor
    )
    level.refresh_from_db(fields=["on_hand"])
    return Outcome(f"{n:+d} of {level.item.sku} at {level.location}: now {level.on_hand} on hand.")


# -- set aside, back for sale, gone


def _sorting(kind: str, done: str, most: Any) -> tuple[Any, Any]:
    """The form and the run of one way to sort a shelf."""

    def form(rows: Sequence[StockLevel]) -> type[forms.Form]:
        pad = forms.NumberInput(attrs={"inputmode": "numeric"})
        left = most(rows[0])
        return ask(
            quantity=forms.IntegerField(
                label="how many", min_value=1, max_value=left, widget=pad, help_text=f"At most {left}."
            ),
            note=_note(),
        )

    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        n = data["quantity"]
        sort_stock([Sorting(ids[0], kind, n, data["note"], f"press:{data['press']}")], by=actor)
        level = StockLevel.objects.select_related(*SHELF).get(pk=ids[0])
        return Outcome(f"{_pieces(n)} of {level.item.sku} at {level.location} {done}.")

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


# -- kept back


def _safety_form(rows: Sequence[StockLevel]) -> type[forms.Form]:
    now = rows[0].safety_stock if len(rows) == 1 else None
    return ask(
        pieces=_number(
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
        return Outcome(f"{_pieces(data['pieces'])} were kept back already; nothing changed.", done=0)
    places = "1 place" if len(rows) == 1 else f"{len(rows)} places"
    return Outcome(f"{_pieces(data['pieces'])} kept back at {places}.", done=len(rows))


# -- differences


def _settle_form(rows: Sequence[Discrepancy]) -> type[forms.Form]:
    row = rows[0]
    level = StockLevel.objects.filter(item_id=row.item_id, location_id=row.location_id).first()
    there = level.on_hand if level else 0

    class SettleForm(forms.Form):
        truth = forms.ChoiceField(
            label="what is right",
            choices=[(COUNT, "the shelf: it was counted again"), (BOOKS, "the books are right as they are")],
        )
        counted = _number(
            "how many lie there", required=False,
            help_text=f"All of them, also those set aside. The level says {there}.",
        )  # fmt: skip
        note = _note(label="what you found")

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            if data.get("truth") == COUNT and data.get("counted") is None and "counted" not in self.errors:
                self.add_error("counted", "Say how many pieces lie there.")
            return data

    return SettleForm


def _settle(ids: Ids, actor: Actor, data: Data) -> Outcome:
    resolution = Resolution(ids[0], data["truth"], data["note"], data["counted"])
    (row,) = resolve_discrepancies([resolution], by=actor)
    level = StockLevel.objects.filter(item_id=row.item_id, location_id=row.location_id).first()
    return Outcome(f"Settled: {level.on_hand if level else 0} on the books there.")


# -- items


def _switch(on: bool) -> Any:
    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        rows = switch_items(ids, on=on, by=actor)
        what = "1 item" if len(rows) == 1 else f"{len(rows)} items"
        undo = "inventory.switch_item_off" if on else "inventory.switch_item_on"
        told = f"{what} sold again." if on else f"{what} not sold any more."
        return Outcome(told, done=len(rows), undo=(undo, [r.pk for r in rows]) if rows and not on else None)

    return run


def _off_preview(ids: Ids, data: Data) -> Preview:
    stock = StockLevel.objects.filter(item__in=ids).aggregate(n=Sum("on_hand", default=0))["n"]
    owed = Reservation.objects.filter(item__in=ids, state__in=["firm", "backordered"]).aggregate(
        n=Sum("quantity", default=0)
    )["n"]
    return Preview(
        "New orders and listings no longer find it by its SKU. Listings that it has already go on: pause them,"
        " or take it from the shop.",
        facts=[("still on the shelves", _pieces(stock)), ("promised, and stays so", _pieces(owed))],
    )


SET_ASIDE = _sorting("damage", "set aside", _free)
RESTOCK = _sorting("restock", "back for sale", _aside)
WRITE_OFF = _sorting("write_off", "written off", _aside)

BUTTONS = (
    Button(
        name="inventory.receive", label="Receive goods", model="inventory.location",
        permission="inventory.receive_goods", run=_receive, refusals=_each(_not_receive),
        form=lambda rows: ArrivalForm, preview=lambda ids, data: _told_arrival(data["lines"], data["aside"]),
        bulk=False, rank=10, hotkey="r", words="A delivery arrived here. Whoever waits for it is served first.",
    ),
    Button(
        name="inventory.receive_item", label="Receive", model="inventory.item", permission="inventory.receive_goods",
        run=_receive_item, form=_receive_item_form, bulk=False, rank=10, hotkey="r",
        preview=lambda ids, data: _told_arrival({Item.objects.get(pk=ids[0]): data["quantity"]}, data["aside"]),
        words="Some of it arrived. Whoever waits for it is served first.",
    ),
    Button(
        name="inventory.switch_item_off", label="Sell no more", model="inventory.item",
        permission="inventory.change_item", run=_switch(False), shown=lambda item: item.active, preview=_off_preview,
        dangerous=True, rank=80, words="It stays in the books and in old orders.",
    ),
    Button(
        name="inventory.switch_item_on", label="Sell again", model="inventory.item",
        permission="inventory.change_item", run=_switch(True), shown=lambda item: not item.active, rank=80,
        words="It is found for new orders and listings again.",
    ),
    Button(
        name="inventory.adjust", label="Correct the level", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=_adjust, form=_adjust_form, preview=_adjust_preview, bulk=False,
        rank=10, hotkey="c", words="What lies there is not what the books say.",
    ),
    Button(
        name="inventory.set_aside", label="Set aside", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=SET_ASIDE[1], form=SET_ASIDE[0], refusals=_each(_not_set_aside),
        shown=lambda level: level.on_hand > level.unavailable, bulk=False, rank=20,
        words="Not for sale until somebody has looked at them.",
    ),
    Button(
        name="inventory.back_for_sale", label="Back for sale", model="inventory.stocklevel",
        permission="inventory.adjust_stock", reads=SHELF, run=RESTOCK[1], form=RESTOCK[0],
        shown=lambda level: level.unavailable > 0, bulk=False, rank=30, words="They were set aside and are good.",
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
    Button(
        name="inventory.settle", label="Settle it", model="inventory.discrepancy",
        permission="inventory.resolve_discrepancy", reads=SHELF, run=_settle, shown=lambda d: d.state == "open",
        refusals=_each(lambda d: why_not(d, "resolve")), form=_settle_form, bulk=False, rank=10, hotkey="s",
        words="Look at the shelf, then say what is right.",
    ),
)  # fmt: skip
