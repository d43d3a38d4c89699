"""What the API costs: a list of thirty takes as many statements as a list of three."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fulfillment.models import CarrierAccount
from inventory.models import Discrepancy
from oms.core.actors import SYSTEM
from oms.core.models import ApiToken
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.rules.refund_amount import RefundAsk
from returns.actions.open import Opening, Wanted, open_returns
from tests import build, way
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db

LISTS = [
    "orders", "items", "locations", "levels", "movements", "reservations", "receipts", "discrepancies", "refunds",
    "fulfillment-orders", "parcels", "carriers", "returns",
]  # fmt: skip


def _fill(start: int, count: int) -> None:
    for n in range(start, start + count):
        build.location(f"PLACE-{n}", rank=200 + n)
        CarrierAccount.objects.create(slug=f"c{n}", name="x", kind="easypost", base_url="http://127.0.0.1:9")
        order = way.deliver(way.shipped([(f"A{n}", 1), (f"B{n}", 2)]))
        open_returns([Opening(order.pk, [Wanted(order.lines.all()[0].pk, 1)])], by=SYSTEM)
        approve_refund(Refunding(order.pk, RefundAsk(whole=True)), by=SYSTEM)
        Discrepancy.objects.create(
            kind="shortage", item=build.item(f"A{n}"), location=build.location(), expected=1, found=0
        )


def _statements(api: Caller, address: str, **query: Any) -> tuple[int, int]:
    """How many statements, and how many rows they told of."""
    with CaptureQueriesContext(connection) as seen:
        answer = api.read(address, **query)
    assert answer.status_code == 200
    assert not [q for q in seen if "COUNT(" in q["sql"].upper()]
    return len(seen), len(answer.json()["results"])


def test_a_longer_list_takes_no_more_statements(api: Caller) -> None:
    _fill(0, 2)
    api.read("items")  # the token's use is noted now
    few = {name: _statements(api, name) for name in LISTS}
    _fill(2, 4)
    many = {name: _statements(api, name) for name in LISTS}
    for name in LISTS:
        assert many[name][1] > few[name][1] >= 2, name
        assert many[name][0] == few[name][0] <= 6, (name, few[name], many[name])


def test_a_longer_order_takes_no_more_statements(api: Caller) -> None:
    small = way.shipped([("A", 1)])
    large = way.shipped([(f"S{n}", 1) for n in range(12)])
    api.read("items")

    def cost(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert api.read(address).status_code == 200
        return len(seen)

    assert cost(f"orders/{large.pk}") == cost(f"orders/{small.pk}")
    works = [o.fulfillment_orders.get().pk for o in (small, large)]
    assert cost(f"fulfillment-orders/{works[0]}") == cost(f"fulfillment-orders/{works[1]}")


def test_a_longer_receipt_takes_no_more_statements(api: Caller) -> None:
    build.location("MAIN")
    for n in range(40):
        build.item(f"S{n}")
    ApiToken.objects.update(last_used_at=None)

    def cost(lines: range) -> int:
        body = {"location": "MAIN", "lines": [{"item": f"S{n}", "quantity": 1} for n in lines]}
        with CaptureQueriesContext(connection) as seen:
            assert api.send("receipts", body).status_code == 201
        return len(seen)

    cost(range(1))
    assert cost(range(1, 31)) == cost(range(31, 34))


def test_a_longer_new_order_takes_no_more_statements(api: Caller) -> None:
    for n in range(40):
        build.stock(build.item(f"S{n}"), 100)

    def cost(name: str, lines: range) -> int:
        body = {
            "external_id": name, "currency": "GBP", "total": str(len(lines)),
            "lines": [{"sku": f"S{n}", "quantity": 1, "net": "1"} for n in lines],
        }  # fmt: skip
        with CaptureQueriesContext(connection) as seen:
            assert api.send("orders", body).status_code == 201
        return len(seen)

    cost("a", range(1))
    # Of one order all rows go together as one document, however many lines it has.
    few, some, many = (cost(f"o{n}", range(n)) for n in (3, 10, 30))
    assert many == some == few
