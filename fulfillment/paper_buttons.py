"""The papers of the warehouse as the console offers them: on the page of work and parcels, and for all that is
chosen in their lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fulfillment.actions.print_papers import PDF, print_labels, print_packing_slips, print_pick_lists
from fulfillment.models import FulfillmentOrder, Shipment
from oms.core.console import Paper, registry

SEE_WORK = "fulfillment.view_fulfillmentorder"
SEE_PEOPLE = "orders.view_personal_data"
TO_FETCH = ("planned", "released", "picking", "picked", "packed")
LABELLED = ("labelled", "in_transit", "out_for_delivery", "exception")


def _pick_lists(ids: Sequence[int]) -> tuple[bytes, str]:
    return print_pick_lists(ids), PDF


def _slips(ids: Sequence[int]) -> tuple[bytes, str]:
    return print_packing_slips(ids), PDF


def _labels_of_work(ids: Sequence[int]) -> tuple[bytes, str]:
    parcels = Shipment.objects.filter(fulfillment_order__in=ids).order_by("fulfillment_order_id", "pk")
    return print_labels(list(parcels.values_list("pk", flat=True)))


def _has_label(work: FulfillmentOrder) -> bool:
    return any(parcel.state in LABELLED for parcel in work.shipments.all())


def attach_papers(user: Any, rows: Sequence[Any]) -> None:
    """Give every row of one model the papers that a panel offers for it."""
    for row in rows:
        row.papers = [p for p in registry.papers_of(row._meta.label) if p.allowed(user) and p.shown(row)]


PAPERS = (
    Paper("fulfillment.pick_list", "Pick list", "fulfillment.fulfillmentorder", (SEE_WORK,), _pick_lists,
          shown=lambda work: work.state in TO_FETCH, words="What is to be fetched, one list for each place.", rank=10),
    Paper("fulfillment.packing_slip", "Packing slip", "fulfillment.fulfillmentorder", (SEE_WORK, SEE_PEOPLE), _slips,
          shown=lambda work: work.state != "cancelled", words="The paper that goes into the parcel.", rank=20),
    Paper("fulfillment.labels", "Labels", "fulfillment.fulfillmentorder", (SEE_WORK, SEE_PEOPLE), _labels_of_work,
          shown=_has_label, words="The labels of its parcels.", rank=30),
    Paper("fulfillment.label", "Print label", "fulfillment.shipment", ("fulfillment.view_shipment", SEE_PEOPLE),
          print_labels, shown=lambda parcel: parcel.state in LABELLED, words="The label of the parcel.", rank=10),
)  # fmt: skip
