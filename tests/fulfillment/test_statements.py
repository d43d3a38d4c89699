"""A batch is the native unit: thirty orders take as many statements as ten, from routing to the customer's door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.route_orders import route_orders
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import Typed, type_trackings
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder
from oms.core.actors import SYSTEM
from orders.actions.screen import screen_orders
from orders.models import Order
from tests import build

pytestmark = pytest.mark.django_db

WAY = ("screen", "route", "start_pick", "confirm_pick", "pack", "label", "ship", "deliver")


def statements(deed: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as seen:
        deed()
    return len(seen)


def the_whole_way(count: int) -> dict[str, int]:
    orders = build.place(*(build.draft([(f"S{(i + n) % 9}", 1 + n) for n in range(3)]) for i in range(count)))
    ids = [order.pk for order in orders]
    taken = {"screen": statements(lambda: screen_orders(ids)), "route": statements(lambda: route_orders(ids))}
    works = list(FulfillmentOrder.objects.filter(order__in=ids).order_by("pk").values_list("pk", flat=True))
    assert len(works) == count
    taken["start_pick"] = statements(lambda: start_pick(works, by=SYSTEM))
    taken["confirm_pick"] = statements(lambda: confirm_pick([Found(pk) for pk in works], by=SYSTEM))
    parcels = []
    taken["pack"] = statements(lambda: parcels.extend(pack([Packing(pk) for pk in works], by=SYSTEM)))
    typed = [Typed(parcel.pk, "Post", f"P{parcel.pk}") for parcel in parcels]
    taken["label"] = statements(lambda: type_trackings(typed, by=SYSTEM))
    taken["ship"] = statements(lambda: ship(works, by=SYSTEM))
    scans = [Scan(f"P{p.pk}", "delivered", "Here", datetime(2026, 11, 25, 9, tzinfo=UTC)) for p in parcels]
    taken["deliver"] = statements(lambda: record_scans(scans, by=SYSTEM))
    assert set(Order.objects.filter(pk__in=ids).values_list("state", flat=True)) == {"completed"}
    return taken


def test_statements_do_not_grow_with_the_batch() -> None:
    for n in range(9):
        build.stock(build.item(f"S{n}"), 10_000)
    the_whole_way(2)
    ten, thirty = the_whole_way(10), the_whole_way(30)
    assert list(ten) == list(WAY)
    assert thirty == ten
    assert max(ten.values()) < 40
