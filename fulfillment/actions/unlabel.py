"""Take labels off parcels that have not left: bought ones are given back, and another may be bought."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.actions.void_labels import void_labels
from fulfillment.models import Label, Shipment
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move, why_not
from orders.models import Order

LIVE = ("requested", "purchased", "failed", "void_refused")


def why_not_unlabel(parcel: Shipment) -> list[Reason]:
    """Why nothing can be taken off this parcel. Reads its labels."""
    if parcel.state == "draft":
        asked = any(label.state in LIVE for label in parcel.labels.all())
        return [] if asked else [Reason("no_label", gettext("There is no label on this parcel."))]
    return why_not(parcel, "unlabel")


@transaction.atomic
def unlabel_parcels(shipment_ids: Sequence[int], *, reason: str, by: Actor) -> list[Shipment]:
    """The parcels have no label and no tracking number afterwards. Raises :class:`Refused` when one has left,
    or has nothing on it."""
    orders = Order.objects.filter(fulfillment_orders__shipments__in=shipment_ids).order_by("pk")
    list(orders.select_for_update(of=("self",)).values_list("pk"))
    parcels = list(
        Shipment.objects.filter(pk__in=shipment_ids).select_for_update(of=("self",)).order_by("pk")
        .select_related("fulfillment_order")
    )  # fmt: skip
    labels: dict[int, list[Label]] = {parcel.pk: [] for parcel in parcels}
    for label in Label.objects.filter(shipment__in=parcels, state__in=LIVE).defer("document"):
        labels[label.shipment_id].append(label)
    reasons = [
        Reason("no_label", gettext("There is no label on %(p)s.") % {"p": p})
        for p in parcels
        if p.state == "draft" and not labels[p.pk]
    ]
    if reasons:
        raise Refused(reasons)
    move(
        [p for p in parcels if p.state != "draft"], "unlabel", by=by, words=reason,
        sets={
            "carrier": "", "service": "", "tracking_number": "", "tracking_url": "", "tracker_id": "",
            "carrier_account": None,
        },
    ).or_refuse()  # fmt: skip
    void_labels([label.pk for found in labels.values() for label in found], by=by)
    return parcels
