"""Taking orders in."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Hold, Order
from tests import build

pytestmark = pytest.mark.django_db


def test_stock_is_promised_as_the_order_comes_in() -> None:
    a = build.item("A")
    build.stock(a, 3)
    order = build.order([("A", 2)])
    line = order.lines.get()
    assert (line.promised, line.backordered, line.unallocated) == (2, 0, 0)
    assert build.level(a).reserved == 2
    assert order.payment_status == Order.objects.get().payment_status == "paid"


def test_what_is_not_there_waits_and_nothing_is_oversold() -> None:
    a = build.item("A")
    build.stock(a, 3)
    first, second = build.place(build.draft([("A", 2)]), build.draft([("A", 2)]))
    lines = [o.lines.get() for o in (first, second)]
    assert sum(x.promised for x in lines) == 3 and sum(x.backordered for x in lines) == 1
    assert build.level(a).available == 0


def test_an_unknown_item_waits_and_the_rest_goes_on() -> None:
    build.stock(build.item("A"), 5)
    order = build.order([("A", 1), ("NOBODY-KNOWS", 2)])
    known, unknown = order.lines.all()
    assert known.promised == 1
    assert (unknown.item, unknown.unallocated) == (None, 2)


def test_a_total_that_does_not_add_up_is_held_not_mended() -> None:
    build.stock(build.item("A"), 5)
    good = build.draft([("A", 1)])
    wrong = build.draft([("A", 1)], total=good.total + good.total)
    (order,) = build.place(wrong)
    assert Hold.objects.get(order=order).type == "total_mismatch"
    assert order.total == wrong.total.customer


def test_a_hundred_orders_take_as_many_statements_as_ten() -> None:
    for n in range(20):
        build.stock(build.item(f"S{n}"), 1000)

    def statements(count: int) -> int:
        drafts = [build.draft([(f"S{i % 20}", 1), (f"S{(i + 7) % 20}", 2)]) for i in range(count)]
        with CaptureQueriesContext(connection) as seen:
            build.place(*drafts)
        return len(seen)

    statements(3)
    assert statements(100) == statements(10)
