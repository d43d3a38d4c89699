"""An order is finished in the moment when nothing is left to do for it, whatever that moment is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from oms.core.actors import SYSTEM
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.actions.settle_refunds import settle_refund
from orders.models import Order, OrderLine
from orders.rules.refund_amount import LineAsk, RefundAsk
from tests import build, way

pytestmark = pytest.mark.django_db


def half_delivered() -> tuple[Order, OrderLine]:
    """Of two lines one has arrived, the other waits for stock."""
    build.stock(build.item("HERE"), 1)
    build.item("GONE")
    order = build.order([("HERE", 1), ("GONE", 2)])
    (work,) = way.work_of(order)
    (parcel,) = way.send(work)
    at = datetime(2026, 11, 25, 9, tzinfo=UTC)
    record_scans([Scan(f"TRACK-{parcel.pk}", "delivered", "Here", at)], by=SYSTEM)
    order.refresh_from_db()
    assert order.state == "open"
    return order, OrderLine.objects.get(order=order, sku="GONE")


def test_the_last_waiting_pieces_are_cancelled() -> None:
    order, line = half_delivered()
    cancel_orders_in_work([Cancelling(order.pk, "not coming any more", {line.pk: 1})], by=SYSTEM)
    order.refresh_from_db()
    assert order.state == "open", "one piece still waits"
    cancel_orders_in_work([Cancelling(order.pk, "not coming any more", {line.pk: 1})], by=SYSTEM)
    order.refresh_from_db()
    assert (order.state, order.fulfillment_status) == ("completed", "delivered")


def test_it_waits_for_money_that_is_under_way() -> None:
    order, line = half_delivered()
    refund = approve_refund(
        Refunding(order.pk, RefundAsk([LineAsk(line.pk, 2)]), reason="not coming", cause="test:1"), by=SYSTEM
    )
    cancel_orders_in_work([Cancelling(order.pk, "not coming any more", {line.pk: 2})], by=SYSTEM)
    order.refresh_from_db()
    assert order.state == "open"
    settle_refund(refund.pk, external_id="re_1", by=SYSTEM)
    order.refresh_from_db()
    assert order.state == "completed"
