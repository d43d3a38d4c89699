"""Manifests on paper: the carrier's own form where it made one, else our list."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from django.utils import timezone
from django.utils.translation import gettext
from pypdf import PdfWriter

from fulfillment.actions.print_papers import place_lines
from fulfillment.documents.manifest import ManifestLine, ManifestSheet, manifests
from fulfillment.models import Manifest
from oms.core.errors import Reason, Refused


def print_manifests(manifest_ids: Sequence[int]) -> bytes:
    """As one PDF. Raises :class:`Refused` while one of them is not made."""
    rows = list(Manifest.objects.filter(pk__in=manifest_ids).select_related("location").order_by("pk"))
    if not rows:
        raise Refused(Reason("no_manifest", gettext("There is no such list.")))
    files = [_file(row) for row in rows]
    if len(files) == 1:
        return files[0]
    whole, made = PdfWriter(), BytesIO()
    for file in files:
        whole.append(BytesIO(file))
    whole.write(made)
    return made.getvalue()


def _file(manifest: Manifest) -> bytes:
    if manifest.state != "made":
        raise Refused(
            Reason(
                "not_made", f"{manifest.number}: {manifest.get_state_display()}. {manifest.failure}".strip()
            )
        )
    if manifest.document:
        return bytes(manifest.document)
    lines = []
    for part in manifest.parcels.select_related("shipment__fulfillment_order__order").order_by("pk"):
        parcel, order = part.shipment, part.shipment.fulfillment_order.order
        to = ", ".join(filter(None, (order.shipping_address.get("city"), order.country)))
        lines.append(ManifestLine(parcel.tracking_number, order.number, parcel.service, to, parcel.weight_g))
    return manifests(
        [
            ManifestSheet(
                manifest.number, manifest.carrier, place_lines(manifest.location),
                timezone.localtime(manifest.created_at), tuple(lines),
            )
        ]
    )  # fmt: skip
