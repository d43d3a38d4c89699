"""Rows written in plain statements are the rows that were given, whichever way they went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms.core.columns import COPIED, insert, together, write_columns
from oms.core.models import InboundMessage, JournalEntry, OutboxEvent
from tests.build import order

pytestmark = pytest.mark.django_db

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.dictionaries(
    TEXT, st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT | st.lists(TEXT), max_size=3
)
EVENTS = st.fixed_dictionaries({"topic": TEXT, "subject": TEXT, "payload": JSON, "actor": st.just("me")})


@given(
    rows=st.lists(EVENTS, min_size=1, max_size=2 * COPIED),
    at=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_few_and_many_rows_are_kept_as_they_were_given(rows: list[dict[str, Any]], at: datetime) -> None:
    told = [{**row, "at": at.replace(tzinfo=UTC)} for row in rows]
    keys = insert(OutboxEvent, told, keys=True)
    kept = OutboxEvent.objects.in_bulk(keys)
    assert [{name: getattr(kept[key], name) for name in told[0]} for key in keys] == told
    assert keys == sorted(keys)


def test_bytes_and_moments_are_exact() -> None:
    at = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    for count in (1, COPIED):
        keys = insert(
            InboundMessage,
            [{"source": "s", "kind": "k", "external_id": f"{count}-{n}", "body": b"\x00\xff\\x", "digest": b"d", "received_at": at}
             for n in range(count)],
            keys=True,
        )  # fmt: skip
        for row in InboundMessage.objects.filter(pk__in=keys):
            assert (bytes(row.body), row.received_at) == (b"\x00\xff\\x", at)


def test_what_is_gathered_goes_in_one_statement_and_in_order() -> None:
    line = {"actor": "me", "verb": "v", "subject": "s:1", "thread": "s:1", "words": "w"}
    event = {"topic": "t", "subject": "s:1", "payload": {}, "actor": "me"}
    with CaptureQueriesContext(connection) as asked, together(1):
        insert(JournalEntry, [line | {"words": "first"}])
        insert(OutboxEvent, [event])
        insert(JournalEntry, [line | {"words": "second"}])
        assert not JournalEntry.objects.filter(thread="s:1").exists()
    written = [q["sql"] for q in asked if "INSERT" in q["sql"]]
    assert len(written) == 1
    words = JournalEntry.objects.filter(thread="s:1").order_by("pk").values_list("words", flat=True)
    assert list(words) == ["first", "second"]
    assert OutboxEvent.objects.filter(topic="t").count() == 1


def test_many_are_sent_without_waiting_and_all_are_there() -> None:
    lines = [
        {"actor": "me", "verb": "v", "subject": f"s:{n}", "thread": "s:1", "words": "w"}
        for n in range(2 * COPIED)
    ]
    with together(len(lines)):
        keys = insert(JournalEntry, lines, keys=True)
        insert(OutboxEvent, [{"topic": "t", "subject": "s:1", "payload": {}, "actor": "me"}])
    kept = JournalEntry.objects.in_bulk(keys)
    assert [kept[key].subject for key in keys] == [line["subject"] for line in lines]
    assert OutboxEvent.objects.filter(topic="t").count() == 1


@pytest.mark.parametrize("rows", [1, COPIED])
def test_of_a_block_that_fails_nothing_is_written(rows: int) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic(), together(rows):
        insert(OutboxEvent, [{"topic": "t", "subject": "s", "payload": {}, "actor": "me"}])
        raise ZeroDivisionError
    assert not OutboxEvent.objects.filter(topic="t").exists()


@pytest.mark.parametrize("rows", [1, COPIED])
def test_a_constraint_is_kept_at_the_end_of_the_block(rows: int) -> None:
    row = {"source": "s", "kind": "k", "external_id": "1", "digest": b"d", "body": b""}
    insert(InboundMessage, [row])
    with pytest.raises(IntegrityError), transaction.atomic(), together(rows):
        insert(InboundMessage, [row])
        insert(OutboxEvent, [{"topic": "t", "subject": "s", "payload": {}, "actor": "me"}])
    assert not OutboxEvent.objects.filter(topic="t").exists()


def test_columns_are_written_as_they_stand_on_the_instances() -> None:
    bought = order()
    line = bought.lines.get()
    line.unit_price, line.title = Decimal("12.3456"), 'a "quoted" \\ title'
    bought.placed_at += timedelta(microseconds=7)
    write_columns([line], "unit_price", "title")
    write_columns([bought], "placed_at")
    line.refresh_from_db()
    assert (line.unit_price, line.title) == (Decimal("12.3456"), 'a "quoted" \\ title')
    assert type(bought).objects.get(pk=bought.pk).placed_at == bought.placed_at


def test_a_statement_that_comes_again_is_planned_once() -> None:
    topic = f"t{uuid4().hex}"
    for _ in range(3):
        insert(OutboxEvent, [{"topic": topic, "subject": "s", "payload": {}, "actor": "me"}])
    with connection.cursor() as cursor:
        cursor.execute("SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
                       ['INSERT INTO "core_outboxevent"%'])  # fmt: skip
        planned = sum(count for (count,) in cursor.fetchall())
    prepares = connection.settings_dict["OPTIONS"]["prepare_threshold"] is not None
    assert planned >= 2 if prepares else not planned  # DATABASE_PREPARE=off
