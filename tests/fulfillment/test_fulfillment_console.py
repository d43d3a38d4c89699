"""The warehouse at the console: every verb by its form, by the roles who do it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import CarrierAccount, FulfillmentOrder, Label, Shipment
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.models import OutboundEffect
from orders.models import Order, Refund
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def planned(
    lines: tuple[tuple[str, int], ...] = (("A", 3),), have: int = 10
) -> tuple[Order, FulfillmentOrder]:
    for sku, _ in lines:
        build.stock(build.item(sku), have)
    order = build.order(lines)
    (work,) = way.work_of(order)
    return order, work


def test_from_the_shelf_to_the_carrier() -> None:
    order, work = planned((("A", 3), ("B", 1)))
    dock = Hand("warehouse")
    assert dock.press("fulfillment.start_pick", work) == 302
    assert dock.press("fulfillment.confirm_pick", work) == 302, dock.told
    a, b = work.lines.order_by("pk")
    split = {f"boxes_{a.pk}": "2+1", f"boxes_{b.pk}": "0+1"}
    assert dock.press("fulfillment.pack", work, **{f"boxes_{a.pk}": "2+2"}) == 422
    assert dock.press("fulfillment.pack", work, **{**split, "weights": "x"}) == 422
    assert not Shipment.objects.exists()
    assert dock.press("fulfillment.pack", work, **{**split, "weights": "1200+800"}) == 302, dock.told
    first, second = Shipment.objects.order_by("pk")
    assert [first.weight_g, second.weight_g] == [1200, 800]
    assert {x.line_id: x.quantity for x in second.lines.all()} == {a.pk: 1, b.pk: 1}

    assert dock.press("fulfillment.ship", work) == 409 and "label" in dock.told
    assert dock.press("fulfillment.type_tracking", first, carrier="Post") == 409
    assert dock.press("fulfillment.type_tracking", first, carrier="Post", number="T1") == 302
    assert dock.press("fulfillment.type_tracking", second, carrier="Post", untracked="on") == 302
    assert dock.press("fulfillment.unlabel", second, why="wrong carrier") == 302
    second.refresh_from_db()
    assert (second.state, second.carrier) == ("draft", "")
    assert dock.press("fulfillment.type_tracking", second, carrier="Van", number="T2") == 302
    assert dock.press("fulfillment.ship", work) == 302
    order.refresh_from_db()
    assert order.fulfillment_status == "shipped"
    assert dock.press("fulfillment.unlabel", first, why="x") == 409
    way.sound()


def test_labels_are_asked_for_and_taken_back() -> None:
    CarrierAccount.objects.create(slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9")
    _, work = planned()
    dock = Hand("warehouse")
    dock.press("fulfillment.confirm_pick", work)
    dock.press("fulfillment.pack", work)
    parcel = Shipment.objects.get()
    assert dock.press("fulfillment.buy_labels", work) == 302
    label = Label.objects.get()
    assert (label.state, label.carrier_account) == ("requested", None)  # the best of all
    assert "being bought" in dock.offers(work)["fulfillment.buy_labels"]
    assert dock.press("fulfillment.buy_label", parcel) == 409
    assert dock.press("fulfillment.unlabel", parcel, why="other carrier") == 302
    label.refresh_from_db()
    assert label.state == "voided" and OutboundEffect.objects.get().state == "superseded"
    assert dock.press("fulfillment.buy_label", parcel, service="Express") == 302
    assert Label.objects.filter(state="requested", service="Express").count() == 1


def test_what_is_missing_needs_a_reason_and_waits() -> None:
    _, work = planned((("A", 3),), have=3)
    dock = Hand("warehouse")
    line = work.lines.get()
    told = {f"found_{line.pk}": 1, f"why_{line.pk}": "damaged"}
    assert dock.press("fulfillment.confirm_pick", work, **{f"found_{line.pk}": 4}) == 422
    assert dock.press("fulfillment.confirm_pick", work, **told) == 302
    line.refresh_from_db()
    assert (line.picked, line.short, line.short_reason) == (1, 2, "damaged")
    assert build.level(build.item("A")).unavailable == 2
    way.sound()


def test_nothing_found_is_said_by_a_nought() -> None:
    _, work = planned((("A", 1),), have=1)
    dock = Hand("warehouse")
    line = work.lines.get()
    assert (
        dock.press("fulfillment.confirm_pick", work, **{f"found_{line.pk}": 0, f"why_{line.pk}": "not_found"})
        == 302
    )
    work.refresh_from_db()
    assert work.state == "cancelled" and "Nothing was found" in dock.told


def test_many_at_once() -> None:
    works = [planned()[1] for _ in range(3)]
    dock = Hand("warehouse")
    for verb in ("start_pick", "confirm_pick", "pack"):
        assert dock.press(f"fulfillment.{verb}", *works) == 302, dock.told
    assert Shipment.objects.count() == 3


def test_work_is_taken_back_and_routed_again() -> None:
    order, work = planned()
    clerk = Hand("clerk")
    assert Hand("warehouse").press("fulfillment.cancel_work", work) == 403
    assert clerk.press("fulfillment.cancel_work", work, why="broken conveyor") == 302
    assert clerk.press("fulfillment.route", order) == 302
    assert FulfillmentOrder.objects.filter(order=order, state="released").count() == 1
    assert clerk.press("fulfillment.route", order) == 302  # nobody has begun with it
    assert {w.state for w in FulfillmentOrder.objects.filter(order=order)} == {"cancelled", "released"}
    way.sound()


def test_a_part_or_all_of_an_order_is_cancelled() -> None:
    order, work = planned()
    line = order.lines.get()
    support = Hand("support")
    assert support.press("fulfillment.cancel_order", order, why="x", **{f"units_{line.pk}": None}) == 409
    assert "which pieces" in support.told
    order.refresh_from_db()
    assert order.state == "open"
    seen = support.preview("fulfillment.cancel_order", order, why="x", **{f"units_{line.pk}": 1})
    assert seen.facts == [(line.title, "1 piece, free for others")]
    assert "1 piece cancelled, 1 of them free for others at once" in seen.words
    assert "£12.00 was paid for it and stays here" in seen.words
    assert (
        support.press("fulfillment.cancel_order", order, why="changed her mind", **{f"units_{line.pk}": 1})
        == 302
    )
    line.refresh_from_db()
    assert (line.cancelled, line.promised) == (1, 2)
    assert support.press("fulfillment.cancel_order", order, why="all of it") == 302
    order.refresh_from_db()
    work.refresh_from_db()
    assert (order.state, work.state, build.level(build.item("A")).reserved) == ("cancelled", "cancelled", 0)
    way.sound()


def test_it_is_paid_back_in_the_same_moment_or_nothing_is_done(settings: object) -> None:
    settings.REFUND_LIMIT_CLERK = 20  # type: ignore[attr-defined]
    order, _ = planned()
    line = order.lines.get()
    one = {f"units_{line.pk}": 1, "refund": "on"}
    support = Hand("support")
    assert (
        "£12.00 will be paid back" in support.preview("fulfillment.cancel_order", order, why="x", **one).words
    )
    assert support.press("fulfillment.cancel_order", order, why="x", refund="on") == 409  # above her limit
    assert "ask a manager" in support.told
    line.refresh_from_db()
    assert line.cancelled == 0 and not Refund.objects.exists()
    assert support.press("fulfillment.cancel_order", order, why="one too many", **one) == 302, support.told
    assert "£12.00 will be paid back" in support.told
    line.refresh_from_db()
    refund = Refund.objects.get()
    assert (line.cancelled, refund.amount, refund.lines.get().quantity) == (1, 12, 1)
    boss = Hand("manager")
    assert boss.press("fulfillment.cancel_order", order, why="the rest", refund="on") == 302, boss.told
    order.refresh_from_db()
    # Two more pieces, and with the last of the order its shipping: all that was paid.
    assert order.state == "cancelled" and sum(r.amount for r in Refund.objects.all()) == order.total
    way.sound()


def test_what_was_not_paid_for_is_cancelled_alone() -> None:
    build.stock(build.item("A"), 1)
    order = build.order([("A", 3)], paid=False)
    support = Hand("support")
    seen = support.preview("fulfillment.cancel_order", order, why="x", refund="on")
    assert (
        seen.facts == [("Thing A", "3 pieces, 1 free for others")] and "Nothing was paid for it" in seen.words
    )
    assert support.press("fulfillment.cancel_order", order, why="x", refund="on") == 302, support.told
    assert Order.objects.get(pk=order.pk).state == "cancelled" and not Refund.objects.exists()


def test_orders_are_cancelled_in_bulk_and_what_is_sent_stays_sent() -> None:
    north, south = build.location("NORTH"), build.location("SOUTH")
    build.stock(build.item("B"), 1, north)
    build.stock(build.item("C"), 1, south)
    half = build.order([("B", 1), ("C", 1)])
    way.send(way.work_of(half)[0])
    whole, _ = planned()
    clerk = Hand("clerk")
    seen = clerk.preview("fulfillment.cancel_order", half, whole, why="shop closes")
    assert [label for label, _ in seen.facts] == [half.number, whole.number]
    assert "the whole order" in seen.facts[1][1] and "paid for it" in seen.facts[1][1]
    assert clerk.press("fulfillment.cancel_order", half, whole, why="shop closes") == 302, clerk.told
    assert Order.objects.get(pk=whole.pk).state == "cancelled"
    assert sorted((x.shipped, x.cancelled) for x in half.lines.all()) == [(0, 1), (1, 0)]
    way.sound()


def test_a_lost_parcel_is_paid_back_and_leaves_its_queue(settings: object) -> None:
    order = way.shipped()
    parcel = Shipment.objects.get()
    record_scans([Scan(parcel.tracking_number, "lost", "", timezone.now())], by=SYSTEM)
    queue = registry.queues["lost"].rows
    assert queue().count() == 1
    support = Hand("support")
    assert "£24.00" in support.preview("fulfillment.settle_parcel", parcel, why="lost").words
    settings.REFUND_LIMIT_CLERK = 10  # type: ignore[attr-defined]
    assert support.press("fulfillment.settle_parcel", parcel, why="lost") == 409
    settings.REFUND_LIMIT_CLERK = 100  # type: ignore[attr-defined]
    assert support.press("fulfillment.settle_parcel", parcel, why="lost", shipping="6.00") == 302
    assert Refund.objects.get().amount == Decimal("30.00") and queue().count() == 0
    assert "already" in support.offers(parcel)["fulfillment.settle_parcel"]
    assert Order.objects.get(pk=order.pk).state == "open"
