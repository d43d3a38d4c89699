"""History over a boundary: rows go where they belong, what is shut stays shut, what is counted stays right, and the next
partition is there in time, however many make it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from inventory.models import MovementKey, StockLevel, StockMovement
from oms.core import partitions as history
from oms.core import seals
from oms.core.actors import SYSTEM
from oms.core.audits import run
from oms.core.journal import Line, write
from oms.core.migrations._history import History
from oms.core.models import JobRun, JournalEntry, LedgerMark, Seal
from oms.core.tasks import partitions as by_clock
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)
JOURNAL, MOVEMENTS = history.HISTORIES
FIRST, SIZE = 10_000_000, 1000
Ends = Callable[..., int]


def do(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def _bound(table: str, upper: int) -> None:
    do(f"ALTER TABLE {table} DETACH PARTITION {table}_from_0")
    do(f"ALTER TABLE {table} ATTACH PARTITION {table}_from_0 FOR VALUES FROM (MINVALUE) TO ({upper})")


@pytest.fixture
def ends(settings: Any) -> Iterator[Ends]:
    """Let a table's first partition end after so many more rows; returns the first id beyond it."""
    settings.HISTORY_PARTITION = SIZE
    touched = set()

    def end(table: str, room: int) -> int:
        touched.add(table)
        upper = history.drawn(table) + room + 1
        _bound(table, upper)
        return upper

    yield end
    for table in touched:
        for one in history.partitions(table):
            if one.lower:
                do(f"ALTER TABLE {table} DETACH PARTITION {one.name}")
                do(f"DROP TABLE {one.name}")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"DELETE FROM {table}")
        _bound(table, FIRST)


def note(count: int = 1) -> None:
    with transaction.atomic():
        write([Line("thing:1", "thing:1", "tested", f"Line {n}") for n in range(count)], by=SYSTEM)


def where(table: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, key in do(f"SELECT tableoid::regclass::text, id FROM {table} ORDER BY id"):
        found.setdefault(name, []).append(key)
    return found


def names(table: str) -> list[str]:
    return [one.name for one in history.partitions(table)]


def test_rows_go_where_they_belong(ends: Ends) -> None:
    upper = ends(JOURNAL, 10)
    assert history.make_ahead() == {JOURNAL: 1, MOVEMENTS: 0}
    note(12)  # by COPY
    note(3)  # as a document
    later = f"{JOURNAL}_from_{upper}"
    assert where(JOURNAL) == {
        f"{JOURNAL}_from_0": [*range(upper - 10, upper)], later: [*range(upper, upper + 5)],
    }  # fmt: skip
    assert list(JournalEntry.objects.order_by("-id").values_list("id", flat=True)[:6]) == [
        *range(upper + 4, upper - 2, -1)
    ]
    # Made by the ORM, too: the number comes from the table that all of them make.
    assert JournalEntry.objects.create(actor="x", verb="x", subject="x:1", thread="x:1").pk == upper + 5


def test_the_next_one_is_made_when_the_newest_is_a_quarter_full(ends: Ends) -> None:
    upper = ends(JOURNAL, SIZE - 1)
    assert names(JOURNAL) == [f"{JOURNAL}_from_0", f"{JOURNAL}_rest"]
    note(SIZE // 4 - 1)
    assert history.make_ahead()[JOURNAL] == 0
    note(1)
    by_clock()
    assert names(JOURNAL) == [f"{JOURNAL}_from_0", f"{JOURNAL}_from_{upper}", f"{JOURNAL}_rest"]
    assert JobRun.objects.get(name=history.JOB).result[JOURNAL] == 1
    assert not any(history.make_ahead().values())
    # Many ids at once, as of a restored or imported history: as many as it takes.
    do("SELECT setval(%s, %s)", f"{JOURNAL}_id_seq", upper + 3 * SIZE)
    assert history.make_ahead()[JOURNAL] == 3
    bounds = [(one.lower, one.upper) for one in history.partitions(JOURNAL)]
    assert all(one[1] == other[0] for one, other in pairwise(bounds[:-1]))


def test_two_at_once_beside_one_who_writes(ends: Ends) -> None:
    ends(JOURNAL, 5)
    ends(MOVEMENTS, 5)
    made, failed, start = [], [], threading.Barrier(3)

    def make() -> None:
        try:
            start.wait(30)
            made.append(history.make_ahead())
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        write([Line("thing:1", "thing:1", "tested")], by=SYSTEM)  # and has not ended yet
        threads = [threading.Thread(target=make) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait(30)
        for thread in threads:
            thread.join(60)
        assert not failed and len(made) == 2
        write([Line("thing:1", "thing:1", "tested") for _ in range(9)], by=SYSTEM)
    assert sum(one[JOURNAL] for one in made) == 1 and sum(one[MOVEMENTS] for one in made) == 1
    assert not history.astray() and len(where(JOURNAL)) == 2


def test_it_gives_way_to_a_reader_and_comes_again(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "WAIT", "50ms")
    ends(JOURNAL, 5)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:  # type: ignore[arg-type]
        other.execute(f"SELECT count(*) FROM {JOURNAL}")
        with pytest.raises(OperationalError, match="lock timeout"):
            history.make_ahead()
        note()
        other.rollback()
    assert history.make_ahead()[JOURNAL] == 1


def test_each_part_is_shut_directly_addressed_too(ends: Ends) -> None:
    ends(JOURNAL, 2)
    ends(MOVEMENTS, 2)
    history.make_ahead()
    note(4)
    for number in range(4):
        build.stock(build.item(f"A{number}"), 1)
    for table, column in ((JOURNAL, "words"), (MOVEMENTS, "note")):
        before = where(table)
        assert len(before) == 2
        for name in (table, *names(table)):
            for sql in (f"UPDATE {name} SET {column} = 'x'", f"DELETE FROM {name}", f"TRUNCATE {name}"):
                with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                    do(sql)
        assert where(table) == before
    for name in ("append_only", "note_keys"):
        found = {t for (t,) in do("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s", name)}
        assert found >= {MOVEMENTS, *names(MOVEMENTS)}


def test_a_key_is_used_once_across_all_parts(ends: Ends) -> None:
    build.stock(build.item("A"), 3)
    shelf, first = StockLevel.objects.get(), StockMovement.objects.get()
    ends(MOVEMENTS, 1)
    history.make_ahead()
    build.stock(build.item("B"), 1)
    columns = "item_id, location_id, on_hand, unavailable, reason, document, key, note, actor, at"
    again = f"SELECT {columns} FROM {MOVEMENTS} WHERE id = {first.pk}"
    later = [n for n in names(MOVEMENTS) if "_from_" in n][-1]
    for into, what in ((MOVEMENTS, columns), (later, f"id, {columns}")):
        read = (
            again
            if into == MOVEMENTS
            else again.replace("SELECT ", f"SELECT {history.drawn(MOVEMENTS) + 50}, ")
        )
        with pytest.raises(IntegrityError, match="movementkey"), transaction.atomic():
            do(f"INSERT INTO {into} ({what}) {read}")
    with pytest.raises(IntegrityError, match="movementkey"), transaction.atomic():
        StockMovement.objects.create(
            item_id=shelf.item_id, location_id=shelf.location_id, on_hand=1, reason="receipt", document="x:1",
            key=first.key, actor="x",
        )  # fmt: skip
    assert dict(MovementKey.objects.values_list("movement_id", "key")) == dict(
        StockMovement.objects.values_list("id", "key")
    )
    assert not any(run(["inventory.keys", "inventory.levels"]).values())


def test_what_had_no_partition_gets_its_own_as_it_is(ends: Ends, client: Client, admin_user: Any) -> None:
    upper = ends(JOURNAL, 3)
    note(8)
    assert where(JOURNAL)[f"{JOURNAL}_rest"] == [*range(upper, upper + 5)]
    assert history.astray() == [JOURNAL] and not history.not_made_ahead().exists()
    run_before = JobRun.objects.create(name=history.JOB, state="succeeded")
    assert history.not_made_ahead().get() == run_before, "home says so"
    client.force_login(admin_user)
    page = reverse("admin:core_journalentry_partitions")
    assert "no part was made for them" in client.get(page).content.decode()

    by_clock()
    assert not history.astray() and not history.not_made_ahead().exists()
    assert where(JOURNAL)[f"{JOURNAL}_from_{upper}"] == [*range(upper, upper + 5)]
    told = client.get(page).content.decode()
    assert f"{JOURNAL}_from_{upper}" in told and "no part was made for them" not in told
    note(3)
    assert len(where(JOURNAL)) == 2 and not history.astray()
    for name in names(JOURNAL):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            do(f"DELETE FROM {name}")
    # And once more: the new rest is as good as the first.
    do("SELECT setval(%s, %s)", f"{JOURNAL}_id_seq", history.partitions(JOURNAL)[-2].upper)
    note()
    assert history.astray() == [JOURNAL]
    history.make_ahead()
    assert not history.astray() and JournalEntry.objects.count() == 12


def test_the_page_is_for_those_who_may_see_the_journal(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("nobody", password="x", is_staff=True))
    assert client.get(reverse("admin:core_journalentry_partitions")).status_code == 403


def test_seals_and_stock_over_a_boundary(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.core.test_seals import catch_up

    monkeypatch.setattr(seals, "GRACE", timedelta(0))
    monkeypatch.setattr(seals, "BLOCK", 7)
    ends(JOURNAL, 10)
    ends(MOVEMENTS, 2)
    history.make_ahead()
    for number in range(4):
        build.stock(build.item(f"A{number}"), 5)
    note(20)
    last = dict(JournalEntry.objects.values_list("thread", "id"))["thing:1"]
    assert len(where(JOURNAL)) == 2 and len(where(MOVEMENTS)) == 2
    catch_up()
    assert (
        Seal.objects.filter(ledger="journal").latest("last_id").last_id == last
        and not LedgerMark.objects.exists()
    )
    assert not any(run().values())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE {JOURNAL} SET words = 'Nothing.' WHERE id = %s", [last])
    assert [d.subject for d in run(["core.seals"])["core.seals"]], (
        "what was changed beyond the boundary shows"
    )


def test_a_timeline_reads_an_index_of_each_part_and_sorts_nothing(ends: Ends) -> None:
    upper = ends(JOURNAL, 10)
    history.make_ahead()
    note(20)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        for query in (
            JournalEntry.objects.filter(thread="thing:1").order_by("-id")[:50],
            JournalEntry.objects.filter(subject="thing:1").order_by("-id")[:50],
            JournalEntry.objects.order_by("-id")[:50],
        ):
            plan = query.explain()
            assert "Seq Scan" not in plan and plan.count("Index Scan") == 3, plan
            assert "->  Sort" not in plan, plan
        plan = JournalEntry.objects.filter(id__gte=upper).explain()
        assert f"{JOURNAL}_from_0" not in plan


def test_there_and_back_again(ends: Ends) -> None:
    """The migrations backwards, from several partitions, and forwards; every row stays."""
    for table in (JOURNAL, MOVEMENTS):
        ends(table, 2)
    history.make_ahead()
    for number in range(4):
        build.stock(build.item(f"A{number}"), 5)
    note(5)
    before = [list(model.objects.order_by("pk").values_list()) for model in (JournalEntry, StockMovement)]
    drawn = [history.drawn(table) for table in history.HISTORIES]
    try:
        call_command("migrate", "inventory", "0005_rows", verbosity=0)
        call_command("migrate", "core", "0004_laws", verbosity=0)
        kinds = do("SELECT relkind::text FROM pg_class WHERE relname = ANY(%s)", [*history.HISTORIES])
        assert kinds == [("r",), ("r",)] and not do("SELECT FROM pg_class WHERE relname LIKE %s", "%\\_rest")
        # Plain statements, since later releases' models do not fit this one's tables.
        write = (
            f"INSERT INTO {MOVEMENTS} (item_id, location_id, on_hand, unavailable, reason, document, key, note, actor, at)"
            f" SELECT item_id, location_id, %s, 0, reason, document, coalesce(%s, key), note, actor, at FROM {MOVEMENTS}"
            " ORDER BY id LIMIT 1"
        )
        do(write, 1, "one more")
        do(write, -1, "one less")
        with pytest.raises(IntegrityError, match="key"), transaction.atomic():
            do(write, 1, None)
    finally:
        call_command("migrate", verbosity=0)
    after = [list(model.objects.order_by("pk").values_list()) for model in (JournalEntry, StockMovement)]
    for old, new in zip(before, after, strict=True):
        assert new[: len(old)] == old
    assert [history.drawn(table) for table in history.HISTORIES] > drawn
    assert MovementKey.objects.count() == StockMovement.objects.count() > 4
    assert not any(run(["inventory.keys", "inventory.levels", "core.seals"]).values())


def test_somebody_writes_while_it_is_divided(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What is written while a table steps below its name lies in it afterwards, and no id is given out twice."""
    settings.HISTORY_PARTITION = SIZE
    table, one_more = "history_trial", "INSERT INTO history_trial (words) VALUES ('a line') RETURNING id"
    written: list[int] = []
    writers: list[threading.Thread] = []
    plain = History._do

    def somebody() -> None:
        try:
            written.extend(key for (key,) in do(one_more))
        finally:
            connection.close()

    def watched(self: History, sql: str) -> None:
        if sql.startswith(f"ALTER TABLE {table} RENAME TO"):
            for _ in range(3):
                writers.append(threading.Thread(target=somebody))
                writers[-1].start()
                writers[-1].join(0.3)
        plain(self, sql)

    monkeypatch.setattr(History, "_do", watched)
    do(f"CREATE TABLE {table} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, words text NOT NULL)")
    try:
        before = [key for _ in range(3) for (key,) in do(one_more)]
        with connection.schema_editor(atomic=False) as editor:
            History(editor, table).divide()
        for writer in writers:
            writer.join(30)
        after = [key for _ in range(3) for (key,) in do(one_more)]
        found = [key for (key,) in do(f"SELECT id FROM {table} ORDER BY id")]
        assert do("SELECT relkind::text FROM pg_class WHERE relname = %s", table) == [("p",)]
        assert len(writers) == len(written) == 3
        assert found == sorted([*before, *written, *after]) == list(range(1, 10))
    finally:
        do(f"DROP TABLE {table}")
