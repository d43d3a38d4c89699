"""The papers of the warehouse as the console offers them: on the pages of work, parcels and manifests, and for all
that is chosen in their lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.declare_customs import crosses
from fulfillment.actions.note_printed import note_printed
from fulfillment.actions.print_customs import print_customs
from fulfillment.actions.print_labels import print_labels
from fulfillment.actions.print_manifests import print_manifests
from fulfillment.actions.print_papers import PDF, print_packing_slips, print_pick_lists
from fulfillment.models import FulfillmentOrder, Shipment
from inventory.models import Location
from oms.core.actors import Actor
from oms.core.console import Paper, registry
from oms.core.errors import Reason, Refused

SEE_WORK, SEE_PARCELS = "fulfillment.view_fulfillmentorder", "fulfillment.view_shipment"
SEE_PEOPLE = "orders.view_personal_data"
TO_FETCH = ("released", "picking", "picked", "packed")
LABELLED = ("labelled", "in_transit", "out_for_delivery", "exception")
PRINTER: Any = Location._meta.get_field("label_paper")
SIZES: tuple[tuple[str, str], ...] = tuple(PRINTER.choices)

Printed = tuple[bytes, str]


def _pick_lists(ids: Sequence[int], size: str) -> Printed:
    return print_pick_lists(ids), PDF


def _slips(ids: Sequence[int], size: str) -> Printed:
    return print_packing_slips(ids), PDF


def _parcels_of(work_ids: Sequence[int]) -> list[int]:
    parcels = Shipment.objects.filter(fulfillment_order__in=work_ids).exclude(state__in=["draft", "voided"])
    return list(parcels.order_by("fulfillment_order_id", "pk").values_list("pk", flat=True))


def _labels_of_work(ids: Sequence[int], size: str) -> Printed:
    parcels = _parcels_of(ids)
    if not parcels:
        raise Refused(Reason("no_label", gettext("There is no label yet.")))
    return print_labels(parcels, size)


def _note_work(ids: Sequence[int], by: Actor) -> None:
    note_printed(_parcels_of(ids), by=by)


def _note_parcels(ids: Sequence[int], by: Actor) -> None:
    note_printed(ids, by=by)


def _customs(ids: Sequence[int], size: str) -> Printed:
    return print_customs(ids), PDF


def _manifests(ids: Sequence[int], size: str) -> Printed:
    return print_manifests(ids), PDF


def _has_label(work: FulfillmentOrder) -> bool:
    return any(parcel.state in LABELLED for parcel in work.shipments.all())


def attach_papers(user: Any, rows: Sequence[Any]) -> None:
    """Give every row of one model the papers that a panel offers for it."""
    for row in rows:
        row.papers = [p for p in registry.papers_of(row._meta.label) if p.allowed(user) and p.shown(row)]


PAPERS = (
    Paper("fulfillment.pick_list", _("Pick list"), "fulfillment.fulfillmentorder", (SEE_WORK,), _pick_lists,
          shown=lambda work: work.state in TO_FETCH, words=_("What is to be fetched, one list for each place."), rank=10),
    Paper("fulfillment.packing_slip", _("Packing slip"), "fulfillment.fulfillmentorder", (SEE_WORK, SEE_PEOPLE), _slips,
          shown=lambda work: work.state not in ("cancelled", "rejected"), words=_("The paper that goes into the parcel."),
          rank=20),
    Paper("fulfillment.labels", _("Labels"), "fulfillment.fulfillmentorder", (SEE_WORK, SEE_PEOPLE), _labels_of_work,
          shown=_has_label, words=_("The labels of its parcels, in the size of the printer; also once more."),
          sizes=SIZES, note=_note_work, rank=30),
    Paper("fulfillment.label", _("Print label"), "fulfillment.shipment", (SEE_PARCELS, SEE_PEOPLE), print_labels,
          shown=lambda parcel: parcel.state in LABELLED, words=_("In the size of the printer; also once more."),
          sizes=SIZES, note=_note_parcels, hotkey="l", rank=10),
    Paper("fulfillment.customs", _("Customs papers"), "fulfillment.shipment", (SEE_PARCELS, SEE_PEOPLE), _customs,
          shown=lambda parcel: parcel.state != "voided" and crosses(parcel), words=_("The commercial invoice, for the pouch."),
          rank=20),
    Paper("fulfillment.manifest", _("Print the list"), "fulfillment.manifest", ("fulfillment.view_manifest", SEE_PEOPLE),
          _manifests, shown=lambda manifest: manifest.state == "made", words=_("For the driver to sign."), rank=10),
)  # fmt: skip
