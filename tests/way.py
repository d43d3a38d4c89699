"""An order's way through the house, for tests that begin where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.utils import timezone

from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.route_orders import route_orders
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, Shipment
from inventory.actions.reconcile import reconcile_stock
from inventory.models import Reservation
from oms.core.actors import SYSTEM
from orders.actions.screen import screen_orders
from orders.drafts import Amount, ChargeDraft, PaymentDraft
from orders.models import Order, OrderLine
from tests import build


def work_of(order: Order) -> list[FulfillmentOrder]:
    """Screen and route the order; the work that it came to."""
    screen_orders([order.pk], by=SYSTEM)
    route_orders([order.pk], by=SYSTEM)
    return list(FulfillmentOrder.objects.filter(order=order).order_by("pk"))


def send(work: FulfillmentOrder) -> list[Shipment]:
    """Pick, pack, label by hand and ship."""
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    parcels = pack([Packing(work.pk)], by=SYSTEM)
    for parcel in parcels:
        type_tracking(parcel.pk, carrier="Post", number=f"TRACK-{parcel.pk}", by=SYSTEM)
    ship([work.pk], by=SYSTEM)
    return parcels


def shipped(lines: Sequence[tuple[str, int]] = (("A", 2),), **kwargs: object) -> Order:
    """An order of stocked items, shipped."""
    for sku, quantity in lines:
        build.stock(build.item(sku), quantity)
    order = build.order(lines, **kwargs)  # type: ignore[arg-type]
    for work in work_of(order):
        send(work)
    order.refresh_from_db()
    return order


def deliver(order: Order, at: datetime | None = None) -> Order:
    parcels = Shipment.objects.filter(fulfillment_order__order=order)
    record_scans([Scan(p.tracking_number, "delivered", "", at or timezone.now()) for p in parcels], by=SYSTEM)
    order.refresh_from_db()
    return order


def delivered(lines: Sequence[tuple[str, int]] = (("A", 2),), **kwargs: object) -> Order:
    return deliver(shipped(lines, **kwargs))


def sound() -> None:
    """The laws hold: levels equal the ledger and the reservations, counters add up."""
    assert reconcile_stock() == 0
    for line in OrderLine.objects.exclude(item=None):
        held = sum(
            r.quantity
            for r in Reservation.objects.filter(demand_key=line.demand_key, state__in=["firm", "backordered"])
        )
        assert held == line.backordered + line.promised + line.released + line.picked + line.packed


def delivered_with_fees() -> Order:
    """Two of A at 10.00 and 20 % tax, a duty of 3.60 that its shop has an id for, and 2.00 for gift wrap."""
    paid = Amount.same(Decimal("29.60"))
    fees = (
        ChargeDraft("fee", "Duties: A", Amount.same(Decimal("3.00")), Amount.same(Decimal("0.60")), external_id="duty-1"),
        ChargeDraft("fee", "Gift wrap", Amount.same(Decimal("2.00"))),
    )  # fmt: skip
    payment = PaymentDraft("pay-fees", "capture", "succeeded", paid, datetime(2026, 11, 20, 9, 0, tzinfo=UTC))
    return delivered(charges=fees, payments=(payment,), total=paid)
