"""An order's way through the house: routed, picked, packed, shipped, delivered; and its detours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, RoutingDecision
from inventory.actions.reconcile import reconcile_stock
from inventory.models import Reservation, StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.relay import relay
from orders.actions.cancel import Cancelling
from orders.models import Order, OrderLine
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)


def take(order: Order) -> list[FulfillmentOrder]:
    relay()
    return list(FulfillmentOrder.objects.filter(order=order).order_by("pk"))


def send(work: FulfillmentOrder, number: str = "TRACK1") -> None:
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    for n, parcel in enumerate(pack([Packing(work.pk)], by=SYSTEM)):
        type_tracking(parcel.pk, carrier="Post", number=f"{number}{n or ''}", by=SYSTEM)
    ship([work.pk], by=SYSTEM)


def sound() -> None:
    """The laws hold: levels equal the ledger and the reservations, counters add up."""
    assert reconcile_stock() == 0
    for line in OrderLine.objects.exclude(item=None):
        held = sum(
            r.quantity
            for r in Reservation.objects.filter(demand_key=line.demand_key, state__in=["firm", "backordered"])
        )
        assert held == line.backordered + line.promised + line.released + line.picked + line.packed


def test_from_placed_to_completed() -> None:
    a = build.item("A")
    build.stock(a, 5)
    order = build.order([("A", 2)])
    (work,) = take(order)
    assert work.state == "released" and RoutingDecision.objects.get(order=order).words.startswith(
        "Sent from Main"
    )
    send(work)
    level = build.level(a)
    assert (level.on_hand, level.reserved) == (3, 0)
    record_scans([Scan("TRACK1", "delivered", "Left with neighbour", timezone.now())], by=SYSTEM)
    order.refresh_from_db()
    assert (order.state, order.fulfillment_status) == ("completed", "delivered")
    sound()


def test_an_order_is_split_where_no_place_has_all() -> None:
    north, south = build.location("NORTH"), build.location("SOUTH")
    build.stock(build.item("A"), 5, north)
    build.stock(build.item("B"), 5, south)
    order = build.order([("A", 1), ("B", 1)])
    works = take(order)
    assert {w.location.code for w in works} == {"NORTH", "SOUTH"}
    for n, work in enumerate(works):
        send(work, f"T{n}")
    assert OrderLine.objects.filter(order=order, shipped=F("ordered")).count() == 2
    sound()


def test_a_short_pick_sends_the_rest_from_elsewhere() -> None:
    near, far = build.location("NEAR"), build.location("FAR", country="GR", latitude=40.0, longitude=20.0)
    a = build.item("A")
    build.stock(a, 3, near)
    build.stock(a, 3, far)
    order = build.order([("A", 3)], shipping_address=build.NOTTINGHAM)
    (work,) = take(order)
    assert work.location == near
    line = work.lines.get()
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk, {line.pk: 1}, {line.pk: "not_found"})], by=SYSTEM)
    first, second = take(order)
    assert (first.state, second.location, second.lines.get().quantity) == ("picked", far, 2)
    assert StockLevel.objects.get(item=a, location=near).on_hand == 1
    sound()


def test_a_short_pick_with_nothing_elsewhere_waits_for_stock() -> None:
    a = build.item("A")
    build.stock(a, 2)
    order = build.order([("A", 2)])
    (work,) = take(order)
    line = work.lines.get()
    confirm_pick([Found(work.pk, {line.pk: 0}, {line.pk: "miscount"})], by=SYSTEM)
    work.refresh_from_db()
    assert work.state == "cancelled"
    assert OrderLine.objects.get(order=order).backordered == 2
    build.stock(a, 2)
    assert take(order)[-1].state == "released"
    sound()


def test_cancel_after_release_takes_the_work_back() -> None:
    a = build.item("A")
    build.stock(a, 5)
    order = build.order([("A", 2)])
    (work,) = take(order)
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    cancel_orders_in_work([Cancelling(order.pk, "The customer changed her mind")], by=SYSTEM)
    order.refresh_from_db()
    work.refresh_from_db()
    assert (order.state, work.state, build.level(a).reserved) == ("cancelled", "cancelled", 0)
    sound()


def test_what_is_shipped_is_not_cancelled() -> None:
    a = build.item("A")
    build.stock(a, 5)
    order = build.order([("A", 2)])
    (work,) = take(order)
    send(work)
    before = build.level(a).on_hand
    with pytest.raises(Refused):
        cancel_orders_in_work([Cancelling(order.pk, "too late")], by=SYSTEM)
    order.refresh_from_db()
    assert (order.state, build.level(a).on_hand) == ("open", before)
    sound()


def test_a_late_scan_never_moves_a_parcel_back() -> None:
    build.stock(build.item("A"), 5)
    order = build.order([("A", 1)])
    (work,) = take(order)
    send(work)
    now = timezone.now()
    record_scans([Scan("TRACK1", "delivered", "", now)], by=SYSTEM)
    record_scans([Scan("TRACK1", "in_transit", "", now - timedelta(hours=5))], by=SYSTEM)
    assert work.shipments.get().state == "delivered"
