"""Differences are settled, pieces sorted: afterwards level, ledger and shelf agree."""

from __future__ import annotations

import pytest
from django.db import connection

from inventory.actions.handle_units import Handling, handle_units
from inventory.actions.reconcile import reconcile_stock
from inventory.actions.resolve_discrepancy import Resolution, resolve_discrepancies
from inventory.actions.sort_stock import Sorting, sort_stock
from inventory.models import Discrepancy, Item, Reservation, StockLevel, StockMovement
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from orders.models import OrderLine
from tests import build, way
from tests.nets import past_all_nets

pytestmark = pytest.mark.django_db


def spoil(item: Item, **columns: int) -> Discrepancy:
    """A hand in the database, as no action would: the nightly look finds it."""
    with connection.cursor() as cursor:
        for name, value in columns.items():
            assert name in {"on_hand", "reserved", "unavailable"}
            cursor.execute(
                f"UPDATE inventory_stocklevel SET {name} = %s WHERE item_id = %s", [value, item.pk]
            )
    assert reconcile_stock() == 1
    return Discrepancy.objects.get(state="open")


def settle(d: Discrepancy, truth: str, counted: int | None = None, note: str = "looked") -> None:
    resolve_discrepancies([Resolution(d.pk, truth, note, counted)], by=SYSTEM)


def test_the_books_are_right() -> None:
    a = build.item("A")
    build.stock(a, 5)
    build.order([("A", 2)])
    settle(spoil(a, on_hand=9), "books")
    level = build.level(a)
    assert (level.on_hand, level.reserved) == (5, 2)
    assert Discrepancy.objects.get().state == "resolved"
    way.sound()


@pytest.mark.parametrize(("counted", "promised"), [(7, 2), (1, 1), (0, 0)])
def test_a_count_is_right_and_displaces_what_is_not_there(counted: int, promised: int) -> None:
    a = build.item("A")
    build.stock(a, 5)
    order = build.order([("A", 2)])
    settle(spoil(a, on_hand=9), "count", counted)
    level = build.level(a)
    assert (level.on_hand, level.reserved) == (counted, promised)
    key = OrderLine.objects.get(order=order).demand_key
    assert (
        sum(r.quantity for r in Reservation.objects.filter(demand_key=key, state="backordered"))
        == 2 - promised
    )
    assert sum(m.on_hand for m in StockMovement.objects.filter(item=a)) == counted
    assert reconcile_stock() == 0


@pytest.mark.parametrize(("truth", "counted", "on_hand"), [("books", None, 5), ("count", 4, 4)])
def test_what_is_reserved_is_the_sum_of_its_rows(truth: str, counted: int | None, on_hand: int) -> None:
    a = build.item("A")
    build.stock(a, 5)
    build.order([("A", 2)])
    settle(spoil(a, reserved=4), truth, counted)
    level = build.level(a)
    assert (level.on_hand, level.reserved) == (on_hand, 2)
    assert reconcile_stock() == 0


def test_books_that_promise_more_than_they_have_are_not_believed() -> None:
    a = build.item("A")
    build.stock(a, 5)
    build.order([("A", 5)])
    with past_all_nets() as cursor:
        cursor.execute("UPDATE inventory_stockmovement SET on_hand = 3 WHERE item_id = %s", [a.pk])
    assert reconcile_stock() == 1
    found = Discrepancy.objects.get()
    with pytest.raises(Refused, match="count the shelf"):
        settle(found, "books")
    found.refresh_from_db()
    assert (found.state, build.level(a).on_hand) == ("open", 5)
    settle(found, "count", 3)
    assert (build.level(a).on_hand, build.level(a).reserved) == (3, 3)
    assert reconcile_stock() == 0


def test_no_settling_without_a_word_nor_twice() -> None:
    a = build.item("A")
    build.stock(a, 5)
    found = spoil(a, on_hand=9)
    for truth, counted, note in (
        ("books", None, " "),
        ("count", None, "x"),
        ("count", -1, "x"),
        ("luck", 1, "x"),
    ):
        with pytest.raises(Refused):
            settle(found, truth, counted, note)
    settle(found, "books")
    with pytest.raises(Refused):
        settle(found, "books")


def test_pieces_are_set_aside_given_back_and_written_off() -> None:
    a = build.item("A")
    build.stock(a, 5)
    build.order([("A", 2)])
    level = build.level(a)

    def sort(kind: str, quantity: int, key: str, note: str = "wet") -> StockLevel:
        sort_stock([Sorting(level.pk, kind, quantity, note, key)], by=SYSTEM)
        return build.level(a)

    aside = sort("damage", 3, "1")
    assert (aside.on_hand, aside.unavailable, aside.available) == (5, 3, 0)
    assert sort("damage", 3, "1").unavailable == 3  # the same key again
    with pytest.raises(Refused):
        sort("damage", 1, "2")  # the others are promised
    assert sort("restock", 1, "3").available == 1
    gone = sort("write_off", 2, "4")
    assert (gone.on_hand, gone.unavailable) == (3, 0)
    for kind, quantity, note in (("eat", 1, "x"), ("damage", 0, "x"), ("damage", 1, " ")):
        with pytest.raises(Refused):
            sort(kind, quantity, "5", note)
    way.sound()


def test_units_come_in_set_aside() -> None:
    from django.db import transaction

    a, place = build.item("A"), build.location()
    with transaction.atomic():
        handle_units([Handling(a.pk, place.pk, 2, "arrive", "return:1", "k1")], by=SYSTEM)
    assert (build.level(a).on_hand, build.level(a).available) == (2, 0)
