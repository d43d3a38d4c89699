"""A lost parcel: what was in it is paid back once, and its order is done when nothing else is on its way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from fulfillment.actions.settle_parcel import Settling, finish_settled, quote_settling, settle_parcel
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import Shipment
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.relay import relay
from orders.actions.give_up_refunds import give_up_refunds
from orders.actions.request_refunds import request_refunds
from orders.actions.settle_refunds import settle_refund
from orders.models import Order, Refund
from tests import build, way

pytestmark = pytest.mark.django_db


def scan(parcel: Shipment, status: str) -> Shipment:
    record_scans([Scan(parcel.tracking_number, status, "", timezone.now())], by=SYSTEM)
    return Shipment.objects.get(pk=parcel.pk)


def pay(refund: Refund) -> None:
    request_refunds([refund.pk], by=SYSTEM)
    settle_refund(refund.pk, external_id=f"r{refund.pk}", by=SYSTEM)


def state(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


@pytest.mark.django_db(transaction=True)
def test_a_lost_parcel_is_paid_back_and_its_order_done() -> None:
    order = way.shipped()
    parcel = scan(Shipment.objects.get(), "lost")
    assert quote_settling(parcel, Settling(parcel.pk, shipping=Decimal("6.00"))).total == Decimal("30.00")
    refund = settle_parcel(Settling(parcel.pk, shipping=Decimal("6.00")), by=SYSTEM)
    assert (refund.amount, refund.cause) == (Decimal("30.00"), f"parcel:{parcel.pk}")
    assert settle_parcel(Settling(parcel.pk), by=SYSTEM).pk == refund.pk
    assert Refund.objects.count() == 1 and state(order) == "open"
    relay()  # all that came before; only the payment is left to be told
    pay(refund)
    relay()
    assert state(order) == "completed"
    way.sound()


def test_a_silent_parcel_is_given_up_as_lost_and_may_still_turn_up() -> None:
    order = way.shipped()
    parcel = scan(Shipment.objects.get(), "in_transit")
    settle_parcel(Settling(parcel.pk, reason="no news for three weeks"), by=SYSTEM)
    assert Shipment.objects.get().state == "lost"
    assert scan(parcel, "delivered").state == "delivered"
    assert state(order) == "open"  # its refund is on its way


def test_the_order_waits_for_its_other_parcel() -> None:
    north, south = build.location("NORTH"), build.location("SOUTH")
    build.stock(build.item("A"), 1, north)
    build.stock(build.item("B"), 1, south)
    order = build.order([("A", 1), ("B", 1)])
    for work in way.work_of(order):
        way.send(work)
    lost, other = Shipment.objects.order_by("pk")
    pay(settle_parcel(Settling(lost.pk), by=SYSTEM))
    finish_settled([order.pk], by=SYSTEM)
    assert state(order) == "open"
    scan(other, "delivered")
    assert state(order) == "completed"


@pytest.mark.parametrize("status", ["delivered", "return_to_sender"])
def test_what_arrived_or_comes_back_is_not_lost(status: str) -> None:
    way.shipped()
    parcel = scan(Shipment.objects.get(), status)
    with pytest.raises(Refused):
        settle_parcel(Settling(parcel.pk), by=SYSTEM)
    assert not Refund.objects.exists() and Shipment.objects.get().state == parcel.state != "lost"


def test_what_was_given_up_may_be_paid_anew() -> None:
    way.shipped()
    parcel = scan(Shipment.objects.get(), "lost")
    first = settle_parcel(Settling(parcel.pk), by=SYSTEM)
    give_up_refunds([first.pk], reason="by bank", by=SYSTEM)
    second = settle_parcel(Settling(parcel.pk), by=SYSTEM)
    assert second.cause == f"parcel:{parcel.pk}:2"
    assert settle_parcel(Settling(parcel.pk), by=SYSTEM).pk == second.pk


def test_above_the_limit_nothing_happens() -> None:
    way.shipped()
    parcel = scan(Shipment.objects.get(), "in_transit")
    with pytest.raises(Refused, match="manager"):
        settle_parcel(Settling(parcel.pk, limit=Decimal("5")), by=SYSTEM)
    assert Shipment.objects.get().state == "in_transit" and not Refund.objects.exists()
