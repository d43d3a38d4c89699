"""The mover: refusals with reasons, one write for all, nothing moved under somebody's hands."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from oms.core.actors import SYSTEM
from oms.core.journal import NoTransaction
from oms.core.lifecycle import move, why_not
from oms.core.models import JournalEntry
from orders.models import Order
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)


def orders(count: int) -> list[Order]:
    build.stock(build.item("A"), 1000)
    return build.place(*(build.draft([("A", 1)]) for _ in range(count)))


def test_a_move_needs_a_transaction() -> None:
    orders(1)
    with pytest.raises(NoTransaction):
        move(Order.objects.all(), "accept", by=SYSTEM)


def test_a_hundred_rows_take_as_many_statements_as_two() -> None:
    def statements(rows: list[Order]) -> int:
        with transaction.atomic(), CaptureQueriesContext(connection) as seen:
            found = Order.objects.filter(pk__in=[o.pk for o in rows]).prefetch_related("holds")
            assert len(move(found, "accept", by=SYSTEM).done) == len(rows)
        return len(seen)

    assert statements(orders(2)) == statements(orders(100)) <= 5


def test_a_refused_move_says_why_and_changes_nothing() -> None:
    (order,) = orders(1)
    lines = JournalEntry.objects.count()
    with transaction.atomic():
        moved = move(Order.objects.filter(pk=order.pk).prefetch_related("lines"), "complete", by=SYSTEM)
    assert moved.done == []
    assert [reason.code for reason in moved.refused[order.pk]] == ["wrong_state"]
    order.refresh_from_db()
    assert (order.state, JournalEntry.objects.count()) == ("received", lines)


def test_the_reasons_are_those_of_the_guards() -> None:
    orders(1)
    assert [r.code for r in why_not(Order.objects.prefetch_related("lines").get(), "cancel")] == [
        "lines_left"
    ]


def test_a_state_is_not_assigned_by_hand() -> None:
    (order,) = orders(1)
    with pytest.raises(AttributeError):
        order.state = "completed"


def test_the_database_knows_only_declared_states() -> None:
    (order,) = orders(1)
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute("UPDATE orders_order SET state = 'finished' WHERE id = %s", [order.pk])
