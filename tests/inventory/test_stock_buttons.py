"""Stock at the console: every verb by its form, allowed and refused; nothing moves where nothing may."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels.models import ChannelAccount, Listing
from inventory.actions.reconcile import reconcile_stock
from inventory.actions.set_safety_stock import set_safety_stock
from inventory.buttons import read_arrivals
from inventory.models import (
    Barcode,
    Discrepancy,
    Receipt,
    Reservation,
    StockAdjustment,
    StockLevel,
    StockMovement,
)
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboxEvent
from oms.core.relay import relay
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def books() -> tuple[Any, ...]:
    levels = StockLevel.objects.order_by("pk").values_list(
        "on_hand", "reserved", "unavailable", "safety_stock"
    )
    made = (StockMovement, StockAdjustment, Receipt, JournalEntry, OutboxEvent)
    return (list(levels), *(model._default_manager.count() for model in made))


# -- goods arrive


@pytest.mark.django_db(transaction=True)  # the relay reads the database's clock
def test_a_delivery_typed_and_scanned_serves_who_waits() -> None:
    a, b, place = build.item("A"), build.item("BOX-2"), build.location()
    Barcode.objects.create(item=b, code="5012345678900")
    build.order([("A", 3)])
    relay()
    assert Reservation.objects.get().state == "backordered"
    dock = Hand("warehouse")
    typed = "a 2\nA x 3\n5012345678900\n5012345678900\nbox-2;4"
    seen = dock.preview("inventory.receive", place, lines=typed)
    assert seen.facts == [
        ("A Thing A", "5 pieces; 3 of them go to customers who wait"),
        ("BOX-2 Thing BOX-2", "6 pieces"),
    ]
    assert not Receipt.objects.exists()
    assert dock.press("inventory.receive", place, lines=typed, reference="DN-7") == 302, dock.told
    assert "11 pieces received at Main" in dock.told
    assert Receipt.objects.get().actor == "user:warehouse-hand"
    relay()
    assert (build.level(a).on_hand, build.level(a).reserved, build.level(b).on_hand) == (5, 3, 6)
    way.sound()


def test_a_delivery_that_cannot_be_read_is_told_line_by_line() -> None:
    build.item("A")
    place, dock = build.location(), Hand("warehouse")
    before = books()
    for typed, told in (
        ("A 3\nNO-SUCH 2", "“NO-SUCH 2”: there is no item"),
        ("A 0", "how many?"),
        ("A two", "how many?"),
        ("A -4", "how many?"),
        ("A 3.5", "how many?"),
        ("A 99999999999999", "how many?"),
        ("  \n ", "required"),
    ):
        assert dock.press("inventory.receive", place, lines=typed) == 422, typed
        assert told in dock.told, typed
    assert Hand("support").press("inventory.receive", place) == 403
    place.active = False
    place.save()
    assert dock.press("inventory.receive", place, lines="A 3") == 409 and "switched off" in dock.told
    assert books() == before


def test_reading_a_delivery_costs_the_same_whatever_its_length() -> None:
    for n in range(6):
        build.item(f"A{n}")
    with CaptureQueriesContext(
        connection,
    ) as few:
        read_arrivals("A0 1")
    with CaptureQueriesContext(connection) as many:
        arrived, faults = read_arrivals("\n".join(f"A{n} {n + 1}" for n in range(6)))
    assert len(many) == len(few) and not faults
    assert {item.sku: n for item, n in arrived.items()} == {f"A{n}": n + 1 for n in range(6)}


def test_one_item_arrives_and_is_set_aside() -> None:
    a, place, dock = build.item("A"), build.location(), Hand("warehouse")
    assert dock.press("inventory.receive_item", a, quantity=0, location=place.pk) == 422
    assert dock.press("inventory.receive_item", a, quantity=4, location=place.pk, aside="on") == 302, (
        dock.told
    )
    assert (build.level(a).on_hand, build.level(a).unavailable) == (4, 4)
    assert Hand("read-only").press("inventory.receive_item", a) == 403


# -- the shelf


def test_a_count_and_a_difference_correct_the_level() -> None:
    a = build.item("A")
    build.stock(a, 10)
    level, dock = build.level(a), Hand("warehouse")
    assert dock.preview("inventory.adjust", level, counted=7).words == "10 on the books become 7."
    assert build.level(a).on_hand == 10
    assert dock.press("inventory.adjust", level, counted=7, reason="counted") == 302, dock.told
    assert "-3 of A at Main: now 7 on hand" in dock.told
    assert dock.press("inventory.adjust", level, change=2, reason="found") == 302
    assert build.level(a).on_hand == 9
    way.sound()


def test_what_leaves_between_counting_and_pressing_is_not_counted_twice() -> None:
    a = build.item("A")
    build.stock(a, 10)
    work = way.work_of(build.order([("A", 2)]))
    level, dock = build.level(a), Hand("warehouse")
    dock.look("inventory.adjust", level)
    shown = dock.answer.context["form"]["believed"].value()
    for row in work:
        way.send(row)
    assert (shown, build.level(a).on_hand) == (10, 8)
    assert dock.press("inventory.adjust", level, counted=9, believed=shown, reason="counted") == 302
    assert build.level(a).on_hand == 7  # one was missing, two left by parcel
    way.sound()


@pytest.mark.django_db(transaction=True)  # the relay reads the database's clock
def test_a_correction_beyond_what_is_free_says_whom_it_hits() -> None:
    a = build.item("A")
    build.stock(a, 5)
    build.order([("A", 4)])
    relay()
    level, dock = build.level(a), Hand("warehouse")
    assert (
        "3 pieces promised from here"
        in dock.preview("inventory.adjust", level, change=-4, reason="lost").words
    )
    assert dock.press("inventory.adjust", level, change=-4, reason="lost") == 302
    assert sum(r.quantity for r in Reservation.objects.filter(state="backordered")) == 3
    way.sound()


def test_a_correction_is_refused_with_its_reason() -> None:
    a = build.item("A")
    build.stock(a, 5)
    level, dock = build.level(a), Hand("warehouse")
    before = books()
    for typed, status, told in (
        ({"counted": 4, "change": 1}, 422, "one of both"),
        ({}, 422, "one of both"),
        ({"counted": 5}, 422, "what the books say"),
        ({"change": -6, "reason": "lost"}, 409, "Only 5 pieces"),
        ({"change": 1, "reason": "other"}, 409, "what the reason is"),
        ({"change": 1, "reason": "because"}, 422, "valid choice"),
    ):
        assert dock.press("inventory.adjust", level, **{"reason": "counted", **typed}) == status, typed
        assert told in dock.told, typed
    assert Hand("support").press("inventory.adjust", level) == 403
    assert books() == before


def test_pieces_are_set_aside_sold_again_and_written_off() -> None:
    a = build.item("A")
    build.stock(a, 6)
    level, dock = build.level(a), Hand("warehouse")
    assert {"inventory.back_for_sale", "inventory.write_off"}.isdisjoint(dock.offers(level))
    assert dock.press("inventory.set_aside", level, quantity=4, note="wet") == 302, dock.told
    assert "4 pieces of A at Main set aside" in dock.told
    assert dock.press("inventory.back_for_sale", level, quantity=1, note="dry") == 302
    assert dock.press("inventory.to_supplier", level, quantity=1, note="faulty batch") == 302
    assert "sent back to the supplier" in dock.told
    assert dock.press("inventory.write_off", level, quantity=2, note="mouldy") == 302
    assert (build.level(a).on_hand, build.level(a).unavailable) == (3, 0)
    before = books()
    assert dock.press("inventory.write_off", level, quantity=1, note="x") == 409
    assert dock.press("inventory.set_aside", level, quantity=4, note="x") == 422
    assert dock.press("inventory.set_aside", level, quantity=1, note="") == 422
    assert Hand("support").press("inventory.set_aside", level) == 403
    assert books() == before
    way.sound()


@pytest.mark.django_db(transaction=True)  # the relay reads the database's clock
def test_what_is_promised_cannot_be_set_aside_and_the_button_says_so() -> None:
    a = build.item("A")
    build.stock(a, 2)
    build.order([("A", 2)])
    relay()
    level, dock = build.level(a), Hand("warehouse")
    assert "promised or set aside" in dock.offers(level)["inventory.set_aside"]
    before = books()
    assert dock.press("inventory.set_aside", level, quantity=1, note="x") == 409
    assert books() == before


def test_more_than_the_limit_is_for_a_manager(settings: Any) -> None:
    settings.ADJUST_LIMIT = 3
    a = build.item("A")
    build.stock(a, 10)
    level, dock, before = build.level(a), Hand("warehouse"), books()
    assert dock.press("inventory.adjust", level, change=-4, reason="lost") != 302
    assert "4 pieces are more than the 3 that you may change at once" in dock.told and books() == before
    assert dock.press("inventory.adjust", level, change=-3, reason="lost") == 302
    assert Hand("manager").press("inventory.adjust", level, change=-4, reason="lost") == 302
    assert build.level(a).on_hand == 3 and reconcile_stock() == 0


# -- kept back


@pytest.mark.django_db(transaction=True)  # the relay reads the database's clock
def test_safety_stock_reaches_the_shops_and_sets_free() -> None:
    a = build.item("A")
    build.stock(a, 10)
    account = ChannelAccount.objects.create(slug="shop", name="Shop", kind="woocommerce", order_prefix="S")
    listing = Listing.objects.create(account=account, external_id="1", item=a, state="active", sku="A")
    level, dock = build.level(a), Hand("warehouse")
    seen = dock.preview("inventory.set_safety_stock", level, pieces=4)
    assert seen.facts == [("A at Main", "10 for sale become 6")]
    assert dock.press("inventory.set_safety_stock", level, pieces=4) == 302
    assert "4 pieces kept back at 1 place" in dock.told
    relay()
    listing.refresh_from_db()
    assert (build.level(a).safety_stock, listing.desired) == (4, 6)
    build.order([("A", 8)])
    relay()
    assert sum(r.quantity for r in Reservation.objects.filter(state="backordered")) == 2
    assert dock.press("inventory.set_safety_stock", level, pieces=1) == 302
    relay()
    assert not Reservation.objects.filter(state="backordered").exists()  # who waited is served from it
    way.sound()


def test_the_same_safety_stock_again_changes_nothing() -> None:
    a = build.item("A")
    build.stock(a, 3)
    level, dock = build.level(a), Hand("warehouse")
    set_safety_stock({level.pk: 2}, by=SYSTEM)
    before = books()
    assert dock.press("inventory.set_safety_stock", level, pieces=2) == 302 and "nothing changed" in dock.told
    assert dock.press("inventory.set_safety_stock", level, pieces=-1) == 422
    assert Hand("support").press("inventory.set_safety_stock", level) == 403
    with pytest.raises(Refused):
        set_safety_stock({level.pk: -1}, by=SYSTEM)
    assert books() == before


def test_safety_stock_of_many_costs_the_same() -> None:
    levels = []
    for n in range(6):
        it = build.item(f"A{n}")
        build.stock(it, 5)
        levels.append(build.level(it))
    with CaptureQueriesContext(connection) as few:
        set_safety_stock({levels[0].pk: 1}, by=SYSTEM)
    with CaptureQueriesContext(connection) as many:
        assert len(set_safety_stock({x.pk: 1 for x in levels[1:]}, by=SYSTEM)) == 5
    assert len(many) == len(few)


# -- differences and items


def test_a_difference_is_settled_by_a_count() -> None:
    a = build.item("A")
    build.stock(a, 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stocklevel SET on_hand = 9 WHERE item_id = %s", [a.pk])
    assert reconcile_stock() == 1
    row, boss = Discrepancy.objects.get(), Hand("manager")
    before = books()
    assert Hand("warehouse").press("inventory.settle", row) == 403
    assert boss.press("inventory.settle", row, truth="count", note="looked") == 422
    assert "how many pieces" in boss.told
    assert boss.press("inventory.settle", row, truth="books", note="") == 422
    assert books() == before
    assert boss.press("inventory.settle", row, truth="count", counted=4, note="looked") == 302, boss.told
    assert "4 on the books" in boss.told
    assert build.level(a).on_hand == 4 and reconcile_stock() == 0
    assert boss.press("inventory.settle", row, truth="books", note="again") == 409


def test_an_item_is_sold_no_more_and_again() -> None:
    a, b = build.item("A"), build.item("B")
    build.stock(a, 5)
    boss = Hand("manager")
    seen = boss.look("inventory.switch_item_off", a, b).context["preview"]
    assert ("still on the shelves", "5 pieces") in seen.facts
    assert boss.press("inventory.switch_item_off", a, b) == 302 and "2 items not sold any more" in boss.told
    a.refresh_from_db()
    assert not a.active and JournalEntry.objects.filter(subject=f"item:{a.pk}", verb="switch_off").exists()
    before = books()
    assert boss.press("inventory.switch_item_off", a) == 409
    assert Hand("clerk").press("inventory.switch_item_on", a) == 403
    assert books() == before
    assert boss.press("inventory.switch_item_on", a) == 302 and "Sold again" not in boss.offers(a)
    a.refresh_from_db()
    assert a.active


def test_the_shelves_of_an_item_have_their_buttons_on_its_page() -> None:
    a = build.item("A")
    build.stock(a, 5)
    page = Hand("warehouse").client.get(f"/admin/inventory/item/{a.pk}/change/").content.decode()
    assert "Correct the level" in page and "Keep pieces back" in page
    assert (
        "Correct the level"
        not in Hand("support").client.get(f"/admin/inventory/item/{a.pk}/change/").content.decode()
    )
