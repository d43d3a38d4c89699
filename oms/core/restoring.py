"""Back to a backup: into an empty database, or in the place of what is there when that is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from oms.core.backups import BadBackup, program, tool, unpacked, verify
from oms.core.models import LedgerMark

OURS = f"oms-restore-{os.getpid()}"
ASIDE = "before_the_restore"
# What a system that was only prepared holds already.
BY_PREPARING = ("django_", "auth_permission", "auth_group", "axes_", "core_jobrun", "fulfillment_shelfreason")


def restore(path: Path, *, replace: bool) -> dict[str, Any]:
    """Put the backup's tables into our database; returns its manifest. Whatever fails, what was there before is there
    still. Raises :class:`BadBackup`: not whole, newer than this version, a database that holds something
    (unless ``replace``), or somebody else at work in it."""
    _sign()
    manifest = verify(path)
    known = {
        f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    }
    if newer := sorted(set(manifest["migrations"]) - known - _squashed()):
        raise BadBackup(f"{path} was made by a newer version ({newer[0]} is unknown here): upgrade first.")
    if (holds := what_is_there()) and not replace:
        raise BadBackup(
            f"The database is not empty ({holds}). To put the backup in its place, say --replace."
        )
    if others := _others():
        raise BadBackup(
            f"{others} other connections are at work in the database: stop web, worker and clock first."
        )
    with unpacked(path) as dump:
        _swap(dump)
    _look(manifest)
    LedgerMark.objects.all().delete()  # it speaks of transactions of another time
    return manifest


def what_is_there() -> str:
    """The fullest tables with their rows, in words; empty for a database that holds nothing of anybody's."""
    with connection.cursor() as cursor:
        tables = [
            table
            for table in connection.introspection.table_names(cursor)
            if not table.startswith(BY_PREPARING)
        ]
        found = []
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            if count := cursor.fetchone()[0]:
                found.append((count, table))
    return ", ".join(f"{count} rows in {table}" for count, table in sorted(found, reverse=True)[:3])


def _squashed() -> set[str]:
    """Names of migrations that were made one, and may stand in an older backup."""
    disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    return {f"{app}.{name}" for migration in disk for app, name in migration.replaces}


def _sign() -> None:
    """Our own connections, idle ones of the pool too, are nobody else at work: from now on they bear our name."""
    os.environ["PGAPPNAME"] = OURS
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def _others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND application_name <> %s",
            [OURS],
        )
        count: int = cursor.fetchone()[0]
        return count


def _swap(dump: Path) -> None:
    """Our schema steps aside, the dump comes in by one transaction; if it does not, ours steps back."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")
        cursor.execute("CREATE SCHEMA public")
    argv = [tool("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-acl"]
    try:
        with program([*argv, f"--dbname={connection.settings_dict['NAME']}", str(dump)]):
            pass
    except BaseException:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")
        raise
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {ASIDE} CASCADE")
        cursor.execute("ANALYZE")
    connection.close()  # plans and types that a session knows are those of the tables that are gone


def _look(manifest: dict[str, Any]) -> None:
    """Every table has the rows that were counted when the backup was made."""
    with connection.cursor() as cursor:
        for table, rows in manifest["rows"].items():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            if (count := cursor.fetchone()[0]) != rows:
                raise BadBackup(
                    f"{table} has {count} rows after the restore, and had {rows} when it was backed up."
                )
