"""A manifest on paper: the carrier's own form where it made one, else our list."""

from __future__ import annotations

from django.utils import timezone

from fulfillment.actions.print_papers import place_lines
from fulfillment.documents.manifest import ManifestLine, ManifestSheet, manifests
from fulfillment.models import Manifest
from oms.core.errors import Reason, Refused


def print_manifest(manifest_id: int) -> bytes:
    """As PDF. Raises :class:`Refused` while it is not made."""
    manifest = Manifest.objects.select_related("location").get(pk=manifest_id)
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
