"""What the screen finds out for the checks: the seller's usual value."""

from __future__ import annotations

import pytest

from oms.core.relay import relay
from orders.models import Order
from tests import build

# Reactions are due by the clock of the database, which stands still inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


def codes(order: Order) -> set[str]:
    order.refresh_from_db()
    return {hit["code"] for hit in order.risk_reasons}


def test_unusual_value_is_judged_by_the_latest_orders_of_its_shop() -> None:
    build.item("A")
    build.place(*(build.draft([("A", 1)]) for _ in range(99)))
    dear = {"price": "500.00", "email": "ada@gmail.com", "customer_orders": 1}
    early = build.order([("A", 1)], **dear)
    relay()
    assert codes(early) == set(), "ninety-nine are too few to judge by"
    other_shop = build.order([("A", 1)], **{**dear, "source": "other", "email": "bob@gmail.com"})
    usual = build.order([("A", 1)], email="cy@gmail.com", customer_orders=1)
    known = build.order(
        [("A", 1)], **{**dear, "price": "600.00", "email": "di@gmail.com", "customer_orders": 2}
    )
    first = build.order([("A", 1)], **{**dear, "price": "600.00", "email": "ed@gmail.com"})
    relay()
    assert codes(first) == {"free_mail_high_first"}
    assert codes(usual) == codes(known) == codes(other_shop) == set()
