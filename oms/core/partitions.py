"""History in partitions: the journal and the stock movements lie in tables of so many ids each, the next one made ahead.

What no partition was made for goes into the one called ``_rest``, so that no row is ever refused. It should stay
empty: new rows there would not be looked for in one small table any more. Where it did not, :func:`make_ahead` gives it
bounds and a name as it is, and makes a new one; no row is copied.

Every step that needs a table for itself holds it for a moment and waits for it two seconds at the most: what does not
get it fails, is rolled back whole, and has its next turn with the next run. docs/adr/0034-history-lies-in-partitions.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from oms.core.models import JobRun

JOB = "oms.core.partitions"
HISTORIES = ("core_journalentry", "inventory_stockmovement")
WAIT = "2s"
BOUNDS = "history_bounds"
_TO = re.compile(r"FROM \((?:MINVALUE|'(?P<lower>\d+)')\) TO \('(?P<upper>\d+)'\)")


@dataclass(frozen=True)
class Partition:
    """Rows with ids from ``lower`` to below ``upper``; neither for the rest. ``rows`` as PostgreSQL last counted them,
    ``bytes`` with indexes."""

    name: str
    lower: int | None
    upper: int | None
    rows: int
    bytes: int


def partitions(table: str) -> list[Partition]:
    """Those of a table, oldest first, the rest last."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), greatest(c.reltuples, 0)::bigint,"
            " pg_total_relation_size(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [table],
        )
        for name, bounds, rows, size in cursor.fetchall():
            told = _TO.search(bounds)
            lower, upper = (int(told["lower"] or 0), int(told["upper"])) if told else (None, None)
            found.append(Partition(name, lower, upper, rows, size))
    return sorted(found, key=lambda one: (one.upper is None, one.upper))


def drawn(table: str) -> int:
    """The highest id that was drawn, whether or not its row is there yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(%s, 'id')::regclass), 0)", [table]
        )
        last: int = cursor.fetchone()[0]
        return last


def astray() -> list[str]:
    """The histories that have rows in no partition of their own."""
    with connection.cursor() as cursor:
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table}_rest)"  # noqa: S608 - our own words
            for table in HISTORIES
        )
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


def not_made_ahead() -> Any:
    """The last run of the job, while a history has rows in no partition of its own; all of it one question."""
    newest = JobRun.objects.filter(name=JOB).order_by("-started_at").values("pk")[:1]
    rows = " OR ".join(f"EXISTS (SELECT FROM {table}_rest)" for table in HISTORIES)
    lost = RawSQL(rows, (), BooleanField())  # noqa: S611 - our own words
    return JobRun.objects.alias(lost=lost).filter(pk__in=newest, lost=True)


def make_ahead() -> dict[str, int]:
    """Make what will be needed: the next partition once the newest is a quarter full. How many of each history."""
    lost = astray()
    return {table: (_adopt(table) if table in lost else 0) + _extend(table) for table in HISTORIES}


def _extend(table: str) -> int:
    size, made = settings.HISTORY_PARTITION, 0
    while _wanted(table, size) is not None:
        with _briefly(table) as cursor:
            # Read again behind the lock: another run may have made it meanwhile.
            if (lower := _wanted(table, size)) is None:
                break
            name = _name(table, lower)
            _like(cursor, table, name)
            cursor.execute(
                f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + size})"
            )
            made += 1
    return made


def _wanted(table: str, size: int) -> int | None:
    """Where the next partition begins, when it is time for it."""
    upper = _end(partitions(table))
    return upper if drawn(table) >= upper - size * 3 // 4 else None


def _end(known: Sequence[Partition]) -> int:
    return max(one.upper for one in known if one.upper is not None)


def _adopt(table: str) -> int:
    """The rest becomes a partition as it is. That its rows keep within the bounds is found out beside the work."""
    rest, size = f"{table}_rest", settings.HISTORY_PARTITION
    with _briefly(table) as cursor:
        lower = _end(partitions(table))
        upper = max(lower, (drawn(table) + size // 4) // size * size) + size
        cursor.execute(f"ALTER TABLE {rest} DROP CONSTRAINT IF EXISTS {BOUNDS}")
        cursor.execute(
            f"ALTER TABLE {rest} ADD CONSTRAINT {BOUNDS} CHECK (id >= {lower} AND id < {upper}) NOT VALID"
        )
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {rest} VALIDATE CONSTRAINT {BOUNDS}")
    with _briefly(table) as cursor:
        name = _name(table, lower)
        cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {rest}")
        cursor.execute(f"ALTER TABLE {rest} RENAME TO {name}")
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = %s::regclass", [name],
        )  # fmt: skip
        for index, once in cursor.fetchall():
            cursor.execute(
                f'ALTER INDEX {index} RENAME TO "{once.replace("_rest", f"_from_{lower}", 1)[:63]}"'
            )
        cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({upper})")
        cursor.execute(f"ALTER TABLE {name} DROP CONSTRAINT {BOUNDS}")
        _like(cursor, table, rest)
        cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {rest} DEFAULT")
    return 1


def _like(cursor: Any, table: str, name: str) -> None:
    """An empty table as the others are, with the triggers that a partition does not inherit: those of a statement."""
    cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
    cursor.execute(
        "SELECT pg_get_triggerdef(t.oid), format(' ON %%I.%%I ', n.nspname, c.relname), format(' ON %%I.%%I ', n.nspname, %s::text)"
        " FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.oid = %s::regclass AND NOT t.tgisinternal", [name, table],
    )  # fmt: skip
    for trigger, there, here in cursor.fetchall():
        cursor.execute(trigger.replace(there, here, 1))


def _name(table: str, lower: int) -> str:
    return f"{table}_from_{lower}"


@contextmanager
def _briefly(table: str) -> Iterator[Any]:
    """One step by itself, no two at once. This lock lets everybody else read and write."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
        cursor.execute(f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE")
        yield cursor
