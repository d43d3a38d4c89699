"""Races for the last piece: with a net removed they oversell; with it in place they cannot.

Real threads on real connections. The control removes one net at a time, so that each is shown to hold alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from django.db import close_old_connections, connection, connections

from inventory.actions import fit_reservations, move_stock
from inventory.actions.reconcile import reconcile_stock
from inventory.models import Reservation, StockLevel
from inventory.rules.allocation import Supply
from oms.core.errors import Refused
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)

BUYERS, PIECES = 8, 3


def race(work: Callable[[int], None], many: int = BUYERS) -> list[BaseException]:
    """Start ``many`` threads at one moment; returns what they raised."""
    barrier, errors = threading.Barrier(many), []

    def run(n: int) -> None:
        try:
            close_old_connections()
            connection.ensure_connection()
            barrier.wait(timeout=20)
            work(n)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors


@contextmanager
def without_check() -> Iterator[None]:
    """The database's own net (the CHECK) taken away for a while."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_stocklevel DROP CONSTRAINT level_never_oversold")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE inventory_stocklevel SET reserved = least(reserved, on_hand - unavailable)"
            )
            cursor.execute(
                "ALTER TABLE inventory_stocklevel ADD CONSTRAINT level_never_oversold"
                " CHECK (on_hand >= reserved + unavailable)"
            )


def promised() -> int:
    return sum(Reservation.objects.filter(state="firm").values_list("quantity", flat=True))


def buy(_: int) -> None:
    build.order([("HOT", 1)])


@pytest.fixture
def hot() -> StockLevel:
    build.stock(build.item("HOT"), PIECES)
    return StockLevel.objects.get()


def test_eight_buyers_for_three_pieces_get_three(hot: StockLevel) -> None:
    assert race(buy) == []
    hot.refresh_from_db()
    assert (promised(), hot.reserved) == (PIECES, PIECES)
    assert Reservation.objects.filter(state="backordered").count() == BUYERS - PIECES
    assert reconcile_stock() == 0


def _unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Net 3 removed: shelves are read without a lock, so that every buyer sees the same free pieces."""
    meet, reads = threading.Barrier(BUYERS), fit_reservations.free_stock

    def reads_and_waits(items: Iterable[int]) -> list[Supply]:
        try:
            return reads(items)
        finally:
            meet.wait(timeout=20)

    unlocked = fit_reservations._FREE.replace(" FOR UPDATE OF s", "")
    assert unlocked != fit_reservations._FREE
    monkeypatch.setattr(fit_reservations, "_FREE", unlocked)
    monkeypatch.setattr(fit_reservations, "free_stock", reads_and_waits)


def test_control_without_lock_guard_and_check_it_oversells(
    hot: StockLevel, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unlocked(monkeypatch)
    guarded = move_stock._UPDATE
    monkeypatch.setattr(
        move_stock,
        "_UPDATE",
        guarded[: guarded.index(" AND l.reserved + k")] + " RETURNING l.item_id, l.location_id",
    )
    with without_check():
        assert race(buy) == []
        assert promised() == BUYERS > PIECES  # what the other systems do


def test_the_guard_alone_holds(hot: StockLevel, monkeypatch: pytest.MonkeyPatch) -> None:
    _unlocked(monkeypatch)
    with without_check():
        errors = race(buy)
        assert len(errors) == BUYERS - PIECES and all(isinstance(e, Refused) for e in errors)
        assert promised() == PIECES


def test_the_check_alone_holds(hot: StockLevel, monkeypatch: pytest.MonkeyPatch) -> None:
    _unlocked(monkeypatch)
    guarded = move_stock._UPDATE
    monkeypatch.setattr(
        move_stock,
        "_UPDATE",
        guarded[: guarded.index(" AND l.reserved + k")] + " RETURNING l.item_id, l.location_id",
    )
    errors = race(buy)
    assert len(errors) == BUYERS - PIECES
    assert promised() == PIECES
    assert reconcile_stock() == 0


def test_two_lines_of_one_item_are_summed_before_they_are_checked(hot: StockLevel) -> None:
    order = build.order([("HOT", 2), ("HOT", 2)])
    lines = list(order.lines.all())
    assert sum(line.promised for line in lines) == PIECES and sum(line.backordered for line in lines) == 1


def test_buyers_of_the_same_things_in_another_order_do_not_deadlock() -> None:
    for sku in ("X", "Y", "Z"):
        build.stock(build.item(sku), 100)

    def both_ways(n: int) -> None:
        skus = ("X", "Y", "Z") if n % 2 else ("Z", "Y", "X")
        for _ in range(5):
            build.order([(sku, 1) for sku in skus])

    assert race(both_ways) == []
    assert promised() == BUYERS * 5 * 3
    assert reconcile_stock() == 0
