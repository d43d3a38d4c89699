"""``manage.py migrate``, made for a system that is at work: no migration stands in a queue for a lock.

A statement that waits for a table's lock lets everybody behind it wait too, even those who only read. So a migration
waits two seconds at the longest, is rolled back whole, and is tried again a little later; those before it are done
and stay. Migrations that are not atomic build indexes and fill columns beside the work: they lock nobody out
(``tests/architecture/migrations.py`` sees to that), and wait as long as it takes.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections

WAIT_MS = 2000
TRIES = 30
PAUSE = 5.0


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        self._connection = connections[options["database"]]
        for left in reversed(range(TRIES)):
            try:
                self._limit(WAIT_MS)
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                    raise
                if not left:
                    raise CommandError(
                        f"{self._last} found its table in use at each of {TRIES} tries. Nothing of it was done; the"
                        " migrations before it are. Look for a transaction that stays open, and migrate again."
                    ) from error
                self.stderr.write(f"\n{self._last}: its table is in use; once more in {PAUSE:.0f} s")
                time.sleep(PAUSE)
            finally:
                self._as_before()

    _last = "The first migration"

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action in ("apply_start", "unapply_start"):
            self._last = str(migration)
            self._limit(WAIT_MS if migration.atomic else 0)
        super().migration_progress_callback(action, migration, fake)

    def _limit(self, wait_ms: int) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = {wait_ms}")
            cursor.execute("SET statement_timeout = 0")

    def _as_before(self) -> None:
        """The session goes back into the pool as it came out."""
        if self._connection.connection is not None and not self._connection.needs_rollback:
            with self._connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
                cursor.execute("RESET statement_timeout")
