"""Labels on paper: one as its carrier made it, or a batch in the size of the printer. Nothing is changed by it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Prefetch
from django.utils.translation import gettext

from fulfillment.actions.declare_customs import crosses
from fulfillment.actions.print_customs import print_customs
from fulfillment.actions.print_papers import PDF, TYPES, address_lines, place_lines
from fulfillment.documents.label_sheets import SIZES, label_sheets
from fulfillment.documents.shipping_label import ShippingLabel, shipping_labels
from fulfillment.models import Label, Shipment
from oms.core.errors import Reason, Refused

RAW = frozenset({TYPES["zpl"], TYPES["epl2"]})
"""Written for a label printer: cannot be laid on paper, but several can follow one another."""


def print_labels(shipment_ids: Sequence[int], size: str = "") -> tuple[bytes, str]:
    """The labels of these parcels in one file, and its media type; ``size`` is one of ``SIZES``, by default what
    the place of the first parcel prints on. On A4 the commercial invoices follow.

    Raises :class:`Refused` when one has no label yet, and for labels in a printer's own language together with
    others or on a sheet.
    """
    parcels = _parcels(shipment_ids)
    if not parcels:
        raise Refused(Reason("no_label", gettext("There is no such parcel.")))
    size = size or parcels[0].fulfillment_order.location.label_paper
    if size not in SIZES:
        raise Refused(
            Reason(
                "size_unknown",
                gettext("There is no paper “%(n)s”; there are %(names)s.")
                % {"n": size[:20], "names": ", ".join(SIZES)},
            )
        )
    bare = [parcel for parcel in parcels if not _has_label(parcel)]
    if bare:
        raise Refused(
            [
                Reason("no_label", gettext("%(parcel)s has no label yet.") % {"parcel": parcel})
                for parcel in bare
            ]
        )
    files = [_file(parcel) for parcel in parcels]
    kinds = {kind for _, kind in files}
    if kinds <= RAW and len(kinds) == 1 and size == "4x6":
        return b"\n".join(body for body, _ in files), kinds.pop()
    if not kinds <= {PDF, TYPES["png"]}:
        told = "A label in a printer's own language (ZPL) cannot be put on paper: print it alone, on 4 × 6 inches."
        raise Refused(Reason("raw_label", told))
    abroad = [parcel.pk for parcel in parcels if crosses(parcel)] if size == "a4" else []
    return label_sheets(files, size, after=print_customs(abroad) if abroad else b""), PDF


def print_label(shipment_id: int) -> tuple[bytes, str]:
    """A parcel's label as it came, and its media type: the carrier's own where one was bought, else ours for a
    tracking number that was typed by hand. Raises :class:`Refused` while the parcel has none."""
    (parcel,) = _parcels([shipment_id])
    if not _has_label(parcel):
        raise Refused(Reason("no_label", gettext("This parcel has no label yet.")))
    return _file(parcel)


def _parcels(shipment_ids: Sequence[int]) -> list[Shipment]:
    return list(
        Shipment.objects.filter(pk__in=shipment_ids)
        .select_related("fulfillment_order__order", "fulfillment_order__location")
        .prefetch_related(Prefetch("labels", Label.objects.order_by("pk")))
        .order_by("fulfillment_order_id", "pk")
    )


def _has_label(parcel: Shipment) -> bool:
    return parcel.state not in {"draft", "voided"} or any(_bought(parcel))


def _bought(parcel: Shipment) -> list[Label]:
    return [label for label in parcel.labels.all() if label.state == "purchased" and label.document]


def _file(parcel: Shipment) -> tuple[bytes, str]:
    bought = _bought(parcel)
    if bought:
        kind = bought[-1].document_type.lower().rpartition("/")[2]
        return bytes(bought[-1].document or b""), TYPES.get(kind, "application/octet-stream")
    work = parcel.fulfillment_order
    ours = ShippingLabel(
        sender=place_lines(work.location), recipient=address_lines(work.order.shipping_address), carrier=parcel.carrier,
        service=parcel.service, tracking_number=parcel.tracking_number, reference=work.number,
        weight_g=parcel.weight_g,
    )  # fmt: skip
    return shipping_labels([ours]), PDF
