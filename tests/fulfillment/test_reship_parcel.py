"""Lost, come back or broken: sent again at no charge by an order of its own, and counted once each."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from channels.actions.tell import SHIPMENT
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel
from fulfillment.actions.settle_parcel import Settling, settle_parcel
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, Reshipment, Shipment
from inventory.models import StockLevel
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import OutboundEffect
from oms.core.relay import relay
from orders.actions.cancel import Cancelling
from orders.models import Order, OrderLine, Refund
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)


def scan(status: str) -> Shipment:
    parcel = Shipment.objects.get()
    record_scans([Scan(parcel.tracking_number, status, "", timezone.now())], by=SYSTEM)
    return Shipment.objects.get()


def test_a_lost_parcel_is_sent_again_and_every_unit_is_counted_once() -> None:
    order = way.shipped()
    parcel = scan("lost")
    build.stock(build.item("A"), 5)
    made = reship_parcel(Reshipping(parcel.pk, "lost in the snow"), by=SYSTEM)
    again = made.order
    assert again.number == f"{order.number}-R1" and again.payment_status == "paid"
    assert (again.total, again.shipping_address) == (Decimal(0), order.shipping_address)
    line, new = order.lines.get(), again.lines.get()
    assert (line.shipped, line.ordered, new.ordered, new.promised, new.unit_price) == (
        2,
        2,
        2,
        2,
        line.unit_price,
    )
    order.refresh_from_db()
    assert order.state == "completed"
    relay()
    (work,) = FulfillmentOrder.objects.filter(order=again)
    way.send(work)
    relay()
    assert StockLevel.objects.get().on_hand == 3
    assert not OutboundEffect.objects.filter(kind=SHIPMENT, subject=f"order:{again.pk}").exists()
    way.deliver(again)
    assert Order.objects.get(pk=again.pk).state == "completed"
    way.sound()


def test_what_is_sent_again_at_once_is_no_slip_of_the_customer() -> None:
    """Ordered minutes ago and lost: the same customer, the same goods, and on purpose."""
    way.shipped(placed_at=timezone.now())
    parcel = scan("lost")
    build.stock(build.item("A"), 5)
    again = reship_parcel(Reshipping(parcel.pk, "lost in the snow"), by=SYSTEM).order
    relay()
    assert FulfillmentOrder.objects.filter(order=again).exists() and not again.holds.exists()


def test_a_silent_parcel_counts_as_lost_and_is_off_its_queue() -> None:
    way.shipped()
    scan("in_transit")
    parcel = scan("exception")
    reship_parcel(Reshipping(parcel.pk, "no news"), by=SYSTEM)
    parcel.refresh_from_db()
    assert parcel.state == "lost"
    assert OrderLine.objects.get(order__source="sent-again").backordered == 2
    assert not registry.queues["lost"].rows().exists()
    way.sound()


@pytest.mark.parametrize("status", ["return_to_sender", "delivered"])
def test_what_came_back_or_came_broken_keeps_its_state(status: str) -> None:
    order = way.shipped()
    parcel = scan(status)
    line = order.lines.get()
    made = reship_parcel(Reshipping(parcel.pk, "one is broken", {line.pk: 1}), by=SYSTEM)
    assert Shipment.objects.get().state == parcel.state and not made.whole
    assert made.order.lines.get().ordered == 1
    with pytest.raises(Refused, match=made.order.number):
        reship_parcel(Reshipping(parcel.pk, "once more"), by=SYSTEM)
    assert Reshipment.objects.count() == 1


def test_paid_back_or_sent_again_but_not_both() -> None:
    way.shipped()
    parcel = scan("lost")
    made = reship_parcel(Reshipping(parcel.pk, "lost"), by=SYSTEM)
    with pytest.raises(Refused, match="sent again"):
        settle_parcel(Settling(parcel.pk), by=SYSTEM)
    assert not Refund.objects.exists()
    cancel_orders_in_work([Cancelling(made.order_id, "they want their money")], by=SYSTEM)
    settle_parcel(Settling(parcel.pk), by=SYSTEM)
    with pytest.raises(Refused, match="paid back"):
        reship_parcel(Reshipping(parcel.pk, "after all"), by=SYSTEM)
    assert Reshipment.objects.count() == 1
    way.sound()


def test_what_did_not_leave_or_was_not_in_it_is_refused() -> None:
    order = way.shipped()
    parcel, line = scan("lost"), order.lines.get()
    for units in ({line.pk: 3}, {line.pk: -1}, {line.pk + 99: 1}):
        with pytest.raises(Refused, match="Only what was in the parcel"):
            reship_parcel(Reshipping(parcel.pk, "x", units), by=SYSTEM)
    assert Order.objects.count() == 1 and not Reshipment.objects.exists()


def test_at_the_console_both_orders_say_so() -> None:
    order = way.shipped()
    parcel = scan("lost")
    desk = Hand("support")
    told = desk.preview("fulfillment.reship_parcel", parcel, why="lost")
    assert told.facts == [("Thing A", "2 pieces, 0 are free, the rest waits for stock")]
    assert desk.press("fulfillment.reship_parcel", parcel, why="") == 422
    assert desk.press("fulfillment.reship_parcel", parcel, why="lost") == 302, desk.told
    made = Reshipment.objects.get()
    old = desk.client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    new = desk.client.get(f"/admin/orders/order/{made.order_id}/change/").content.decode()
    assert "is sent again as" in old and made.order.number in old
    assert "At no charge, in place of" in new and order.number in new
    assert "sent again as" in desk.offers(parcel)["fulfillment.settle_parcel"]
    assert Hand("warehouse").press("fulfillment.reship_parcel", parcel, why="lost") == 403
