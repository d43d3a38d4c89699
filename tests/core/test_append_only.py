"""What is in a ledger stays as it was written: the database refuses, whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.models import StockMovement
from oms.core.journal import NoTransaction
from oms.core.ledger import may_erase
from oms.core.models import JournalEntry
from orders.models import PaymentTransaction
from tests import build

pytestmark = pytest.mark.django_db
LEDGERS = [(StockMovement, "note"), (JournalEntry, "words"), (PaymentTransaction, "gateway")]
by_ledger = pytest.mark.parametrize(("model", "column"), LEDGERS, ids=lambda v: getattr(v, "__name__", v))


@pytest.fixture(autouse=True)
def an_order() -> None:
    build.stock(build.item("A"), 5)
    build.order([("A", 1)])
    with (
        connection.cursor() as cursor
    ):  # else foreign keys still to be checked refuse a TRUNCATE before we do
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def rows(model: type) -> list[tuple[object, ...]]:
    found = list(model.objects.order_by("pk").values_list())  # type: ignore[attr-defined]
    assert found
    return found


@by_ledger
def test_nothing_is_changed_deleted_or_emptied(model: type, column: str) -> None:
    before, table = rows(model), model._meta.db_table  # type: ignore[attr-defined]
    for sql in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with (
            pytest.raises(IntegrityError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.first().delete()  # type: ignore[attr-defined]
    assert rows(model) == before


@by_ledger
def test_the_door_lets_delete_but_never_change(model: type, column: str) -> None:
    with transaction.atomic(), may_erase():
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model.objects.update(**{column: "x"})  # type: ignore[attr-defined]
        model.objects.all().delete()  # type: ignore[attr-defined]
    assert not model.objects.exists()  # type: ignore[attr-defined]


def test_the_door_is_shut_again_behind_whoever_went_through() -> None:
    with transaction.atomic():
        with may_erase():
            pass
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            JournalEntry.objects.all().delete()
    rows(JournalEntry)


def test_the_door_opens_only_inside_a_transaction() -> None:
    with pytest.raises(NoTransaction), may_erase():
        pass


@pytest.mark.parametrize(("model", "column"), LEDGERS, ids=lambda v: getattr(v, "__name__", v))
def test_writing_costs_nothing(model: type, column: str) -> None:
    """No trigger of ours looks at an INSERT, and none looks at each row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgtype FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = 'append_only'",
            [model._meta.db_table],  # type: ignore[attr-defined]
        )
        ((kind,),) = cursor.fetchall()
    row, insert, delete, update, truncate = 1, 4, 8, 16, 32
    assert not kind & (row | insert)
    assert kind & delete and kind & update and kind & truncate
