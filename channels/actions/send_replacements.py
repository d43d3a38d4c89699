"""Carry out what the channels have to be told of parcels that stand in for others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from channels.actions.connect import actor_for, adapter_for
from channels.actions.tell import REPLACEMENT, SHIPMENT
from channels.adapters.base import ReplacementNotice, ShipmentNotice, ShippedLine, Tracking
from fulfillment.models import Shipment
from oms.core import effects, journal
from oms.core.effects import Result
from oms.core.errors import Permanent, Retry
from oms.core.journal import Line
from oms.core.models import OutboundEffect
from oms.core.steps import reached


def send_replacements(limit: int = 50) -> Counter[str]:
    """One batch; returns how they ended."""
    return effects.run(REPLACEMENT, look=_find, perform=_tell, then=_told, limit=limit)


def _notice(effect: OutboundEffect) -> ReplacementNotice:
    parcel = Shipment.objects.get(pk=effect.request["shipment"])
    first = (
        Shipment.objects.select_related("fulfillment_order__order")
        .prefetch_related("lines__line__order_line")
        .get(pk=effect.request["first"])
    )
    stands = [_tracking(one) for one in _standing(first)]
    numbers = {one.number for one in stands}
    return ReplacementNotice(
        parcel=ShipmentNotice(
            key=str(parcel.key), external_order_id=first.fulfillment_order.order.external_id,
            lines=[ShippedLine(part.line.order_line.external_id, part.quantity) for part in first.lines.all()],
            carrier=parcel.carrier, tracking_number=parcel.tracking_number, tracking_url=parcel.tracking_url,
            shipped_at=parcel.shipped_at or parcel.created_at, completes_order=False,
        ),
        first=first.tracking_number, stands=stands,
        gone=[one.tracking_number for one in _ever(first) if one.tracking_number not in numbers],
    )  # fmt: skip


def _tracking(parcel: Shipment) -> Tracking:
    return Tracking(parcel.carrier, parcel.tracking_number, parcel.tracking_url)


def _sent_for(parcel: Shipment) -> list[Shipment]:
    """The parcels that stand in for it and have left, with a number."""
    sent = Shipment.objects.filter(
        fulfillment_order__order__replaces__shipment=parcel, shipped_at__isnull=False
    )
    return list(sent.exclude(state="voided").exclude(tracking_number="").order_by("pk"))


def _standing(parcel: Shipment) -> Iterator[Shipment]:
    """Those whose numbers the customer should see: what was sent again in part is still in the first one as well."""
    again = _sent_for(parcel)
    replaced = again and parcel.reshipments.filter(whole=True).exclude(order__state="cancelled").exists()
    if not replaced and parcel.tracking_number:
        yield parcel
    for one in again:
        yield from _standing(one)


def _ever(parcel: Shipment) -> Iterator[Shipment]:
    if parcel.tracking_number:
        yield parcel
    for one in _sent_for(parcel):
        yield from _ever(one)


def _find(effect: OutboundEffect) -> Result | None:
    found = adapter_for(effect).find_replacement(_notice(effect))
    return Result(found) if found else None


def _tell(effect: OutboundEffect) -> Result:
    # What the shop was not told of, it cannot be told another number of.
    key = Shipment.objects.values_list("key", flat=True).get(pk=effect.request["first"])
    before = OutboundEffect.objects.filter(kind=SHIPMENT, key=f"shipment:{key}").first()
    if before and before.state in {"pending", "sending"}:
        raise Retry("the shop has not been told of the first parcel yet", after=60)
    if before and before.state != "confirmed":
        raise Permanent("first_untold", "The shop was not told of the first parcel: have that told first.")
    told = adapter_for(effect).tell_replacement(_notice(effect))
    reached("told")
    return Result(told)


def _told(effect: OutboundEffect, result: Result) -> None:
    parcels = Shipment.objects.select_related("fulfillment_order").in_bulk(
        [effect.request["shipment"], effect.request["first"]]
    )
    parcel, first = parcels[effect.request["shipment"]], parcels[effect.request["first"]]
    journal.write(
        [
            Line.of(one, "tell_replacement", f"The shop was told that {parcel.tracking_number} is sent in place of {what}.")
            for one, what in ((parcel, first.tracking_number or "a parcel of the first order"), (first, "this one"))
        ],
        by=actor_for(effect),
    )  # fmt: skip
