"""Carrier scans come in: kept as facts, folded by their own time, the parcel moved accordingly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from fulfillment.actions.note_carrier import carrier_answered, carrier_failed
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.actions.settle_parcel import finish_settled
from fulfillment.carriers.base import Can, Scan
from fulfillment.events import ParcelMoved
from fulfillment.models import CarrierAccount, ParcelLine, Shipment, TrackingEvent
from fulfillment.rules.tracking import fold, target
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import OmsError
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.advance import Step, advance_lines
from orders.actions.complete import complete_orders
from orders.models import Order

COMMANDS = {
    "in_transit": "move_on", "out_for_delivery": "go_out", "delivered": "deliver", "exception": "stumble",
    "lost": "lose", "returned_to_sender": "come_back",
}  # fmt: skip


@transaction.atomic
def record_scans(scans: Sequence[Scan], *, by: Actor) -> int:
    """Keep scans (each once) and move their parcels; a late earlier scan never moves one back. Scans of
    parcels that are not ours are passed over. Returns how many parcels moved."""
    numbers = {scan.tracking_number for scan in scans if scan.tracking_number}
    found = Shipment.objects.filter(tracking_number__in=numbers).exclude(state="voided")
    orders = sorted(set(found.values_list("fulfillment_order__order_id", flat=True)))
    list(Order.objects.filter(pk__in=orders).select_for_update().order_by("pk").values_list("pk"))
    parcels = list(found.select_for_update(of=("self",)).order_by("pk").select_related("fulfillment_order"))
    by_number: dict[str, list[Shipment]] = defaultdict(list)
    for parcel in parcels:
        by_number[parcel.tracking_number].append(parcel)
    TrackingEvent.objects.bulk_create(
        [
            TrackingEvent(shipment=p, status=s.status[:20], words=s.words[:250], place=s.place[:150], at=s.at)
            for s in scans
            for p in by_number.get(s.tracking_number, ())
        ],
        ignore_conflicts=True,
    )
    known: dict[int, list[Scan]] = defaultdict(list)
    for event in TrackingEvent.objects.filter(shipment__in=parcels):
        known[event.shipment_id].append(Scan("", event.status, event.words, event.at, event.place))
    moved: list[tuple[Shipment, str]] = []
    moving: dict[str, list[Shipment]] = defaultdict(list)
    words: dict[int, str] = {}
    for parcel in parcels:
        told = fold(known[parcel.pk])
        parcel.last_scan_at, parcel.last_scan = told.last_scan_at, told.words[:200]
        state = target(parcel.state, told)
        if state and parcel.shipped_at:
            if state == "delivered":
                parcel.delivered_at = told.delivered_at
            words[parcel.pk] = f"{parcel.tracking_number}: {told.words or state} {told.place}".strip()
            moving[state].append(parcel)
    write_columns(parcels, "last_scan_at", "last_scan", "delivered_at")
    for state, group in moving.items():
        done = move(group, COMMANDS[state], by=by, words=lambda p: words[p.pk]).done
        moved += [(parcel, state) for parcel in done]
    _delivered([p for p, state in moved if state == "delivered"], by)
    emit(
        [ParcelMoved(p.fulfillment_order.order_id, shipment_id=p.pk, state=state) for p, state in moved],
        by=by,
    )
    return len(moved)


def _delivered(parcels: Sequence[Shipment], by: Actor) -> None:
    if not parcels:
        return
    parts = ParcelLine.objects.filter(shipment__in=parcels).values_list("line__order_line_id", "quantity")
    advance_lines([Step(line, quantity, "", "delivered") for line, quantity in parts])
    orders = {p.fulfillment_order.order_id for p in parcels}
    Order.objects.filter(pk__in=orders, fulfillment_status="delivered").update(delivered_at=timezone.now())
    complete_orders(orders, by=by)
    finish_settled(orders, by=by)


def ask_carriers(
    *, stale: timedelta = timedelta(minutes=30), limit: int = 500, only: str | None = None
) -> dict[str, int]:
    """Ask the carriers (``only`` the one with this slug) about parcels on the way whose last news is older than ``stale``: what webhooks
    missed. One carrier that does not answer does not stop the others."""
    figures = {"asked": 0, "moved": 0, "silent_carriers": 0}
    before = timezone.now() - stale
    accounts = CarrierAccount.objects.filter(active=True)
    for account in accounts if only is None else accounts.filter(slug=only):
        carrier = carrier_for(account)
        if Can.TRACK not in carrier.can:
            continue
        parcels = (
            Shipment.objects.filter(
                Q(last_scan_at=None) | Q(last_scan_at__lt=before),
                carrier_account=account, shipped_at__isnull=False,
                state__in=["labelled", "in_transit", "out_for_delivery", "exception"],
            )
            .exclude(tracker_id="")
            .order_by("last_scan_at", "pk")[:limit]
        )  # fmt: skip
        trackers = [p.tracker_id for p in parcels]
        if not trackers:
            continue
        try:
            scans = carrier.track(trackers)
        except OmsError as error:
            carrier_failed(account.pk, error)
            figures["silent_carriers"] += 1
            continue
        carrier_answered(account.pk)
        figures["asked"] += len(trackers)
        figures["moved"] += record_scans(scans, by=Actor.carrier(account.slug))
    return figures
