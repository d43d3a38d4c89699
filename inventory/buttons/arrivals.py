"""Goods arrive."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from django import forms
from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.buttons.base import MOST, number, pieces
from inventory.models import Item, Location, Receipt, Reservation
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import ask
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason

MOST_LINES = 500
CODE_AND_COUNT = re.compile(r"(.+?)(?:\s+[x×]\s*|\s*[,;]\s*|\s+)(\S+)")


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
        return {}, [gettext("At most %(MOST_LINES)s lines at once.") % {"MOST_LINES": MOST_LINES}]
    cut = [CODE_AND_COUNT.fullmatch(line) for line in lines]
    known = items_by_code({*lines, *(match[1] for match in cut if match)})
    arrived: dict[Item, int] = {}
    faults = []
    for line, match in zip(lines, cut, strict=True):
        item, count = known.get(line), "1"
        if item is None and match:
            item, count = known.get(match[1]), match[2]
        if item is None:
            faults.append(gettext("“%(line)s”: there is no item with this SKU or barcode.") % {"line": line})
        elif not (count.isascii() and count.isdigit() and 0 < int(count) <= MOST):
            faults.append(
                gettext("“%(line)s”: how many? Write a whole number behind it, from 1.") % {"line": line}
            )
        else:
            arrived[item] = arrived.get(item, 0) + int(count)
    return arrived, faults


class ArrivalForm(forms.Form):
    lines = forms.CharField(
        label=_("what arrived"), widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("A line each: SKU or barcode, then how many (85123A 20). Scanned without a number it counts one."),
    )  # fmt: skip
    reference = forms.CharField(
        label=_("delivery note"), max_length=80, required=False, help_text=_("The supplier's number.")
    )
    aside = forms.BooleanField(
        label=_("set it all aside until somebody has looked at it"),
        required=False,
        help_text=_("Else it is for sale."),
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
        told = (
            gettext("; %(late)s of them go to customers who wait") % {"late": late}
            if late and not aside
            else ""
        )
        facts.append((str(item), pieces(n) + told))
    total = pieces(sum(arrived.values()))
    return Preview(
        gettext("%(total)s on the books, set aside.") % {"total": total}
        if aside
        else gettext("%(total)s on the books, for sale at once.") % {"total": total},
        facts,
    )


def _told_receipt(receipt: Receipt, place: str) -> Outcome:
    count = sum(receipt.lines.values_list("quantity", flat=True))
    link = ("receipt", reverse("admin:inventory_receipt_change", args=[receipt.pk]))
    return Outcome(
        gettext("%(count)s received at %(place)s.") % {"count": pieces(count), "place": place}, link=link
    )


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
        quantity=number(gettext("how many arrived"), least=1),
        location=forms.ModelChoiceField(
            Location.objects.filter(active=True),
            label=gettext("at"),
            initial=Location.objects.filter(active=True).first(),
        ),
        reference=forms.CharField(
            label=gettext("delivery note"),
            max_length=80,
            required=False,
            help_text=gettext("The supplier's number."),
        ),
        aside=forms.BooleanField(
            label=gettext("set them aside until somebody has looked at them"), required=False
        ),
    )


def _receive_item(ids: Ids, actor: Actor, data: Data) -> Outcome:
    n = data["quantity"]
    receipt = receive_goods(
        location_id=data["location"].pk, arrived=[Arrived(ids[0], n, n if data["aside"] else 0)],
        reference=data["reference"], key=f"press:{data['press']}", by=actor,
    )  # fmt: skip
    return _told_receipt(receipt, data["location"].name)


def _not_receive(place: Location) -> list[Reason]:
    return (
        []
        if place.active
        else [Reason("inactive", gettext("This place is switched off; switch it on first."))]
    )


BUTTONS = (
    Button(
        name="inventory.receive", label=_("Receive goods"), model="inventory.location",
        permission="inventory.receive_goods", run=_receive, refusals=each(_not_receive),
        form=lambda rows: ArrivalForm, preview=lambda ids, data: _told_arrival(data["lines"], data["aside"]),
        bulk=False, rank=10, hotkey="r", words=_("A delivery arrived here. Whoever waits for it is served first."),
    ),
    Button(
        name="inventory.receive_item", label=_("Receive"), model="inventory.item", permission="inventory.receive_goods",
        run=_receive_item, form=_receive_item_form, bulk=False, rank=10, hotkey="r",
        preview=lambda ids, data: _told_arrival({Item.objects.get(pk=ids[0]): data["quantity"]}, data["aside"]),
        words=_("Some of it arrived. Whoever waits for it is served first."),
    ),
)  # fmt: skip
