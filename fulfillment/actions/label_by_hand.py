"""A tracking number typed by hand counts as a label, so whoever sold the order is asked first whether it still stands."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.actions.type_tracking import Typed, type_trackings
from fulfillment.models import Shipment
from oms.core import journal
from oms.core.actors import Actor
from oms.core.asking import Standing, ask_before
from oms.core.errors import Reason, Refused
from oms.core.journal import Line

SILENT = "shop_silent"


def ask_shop(shipment_ids: Sequence[int]) -> Standing:
    """Whether these parcels may leave, as their shops say now. Calls the outside: not in a transaction."""
    orders = Shipment.objects.filter(pk__in=shipment_ids).values_list("fulfillment_order__order", flat=True)
    return ask_before("ship", sorted(set(orders)))


@transaction.atomic
def label_by_hand(
    typed: Sequence[Typed], standing: Standing, *, unasked: bool = False, by: Actor
) -> list[Shipment]:
    """Label parcels by hand, all or none, after ``ask_shop``. ``unasked`` takes the numbers although a shop did not
    answer, and the timeline says so; it is nothing against a shop that answered no.

    Raises :class:`Refused` with the shop's no, with ``shop_silent``, or as ``type_trackings`` does.
    """
    if standing.blocked:
        raise Refused([Reason("not_to_send", words) for words in standing.blocked.values()])
    if standing.silent and not unasked:
        told = gettext(
            "Whether the order still stands could not be asked: %(why)s. Nothing was taken yet. Try again in a moment, or"
            " send it all the same."
        ) % {"why": standing.silent}
        raise Refused(Reason(SILENT, told))
    parcels = type_trackings(typed, by=by)
    if standing.silent:
        words = f"Taken without asking the shop whether the order still stands: {standing.silent}"
        journal.write([Line.of(parcel, "label_unasked", words[:300]) for parcel in parcels], by=by)
    return parcels
