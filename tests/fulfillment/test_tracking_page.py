"""The page that customers see: by a signed link, without an account, with no more than they need."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import Shipment
from oms.core.actors import SYSTEM
from oms.core.links import opened, signed, tracking_link
from orders.actions.cancel import Cancelling, cancel_orders
from orders.models import Order
from tests import build, way
from tests.api.conftest import Caller, api, fresh_house, token  # noqa: F401
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    cache.clear()


def look(order: Order, client: Client | None = None) -> Any:
    path = tracking_link(order.number).split("/", 3)[3]
    return (client or Client()).get(f"/{path}")


def words(page: Any) -> str:
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    return re.sub(r"\s+", " ", text)


def test_every_parcel_and_what_is_still_to_come() -> None:
    build.stock(build.item("A"), 2)
    build.stock(build.item("C"), 1)
    order = build.order([("A", 2), ("B", 3), ("C", 1)], price="10.00")
    build.item("B")
    for work in way.work_of(order):
        way.send(work)
    parcel = Shipment.objects.get()
    Shipment.objects.filter(pk=parcel.pk).update(tracking_url="https://post.example/follow/1")
    record_scans(
        [Scan(parcel.tracking_number, "in_transit", "Signed by A SMITH, no. 14", timezone.now(), "Leeds")],
        by=SYSTEM,
    )
    page = look(order)
    assert page.status_code == 200
    told = words(page)
    assert "Your parcel On the way" in told and "2 × Thing A" in told and parcel.tracking_number in told
    assert "In transit" not in told and "Leeds" in told
    assert 'href="https://post.example/follow/1"' in page.content.decode()
    # Of the unknown item nothing is known yet, and that is said in the console's words.
    assert "Still to come 3 × Thing B not promised yet" in told


def test_no_more_of_the_person_than_the_link_needs() -> None:
    order = way.delivered([("A", 1)])
    page = look(order).content.decode()
    assert "Delivered" in page
    for secret in ("Ada Smith", "Castle Gate", "NG1 7AQ", order.email, "£"):
        assert secret not in page


def test_nothing_is_asked_of_others_and_nothing_kept() -> None:
    page = look(way.shipped())
    text = page.content.decode()
    assert "<script" not in text and "<form" not in text
    assert not re.search(r'(src|<link[^>]*href)="https?://', text)
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
    assert "no-store" in page["Cache-Control"] and not page.cookies


def test_a_wrong_link_says_nothing() -> None:
    order = way.shipped()
    good = signed("tracking", order.number)
    wrong = [
        good[:-1] + ("A" if good[-1] != "A" else "B"), order.number, f"{order.number}.", f"{order.number}.xxxx",
        signed("returns", order.number), signed("tracking", "T-no-such-order"), "x" * 500,
    ]  # fmt: skip
    answers = [Client().get(reverse("portal:tracking", args=[bad])) for bad in wrong]
    assert {a.status_code for a in answers} == {404}
    assert len({a.content for a in answers}) == 1 and order.number not in answers[0].content.decode()
    assert opened("tracking", good) == order.number and opened("returns", good) is None


def test_a_link_ends_some_time_after_its_order(settings: Any) -> None:
    settings.TRACKING_LINK_DAYS = 10
    order = way.delivered()
    assert order.state == "completed" and look(order).status_code == 200
    Order.objects.filter(pk=order.pk).update(closed_at=timezone.now() - timedelta(days=11))
    assert look(order).status_code == 404
    settings.SECRET_KEY = "another"
    Order.objects.filter(pk=order.pk).update(closed_at=None)
    path = "/" + tracking_link(order.number).split("/", 3)[3]
    settings.SECRET_KEY = "one more"
    assert Client().get(path).status_code == 404


def test_who_asks_too_often_waits() -> None:
    order = way.shipped()
    answers = [look(order) for _ in range(61)]
    assert {a.status_code for a in answers[:60]} == {200} and answers[60].status_code == 429
    assert int(answers[60]["Retry-After"]) > 0
    other = Client(REMOTE_ADDR="10.0.0.9")
    assert look(order, other).status_code == 200


def test_a_cancelled_order_says_so() -> None:
    order = build.order([("A", 2)])
    cancel_orders([Cancelling(order.pk, "changed her mind")], by=SYSTEM)
    told = words(look(order))
    assert "This order is cancelled." in told and "her mind" not in told and "Still to come" not in told


def test_the_link_is_on_the_orders_page_and_in_the_api(api: Caller) -> None:  # noqa: F811
    order = way.shipped()
    link = tracking_link(order.number)
    page = Hand("support").client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert "Copy tracking link" in page and link in page
    assert api.read(f"orders/{order.pk}").json()["tracking_link"] == link


def test_statements_do_not_grow_with_the_order(django_assert_max_num_queries: Any) -> None:
    order = way.delivered([(f"S{n}", 2) for n in range(5)])
    with django_assert_max_num_queries(9):
        look(order)
