"""What a clerk can press, a program can do, but for what is listed with its reason; and the doors that came for it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.models import Shipment
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.models import Discrepancy, StockAdjustment, StockLevel, StockMovement
from oms.core.actors import SYSTEM
from oms.core.api.doors import Door
from oms.core.console import registry
from oms.core.money import Money
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.fail_refunds import fail_refund
from orders.actions.request_refunds import request_refunds
from orders.models import Hold, Order, OrderChange, OrderLine, Refund
from orders.rules.refund_amount import RefundAsk
from tests import build, way
from tests.api.conftest import Caller, fields, reasons
from tests.api.doors_of_buttons import DOORS, WITHOUT

pytestmark = pytest.mark.django_db


def doors() -> dict[str, type[Door]]:
    """The views of the API by their address, as the reference writes it."""

    def walk(resolver: URLResolver, before: str) -> Any:
        for each in resolver.url_patterns:
            address = before + str(each.pattern)
            if isinstance(each, URLResolver):
                yield from walk(each, address)
            elif isinstance(each, URLPattern):
                yield address.replace("<int:pk>", "{id}"), getattr(each.callback, "cls", None)

    found = walk(get_resolver("oms.api_urls"), "/")
    return {address.removeprefix("^").replace("/^/", "/"): door for address, door in found if door}


def test_every_button_has_its_door_or_a_reason() -> None:
    assert set(DOORS) | set(WITHOUT) == set(registry.buttons)
    assert not set(DOORS) & set(WITHOUT)
    known = doors()
    for name, operation in DOORS.items():
        verb, address = operation.split(" ")
        door = known[address]
        assert hasattr(door, verb.lower()), operation
        access = door.reads if verb == "GET" else door.writes
        assert access and set(access.permissions) & set(registry.buttons[name].permissions), (name, access)


def test_a_line_is_free_text_and_an_item_after_all(api: Caller, nothing_changed: Any) -> None:
    order = build.order([("NOBODY-KNOWS-IT", 1)])
    other = build.order([("NOBODY-KNOWS-IT", 1)]).lines.get()
    line = order.lines.get()
    with nothing_changed(Order, OrderLine, Hold):
        assert reasons(api.send(f"orders/{order.pk}/ask-line", {"line": line.pk})) == ["not_free_text"]
        assert fields(api.send(f"orders/{order.pk}/free-line", {"line": other.pk})) == ["line"]
    told = api.send(f"orders/{order.pk}/free-line", {"line": line.pk})
    assert told.status_code == 200 and told.json()["lines"][0]["kind"] == "custom"
    with nothing_changed(Order, OrderLine, Hold):
        assert reasons(api.send(f"orders/{order.pk}/free-line", {"line": line.pk})) == ["not_unknown"]
    told = api.send(f"orders/{order.pk}/ask-line", {"line": line.pk})
    assert told.status_code == 200 and told.json()["lines"][0]["kind"] == "item"


def test_a_finished_order_is_opened_again(api: Caller, nothing_changed: Any) -> None:
    order = way.delivered()
    with nothing_changed(Order, Hold):
        assert fields(api.send(f"orders/{order.pk}/reopen", {})) == ["reason"]
    told = api.send(f"orders/{order.pk}/reopen", {"reason": "a part was missing"})
    assert told.status_code == 200 and told.json()["state"] == "review"
    with nothing_changed(Order, Hold):
        assert api.send(f"orders/{order.pk}/reopen", {"reason": "again"}).status_code == 409


def failed() -> Refund:
    order = way.delivered()
    ask = RefundAsk(goodwill=Money(Decimal("2.50"), "GBP"))
    refund = approve_refund(Refunding(order.pk, ask, reason="For the trouble"), by=SYSTEM)
    with transaction.atomic():
        request_refunds([refund.pk], by=SYSTEM)
        fail_refund(refund.pk, why="The card has expired.", by=SYSTEM)
    return refund


def test_a_failed_refund_is_asked_for_again_or_given_up(
    api: Caller, token: Callable[..., Caller], nothing_changed: Any
) -> None:
    refund, clerk = failed(), token("orders:refund")
    with nothing_changed(Refund):
        assert clerk.send(f"refunds/{refund.pk}/give-up", {"why": "A voucher"}).status_code == 403
    assert clerk.send(f"refunds/{refund.pk}/retry").status_code == 200
    told = api.send(f"refunds/{refund.pk}/give-up", {"why": "A voucher"})
    assert told.status_code == 200 and told.json()["state"] == "cancelled"
    with nothing_changed(Refund):
        assert reasons(api.send(f"refunds/{refund.pk}/retry")) == ["not_failed"]
        assert api.send(f"refunds/{refund.pk}/give-up", {"why": "x"}).status_code == 409


def test_what_was_changed_at_the_shop_is_decided(api: Caller, nothing_changed: Any) -> None:
    build.stock(build.item("A"), 9)
    order = build.order([("A", 1)])
    change = OrderChange.objects.create(order=order, kind="address", words="Another city.")
    other = OrderChange.objects.create(order=build.order([("A", 1)]), kind="address", words="Another city.")
    assert [x["id"] for x in api.read(f"orders/{order.pk}").json()["changes"]] == [change.pk]
    with nothing_changed(Order, OrderChange):
        answer = api.send(f"orders/{order.pk}/accept-change", {"change": change.pk})
        assert reasons(answer) == ["no_channel"]
        assert fields(api.send(f"orders/{order.pk}/decline-change", {"change": other.pk})) == ["change"]
    told = api.send(f"orders/{order.pk}/decline-change", {"change": change.pk})
    assert told.status_code == 200 and told.json()["changes"][0]["state"] == "declined"
    with nothing_changed(Order, OrderChange):
        assert api.send(f"orders/{order.pk}/decline-change", {"change": change.pk}).status_code == 409


def test_pieces_are_sorted_and_kept_back(
    api: Caller, token: Callable[..., Caller], nothing_changed: Any
) -> None:
    item, place = build.item("A"), build.location()
    receive_goods(location_id=place.pk, arrived=[Arrived(item.pk, 9, 4)], reference="d", key="d", by=SYSTEM)
    level, reader = StockLevel.objects.get(), token("stock:read")

    def sort(what: str, quantity: int, **more: Any) -> Any:
        return api.send(
            f"levels/{level.pk}/sort", {"what": what, "quantity": quantity, "note": "Looked at."}, **more
        )

    with nothing_changed(StockLevel, StockMovement):
        assert reasons(sort("set_aside", 6)) == ["short_of_stock"]
        assert reader.send(f"levels/{level.pk}/safety-stock", {"pieces": 1}).status_code == 403
    for what, quantity, there in (
        ("set_aside", 2, (9, 6)), ("back_for_sale", 1, (9, 5)), ("to_supplier", 1, (8, 4)), ("write_off", 1, (7, 3)),
    ):  # fmt: skip
        for _ in range(2):  # the same call again does nothing again
            told = sort(what, quantity, key=what).json()
            assert (told["on_hand"], told["unavailable"]) == there
    told = api.send(f"levels/{level.pk}/safety-stock", {"pieces": 2})
    assert told.status_code == 200 and told.json()["safety_stock"] == 2
    way.sound()


def test_a_difference_is_settled(api: Caller, nothing_changed: Any) -> None:
    item, place = build.item("A"), build.location()
    build.stock(item, 3, place)
    row = Discrepancy.objects.create(kind="shortage", item=item, location=place, expected=3, found=0)
    assert [x["id"] for x in api.read("discrepancies", state="open", item="A").json()["results"]] == [row.pk]
    with nothing_changed(Discrepancy, StockLevel, StockAdjustment):
        body = {"truth": "count", "note": "Counted twice."}
        assert fields(api.send(f"discrepancies/{row.pk}/settle", body)) == ["counted"]
    told = api.send(f"discrepancies/{row.pk}/settle", {**body, "counted": 1})
    assert told.status_code == 200 and told.json()["state"] == "resolved", told.json()
    assert StockLevel.objects.get().on_hand == 1
    with nothing_changed(Discrepancy, StockLevel, StockAdjustment):
        assert api.send(f"discrepancies/{row.pk}/settle", {**body, "counted": 1}).status_code == 409
    way.sound()


def test_a_label_is_taken_off(api: Caller, nothing_changed: Any) -> None:
    build.stock(build.item("A"), 3)
    (work,) = way.work_of(build.order([("A", 1)]))
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    (parcel,) = pack([Packing(work.pk)], by=SYSTEM)
    with nothing_changed(Shipment):
        assert reasons(api.send(f"parcels/{parcel.pk}/unlabel", {"reason": "x"})) == ["no_label"]
    assert (
        api.send(f"parcels/{parcel.pk}/type-tracking", {"carrier": "Post", "number": "T1"}).status_code == 200
    )
    told = api.send(f"parcels/{parcel.pk}/unlabel", {"reason": "Wrong carrier"})
    assert told.status_code == 200 and (told.json()["state"], told.json()["tracking_number"]) == ("draft", "")
