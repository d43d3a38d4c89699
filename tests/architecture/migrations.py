"""Whether a migration can run while the system works. Squawk reads its SQL for locks, rewrites and what an older
release could not live with; what no SQL tells is looked at here. How to write a safe one stands in
``docs/how-to/change-the-schema.md``."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.migrations import Migration, RunPython
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

SQUAWK = Path(sys.executable).with_name("squawk")
# Questions of taste, and the time-outs, which `migrate` itself sets on its session.
NOT_ASKED = (
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field",
    "prefer-timestamptz", "prefer-robust-stmts", "ban-char-field", "require-lock-timeout", "require-statement-timeout",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """``rule`` is what a migration names in ``allowed`` when it must be."""

    migration: str
    rule: str
    words: str

    def __str__(self) -> str:
        return f"{self.migration}: {self.rule}: {self.words}"


def statements(migration: Migration, before: ProjectState) -> list[str]:
    """What it would send to the database, in order; nothing is sent."""
    outside = connection.copy()  # what is built beside the work refuses a connection that is in a transaction
    try:
        with outside.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
            migration.apply(before.clone(), editor, collect_sql=True)
    finally:
        outside.close()
    return [text for text in editor.collected_sql if not text.startswith("--")]


def faults(migrations: Mapping[Migration, ProjectState], folder: Path) -> list[Fault]:
    """Those of all these migrations, each with the state before it. What a migration allows itself with a reason,
    ``allowed = {rule: reason}``, is none."""
    found: list[Fault] = []
    written: dict[str, str] = {}
    for number, (migration, before) in enumerate(migrations.items()):
        sql = statements(migration, before)
        path = folder / f"{number:04}.sql"
        path.write_text("\n".join(["BEGIN;", *sql, "COMMIT;"] if migration.atomic else sql))
        written[str(path)] = str(migration)
        found += [Fault(str(migration), *told) for told in _ours(migration, sql)]
    found += _squawk(written)
    allowed = {str(migration): set(getattr(migration, "allowed", {})) for migration in migrations}
    return [fault for fault in found if fault.rule not in allowed[fault.migration]]


def _squawk(written: Mapping[str, str]) -> list[Fault]:
    if not written:
        return []
    argv = [
        str(SQUAWK),
        "--pg-version",
        "15",
        "--reporter",
        "json",
        "--exclude",
        ",".join(NOT_ASKED),
        *written,
    ]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stderr
    told = json.loads(ran.stdout or "[]")
    return [
        Fault(written[one["file"]], one["rule_name"], f"{one['message']} {one['help'] or ''}") for one in told
    ]


_CHANGES_ROWS = re.compile(r"\s*(UPDATE|DELETE|INSERT|MERGE|WITH|COPY|DO)\b", re.I)
_LOCKS_NOBODY_OUT = re.compile(
    r"\s*((CREATE( UNIQUE)?|DROP) INDEX CONCURRENTLY|ALTER TABLE \S+ VALIDATE CONSTRAINT|REINDEX \w+ CONCURRENTLY"
    r"|ANALYZE|SET CONSTRAINTS)\b",
    re.I,
)


def _ours(migration: Migration, sql: Sequence[str]) -> Iterator[tuple[str, str]]:
    changing = [text for text in sql if _CHANGES_ROWS.match(text)]
    code = [each.code for each in _flat(migration.operations) if isinstance(each, RunPython)]
    if migration.atomic and (changing or code):
        yield (
            "rows-in-one-transaction",
            "it changes rows: atomic = False, alone, and in batches that end by themselves",
        )
    for text in changing:
        if not migration.atomic:
            yield "rows-not-in-batches", f"one statement over a whole table: {text[:80]}"
    for function in code:
        if not _has_a_loop(function):
            yield "rows-not-in-batches", f"{function.__name__} has no loop: it changes all rows at once"
    if not migration.atomic:
        for text in sql:
            if not (_LOCKS_NOBODY_OUT.match(text) or _CHANGES_ROWS.match(text)):
                yield "locks-without-limit", f"an atomic migration of its own waits 2 s at most: {text[:80]}"
    for text in sql:
        if re.match(r"\s*LOCK\b", text, re.I):
            yield "locks-a-table", text[:80]
        if re.search(r"\bSET\s+(LOCAL\s+|SESSION\s+)?(lock|statement)_timeout\b", text, re.I):
            yield (
                "own-time-limit",
                "`migrate` sets the limits; a migration that changes them waits with all behind it",
            )


def _flat(operations: Sequence[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _has_a_loop(function: Callable[..., Any]) -> bool:
    if function is RunPython.noop:
        return True
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(isinstance(node, ast.For | ast.While) for node in ast.walk(tree))
