"""A tracking number typed by hand, for labels bought elsewhere; or an explicit "sent without tracking"."""

from __future__ import annotations

from django.db import transaction

from fulfillment.models import Shipment
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move


@transaction.atomic
def type_tracking(
    shipment_id: int, *, carrier: str, number: str, url: str = "", untracked: bool = False, by: Actor
) -> Shipment:
    """Label a parcel by hand. An empty number is taken only with ``untracked``; :class:`Refused` else."""
    if not carrier.strip():
        raise Refused(Reason("carrier_missing", "Say which carrier takes the parcel."))
    if not number.strip() and not untracked:
        raise Refused(Reason("number_missing", "Type the tracking number, or say that there is none."))
    parcel = (
        Shipment.objects.select_for_update(of=("self",))
        .select_related("fulfillment_order")
        .get(pk=shipment_id)
    )
    return move(
        [parcel], "label", by=by, words=f"Tracking number typed by hand: {number or 'none'} ({carrier}).",
        sets={"carrier": carrier.strip()[:60], "tracking_number": number.strip()[:80], "tracking_url": url.strip()[:400]},
    ).or_refuse()[0]  # fmt: skip
