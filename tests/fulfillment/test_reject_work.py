"""A location sends work back: its reason corrects the shelf, and the order goes on without it."""

from __future__ import annotations

import pytest

from fulfillment.actions.pick import start_pick
from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.reroute import route_again
from fulfillment.models import FulfillmentLine, FulfillmentOrder
from fulfillment.reasons import for_rejections
from fulfillment.rules.short_pick import ALONG
from inventory.models import Discrepancy, Item, Location, StockLevel
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import JournalEntry
from oms.core.relay import relay
from orders.models import Order, OrderLine
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)


def near_and_far(a: int = 3, b: int = 3) -> tuple[Location, Location]:
    near = build.location("NEAR")
    far = build.location("FAR", country="GR", latitude=40.0, longitude=20.0)
    for place in (near, far):
        for sku, n in (("A", a), ("B", b)):
            build.stock(build.item(sku), n, place)
    return near, far


def placed(lines: tuple[tuple[str, int], ...] = (("A", 2), ("B", 1))) -> tuple[Order, FulfillmentOrder]:
    order = build.order(lines)
    relay()
    return order, FulfillmentOrder.objects.get(order=order)


def level(sku: str, place: Location) -> StockLevel:
    return StockLevel.objects.get(item=Item.objects.get(sku=sku), location=place)


def test_the_reasons_that_come_with_it() -> None:
    about = {code for code, reason in for_rejections().items() if reason.about_stock}
    assert about == {"not_in_stock", "fewer", "damaged", "expired"}


@pytest.mark.parametrize(
    ("reason", "on_hand", "unavailable", "counts"),
    [
        ("not_in_stock", 0, 0, 1), ("fewer", 1, 0, 1), ("damaged", 3, 2, 0), ("expired", 3, 2, 0),
        ("too_busy", 3, 0, 0), ("closed", 3, 0, 0), ("cannot_send", 3, 0, 0),
    ],
)  # fmt: skip
def test_the_reason_corrects_the_shelf_and_the_order_is_sent_from_elsewhere(
    reason: str, on_hand: int, unavailable: int, counts: int
) -> None:
    near, far = near_and_far()
    order, work = placed((("A", 2),))
    assert work.location == near
    reject_work([Rejecting(work.pk, reason, note="ask Bob")], by=SYSTEM)
    relay()
    work.refresh_from_db()
    assert work.state == "rejected" and work.rejected_why.endswith("ask Bob")
    shelf = level("A", near)
    assert (shelf.on_hand, shelf.unavailable, shelf.reserved) == (on_hand, unavailable, 0)
    assert Discrepancy.objects.count() == counts
    again = FulfillmentOrder.objects.get(order=order, state="released")
    assert again.location == far and again.lines.get().quantity == 2
    assert JournalEntry.objects.filter(verb="reject", words__contains=for_rejections()[reason].words).exists()
    way.sound()


def test_only_the_named_lines_lose_stock_and_all_of_it_goes_elsewhere() -> None:
    near, far = near_and_far()
    order, work = placed()
    a, b = work.lines.order_by("order_line__position")
    start_pick([work.pk], by=SYSTEM)
    reject_work([Rejecting(work.pk, "not_in_stock", [a.pk])], by=SYSTEM)
    relay()
    assert (level("A", near).on_hand, level("B", near).on_hand) == (0, 3)
    b.refresh_from_db()
    assert b.short_reason == ALONG.code
    (again,) = FulfillmentOrder.objects.filter(order=order, state="released")
    assert again.location == far and again.lines.count() == 2
    way.sound()


def test_where_nobody_else_has_it_a_person_sees_it_and_may_ask_again() -> None:
    near = build.location("NEAR")
    build.stock(build.item("A"), 3, near)
    order, work = placed((("A", 2),))
    reject_work([Rejecting(work.pk, "too_busy")], by=SYSTEM)
    relay()
    assert level("A", near).on_hand == 3
    assert not FulfillmentOrder.objects.filter(order=order, state="released").exists()
    queue = registry.queues["rejected"]
    assert list(queue.rows()) == [work]
    route_again([order.pk], by=SYSTEM)
    relay()
    (again,) = FulfillmentOrder.objects.filter(order=order, state="released")
    assert again.location == near and not queue.rows().exists()
    way.sound()


def test_what_cannot_be_sent_back_is_refused_and_nothing_changes() -> None:
    near_and_far()
    _, work = placed((("A", 2),))
    other = placed((("B", 1),))[1]
    before = (
        list(StockLevel.objects.values()),
        list(OrderLine.objects.values()),
        list(FulfillmentLine.objects.values()),
    )
    for asked in (Rejecting(work.pk, "bad mood"), Rejecting(work.pk, "damaged", [other.lines.get().pk])):
        with pytest.raises(Refused):
            reject_work([asked], by=SYSTEM)
    assert before == (
        list(StockLevel.objects.values()), list(OrderLine.objects.values()), list(FulfillmentLine.objects.values())
    )  # fmt: skip
    way.send(work)
    with pytest.raises(Refused):
        reject_work([Rejecting(work.pk, "too_busy")], by=SYSTEM)
    assert FulfillmentOrder.objects.get(pk=work.pk).state == "shipped"
    way.sound()


def test_at_the_console() -> None:
    near_and_far()
    _, work = placed()
    a = work.lines.order_by("order_line__position").first()
    assert a
    dock = Hand("warehouse")
    assert dock.press("fulfillment.reject_work", work, reason="") == 422
    told = dock.preview("fulfillment.reject_work", work, reason="damaged", lines=[a.pk])
    assert [fact[1] for fact in told.facts] == ["the pieces are set aside", "the stock stays as it is"]
    assert dock.press("fulfillment.reject_work", work, reason="damaged", lines=[a.pk]) == 302, dock.told
    page = dock.client.get(f"/admin/orders/order/{work.order_id}/change/").content.decode()
    assert "Sent back: damaged" in page and "sent back by the location" in page
    assert Hand("support").press("fulfillment.reject_work", work, reason="damaged") == 403
