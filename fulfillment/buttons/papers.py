"""Papers: labels in the size of the printer, slips, pick lists, and what customs want to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Prefetch

from fulfillment.actions.declare_customs import READS, crosses, why_not_declare
from fulfillment.actions.note_printed import note_printed
from fulfillment.buttons.asking import Data, Ids, told_parcels, told_work
from fulfillment.buttons.manifests import paper_link
from fulfillment.models import FulfillmentOrder, Label, Shipment
from inventory.models import Location
from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.forms import ask

PAPER: Any = Location._meta.get_field("label_paper")
PAPERS = (("picks", "pick list"), ("slips", "packing slips"), ("labels", "labels"))


def _size(paper: str) -> forms.ChoiceField:
    return forms.ChoiceField(label="on", choices=PAPER.choices, initial=paper)


def _labels_form(rows: Sequence[Shipment]) -> type[forms.Form]:
    return ask(size=_size(rows[0].fulfillment_order.location.label_paper))


def _labels(ids: Ids, actor: Actor, data: Data) -> Outcome:
    again = note_printed(ids, by=actor)
    told = f" {again} of them printed before." if again else ""
    link = ("open and print", paper_link("labels", ids, data["size"]))
    return Outcome(f"Labels of {told_parcels(len(ids))} in one file.{told}", done=len(ids), link=link)


def _customs(ids: Ids, actor: Actor, data: Data) -> Outcome:
    link = ("open and print", paper_link("customs", ids))
    return Outcome(f"The commercial invoice of {told_parcels(len(ids))}.", done=len(ids), link=link)


def _declared(parcel: Shipment) -> bool:
    """Is it declared, or can it be? What is lacking is told where its label is bought."""
    if parcel.state == "voided" or not crosses(parcel):
        return False
    return any(label.customs for label in parcel.labels.all()) or not why_not_declare(parcel)


def _papers_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form]:
    first = "picks" if rows[0].state in ("planned", "released", "picking") else "slips"
    return ask(
        paper=forms.ChoiceField(label="what", choices=PAPERS, initial=first, widget=forms.RadioSelect),
        size=_size(rows[0].location.label_paper),
    )


def _papers(ids: Ids, actor: Actor, data: Data) -> Outcome:
    kind, rows, size = data["paper"], ids, ""
    if kind == "labels":
        parcels = Shipment.objects.filter(fulfillment_order__in=ids).exclude(state__in=["draft", "voided"])
        rows, size = list(parcels.order_by("pk").values_list("pk", flat=True)), data["size"]
        if not rows:
            return Outcome("None of it has a label yet: nothing was printed.", done=0)
        note_printed(rows, by=actor)
    link = ("open and print", paper_link(kind, rows, size))
    return Outcome(f"{dict(PAPERS)[kind].capitalize()} of {told_work(len(ids))}.", done=len(ids), link=link)


BUTTONS = (
    Button(
        name="fulfillment.print_labels", label="Print labels", model="fulfillment.shipment", run=_labels, rank=25,
        permission="fulfillment.pack_fulfillmentorder", shown=lambda parcel: parcel.state not in ("draft", "voided"),
        reads=("fulfillment_order__location",), form=_labels_form, hotkey="l",
        words="One file for all that are ticked, in the size of the printer; also once more.",
    ),
    Button(
        name="fulfillment.print_customs", label="Print customs papers", model="fulfillment.shipment", run=_customs, rank=27,
        permission="fulfillment.pack_fulfillmentorder",
        shown=_declared, reads=(Prefetch("labels", Label.objects.defer("document")), *READS),  # type: ignore[arg-type]
        words="The commercial invoice, for the pouch.",
    ),
    Button(
        name="fulfillment.print_papers", label="Print", model="fulfillment.fulfillmentorder", run=_papers, rank=70,
        permission="fulfillment.pack_fulfillmentorder",
        shown=lambda work: work.state not in ("cancelled", "rejected"), reads=("location",), form=_papers_form,
        words="Pick list, packing slips or labels: one file for all that are ticked.",
    ),
)  # fmt: skip
