"""A tracking number typed by hand, for labels bought elsewhere; or an explicit "sent without tracking"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.models import Shipment
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move


@dataclass(frozen=True)
class Typed:
    """What was typed for one parcel. An empty number is taken only with ``untracked``."""

    shipment_id: int
    carrier: str
    number: str = ""
    url: str = ""
    untracked: bool = False


def type_tracking(
    shipment_id: int, *, carrier: str, number: str, url: str = "", untracked: bool = False, by: Actor
) -> Shipment:
    """:func:`type_trackings` of one."""
    return type_trackings([Typed(shipment_id, carrier, number, url, untracked)], by=by)[0]


@transaction.atomic
def type_trackings(typed: Sequence[Typed], *, by: Actor) -> list[Shipment]:
    """Label parcels by hand, all or none. Raises :class:`Refused` without a carrier, or without a number that
    nobody said there is none of."""
    told = {t.shipment_id: t for t in typed}
    if any(not t.carrier.strip() for t in typed):
        raise Refused(Reason("carrier_missing", gettext("Say which carrier takes the parcel.")))
    if any(not t.number.strip() and not t.untracked for t in typed):
        raise Refused(
            Reason("number_missing", gettext("Type the tracking number, or say that there is none."))
        )
    parcels = list(
        Shipment.objects.filter(pk__in=told)
        .select_for_update(of=("self",))
        .order_by("pk")
        .select_related("fulfillment_order")
    )
    if len(parcels) != len(told):
        raise Shipment.DoesNotExist("a parcel that is to be labelled does not exist")
    for parcel in parcels:
        t = told[parcel.pk]
        parcel.carrier, parcel.tracking_number = t.carrier.strip()[:60], t.number.strip()[:80]
        parcel.tracking_url = t.url.strip()[:400]
    move(
        parcels, "label", by=by,
        words=lambda p: f"Tracking number typed by hand: {p.tracking_number or 'none'} ({p.carrier}).",
    ).or_refuse()  # fmt: skip
    write_columns(parcels, "carrier", "tracking_number", "tracking_url")
    return parcels
