"""What was released migrates while people work: no migration after the released ones locks anybody out for long or
takes away what the older release, which is still at work, needs. And `migrate` itself waits for no lock."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from oms.core.management.commands import migrate
from tests.architecture.migrations import faults
from tests.releases import OURS, released


@pytest.mark.django_db
def test_each_migration_since_the_last_release_can_run_while_the_system_works(tmp_path: Path) -> None:
    loader = MigrationLoader(connection, replace_migrations=False)
    free = released()
    later = {
        migration: loader.project_state((app, name), at_end=False)
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in OURS and f"{app}.{name}" not in free
    }
    assert not [str(fault) for fault in faults(later, tmp_path)]


def test_the_released_ones_are_still_there() -> None:
    """A released migration is never taken away or renamed: databases out there know its name."""
    disk = MigrationLoader(None).disk_migrations
    assert sorted(released()) == sorted({f"{app}.{name}" for app, name in disk} & released())


# -- one of each kind, planted -------------------------------------------------------------------------------


def all_at_once(apps: Any, editor: Any) -> None:
    apps.get_model("inventory", "Item").objects.update(name="x")


def in_batches(apps: Any, editor: Any) -> None:
    items = apps.get_model("inventory", "Item").objects
    while some := list(items.filter(name="").values_list("pk", flat=True)[:500]):
        items.filter(pk__in=some).update(name="x")


TEXT = models.TextField()
POSITIVE = models.CheckConstraint(condition=models.Q(weight_g__gte=0), name="planted_check")
INDEX = models.Index(fields=["name"], name="planted_index")

BAD: dict[str, tuple[str, bool, list[Any]]] = {
    "a column that must be filled": (
        "adding-required-field", True, [migrations.RunSQL("ALTER TABLE inventory_item ADD COLUMN x text NOT NULL;")],
    ),
    "a default that the older release does not know": (
        "ban-drop-default", True, [migrations.AddField("item", "x", models.IntegerField(default=5))],
    ),
    "an index that stops all writing": (
        "require-concurrent-index-creation", True, [migrations.AddIndex("item", INDEX)],
    ),
    "an index taken away under a lock": (
        "require-concurrent-index-deletion", True, [migrations.RunSQL("DROP INDEX planted_index;")],
    ),
    "a type that rewrites the table": (
        "changing-column-type", True, [migrations.AlterField("item", "weight_g", models.BigIntegerField())],
    ),
    "a check that reads the whole table under a lock": (
        "constraint-missing-not-valid", True, [migrations.AddConstraint("item", POSITIVE)],
    ),
    "one that is validated in the same transaction": (
        "constraint-missing-not-valid", True,
        [AddConstraintNotValid("item", POSITIVE), ValidateConstraint("item", "planted_check")],
    ),
    "a foreign key that reads two tables under a lock": (
        "adding-foreign-key-constraint", True,
        [migrations.AddField("item", "x", models.ForeignKey("self", models.CASCADE, null=True, db_index=False))],
    ),
    "a unique constraint that builds its index under a lock": (
        "disallowed-unique-constraint", True,
        [migrations.AddConstraint("item", models.UniqueConstraint(fields=["name"], name="planted_unique"))],
    ),
    "a column that may not be empty any more": (
        "adding-not-nullable-field", True,
        [migrations.RunSQL("ALTER TABLE inventory_item ALTER COLUMN length_mm SET NOT NULL;")],
    ),
    "a column that the older release reads": ("ban-drop-column", True, [migrations.RemoveField("item", "name")]),
    "a table that it reads": ("ban-drop-table", True, [migrations.DeleteModel("StockAdjustment")]),
    "a column by another name": ("renaming-column", True, [migrations.RenameField("item", "name", "title")]),
    "a table by another name": (
        "renaming-table", True, [migrations.RunSQL("ALTER TABLE inventory_item RENAME TO inventory_thing;")],
    ),
    "rows changed in the transaction of the schema": (
        "rows-in-one-transaction", True, [migrations.RunPython(in_batches)],
    ),
    "all rows at once, by code": ("rows-not-in-batches", False, [migrations.RunPython(all_at_once)]),
    "all rows at once, by a statement": (
        "rows-not-in-batches", False, [migrations.RunSQL("UPDATE inventory_item SET name = '';")],
    ),
    "a lock that waits without a limit": (
        "locks-without-limit", False, [migrations.AddField("item", "x", models.TextField(null=True))],
    ),
    "a lock asked for": ("locks-a-table", True, [migrations.RunSQL("LOCK TABLE inventory_item;")]),
    "a limit of its own": ("own-time-limit", True, [migrations.RunSQL("SET LOCAL lock_timeout = 0;")]),
    "an index beside the work, in a transaction": (
        "ban-concurrent-index-creation-in-transaction", True,
        [migrations.RunSQL("CREATE INDEX CONCURRENTLY x ON inventory_item (name);")],
    ),
}  # fmt: skip

GOOD: dict[str, tuple[bool, list[Any]]] = {
    "a column that may be empty": (True, [migrations.AddField("item", "x", models.TextField(null=True))]),
    "a default in the database": (True, [migrations.AddField("item", "x", models.IntegerField(db_default=5))]),
    "an index beside the work": (False, [AddIndexConcurrently("item", INDEX)]),
    "a check, first for new rows": (True, [AddConstraintNotValid("item", POSITIVE)]),
    "then for all": (False, [
        migrations.RunSQL('ALTER TABLE "inventory_item" VALIDATE CONSTRAINT "planted_check";'),
    ]),
    "a new table with its indexes": (True, [
        migrations.CreateModel("Planted", [
            ("id", models.BigAutoField(primary_key=True)), ("name", models.TextField(db_index=True)),
            ("item", models.ForeignKey("inventory.item", models.CASCADE)),
        ]),
    ]),
    "rows in batches": (False, [migrations.RunPython(in_batches, migrations.RunPython.noop)]),
    "what only the code knows": (True, [migrations.AlterModelOptions("item", {"verbose_name": "thing"})]),
}  # fmt: skip


def planted(atomic: bool, operations: list[Any]) -> Migration:
    made = Migration("9999_planted", "inventory")
    made.atomic, made.operations = atomic, operations
    return made


@lru_cache
def now() -> ProjectState:
    """The tables of stock and what they stand on: those that are planted upon."""
    loader = MigrationLoader(None)
    return loader.project_state(loader.graph.leaf_nodes("inventory"))


def told(migration: Migration, folder: Path) -> set[str]:
    return {fault.rule for fault in faults({migration: now()}, folder)}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", BAD)
def test_what_would_lock_people_out_is_caught(kind: str, tmp_path: Path) -> None:
    rule, atomic, operations = BAD[kind]
    migration = planted(atomic, operations)
    assert rule in told(migration, tmp_path)
    migration.allowed = {rule: "the test says so"}  # type: ignore[attr-defined]
    assert rule not in told(migration, tmp_path), "a reason beside the code is taken"


@pytest.mark.django_db
@pytest.mark.parametrize("kind", GOOD)
def test_the_safe_way_passes(kind: str, tmp_path: Path) -> None:
    atomic, operations = GOOD[kind]
    assert told(planted(atomic, operations), tmp_path) == set()


# -- and none stands in a queue for a lock ---------------------------------------------------------------------


def sessions() -> bool:
    return "django_session" in connection.introspection.table_names()


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Any:
    """Somebody whose transaction stays open on a table that is about to go."""
    monkeypatch.setattr(migrate, "WAIT_MS", 50)
    monkeypatch.setattr(migrate, "TRIES", 3)
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:  # type: ignore[arg-type]
        other.execute("SELECT count(*) FROM django_session")
        yield other
    call_command("migrate", verbosity=0)


def test_a_migration_waits_a_moment_and_gives_way(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(migrate.time, "sleep", pauses.append)
    with pytest.raises(
        CommandError, match=r"sessions\.0001_initial found its table in use at each of 3 tries"
    ):
        call_command("migrate", "sessions", "zero", verbosity=0)
    assert sessions() and pauses == [migrate.PAUSE] * 2


def test_it_is_tried_again_when_the_table_is_free(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        before = cursor.fetchone()
        monkeypatch.setattr(migrate.time, "sleep", lambda _: reader.rollback())
        call_command("migrate", "sessions", "zero", verbosity=0)
        assert not sessions()
        cursor.execute("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
        assert cursor.fetchone() == before, "who gets this session next finds it as it was"
