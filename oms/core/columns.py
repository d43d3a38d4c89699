"""Write many rows in plain statements. What the ORM does with an expression for every value, a COPY or one document
of rows does in a fraction of the time, and a row that is only written needs no instance of its model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any, Literal

import orjson
from django.db import connection, models
from django.utils import timezone
from django_fsm import FSMFieldMixin

from oms.core.statements import prepared

Row = Mapping[str, Any]
"""A row by column (``order_id``, not ``order``)."""

# From so many rows on, COPY is the quicker way; below, its further round trips cost more than they save.
COPIED = 8

_waiting: ContextVar[dict[_Plan, list[Row]] | None] = ContextVar("waiting", default=None)
_streaming: ContextVar[bool] = ContextVar("streaming", default=False)


def together(rows: int) -> AbstractContextManager[None]:
    """A block that inserts into several tables, about ``rows`` each. Few wait for its end and go in one statement then;
    many are sent without waiting for what becomes of them, so that the database writes while we go on reckoning.
    Within the block nothing is sure to see them, and their errors may come as late as its end."""
    return _gathered() if rows < COPIED else _streamed()


@contextmanager
def _gathered() -> Iterator[None]:
    waiting: dict[_Plan, list[Row]] = {}
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    if waiting:
        parts = [f"t{n} AS ({plan.insert})" for n, plan in enumerate(waiting)]
        with prepared() as cursor:
            cursor.execute(
                f"WITH {', '.join(parts)} SELECT",
                [plan.document(plan.values(rows)) for plan, rows in waiting.items()],
            )


@contextmanager
def _streamed() -> Iterator[None]:
    connection.ensure_connection()
    token = _streaming.set(True)
    try:
        with connection.wrap_database_errors, connection.connection.pipeline():
            yield
    finally:
        _streaming.reset(token)


def insert(
    model: type[models.Model],
    rows: Sequence[Row],
    *,
    keys: bool = False,
    known: Literal["raise", "skip"] = "raise",
) -> list[int]:
    """Insert rows that all have the same columns; what they leave out has its field's default. Returns the new
    primary keys in the order of the rows, where ``keys`` are wanted.

    A row that breaks a constraint raises an IntegrityError; one that is there already too, unless ``known`` rows are
    to be skipped (then the keys are those of the new ones). JSON is given as Python values.
    """
    if not rows:
        return []
    plan = _plan(model._meta, tuple(rows[0]))
    if known == "skip":
        return _few(plan, rows, "ON CONFLICT DO NOTHING")
    streaming, waiting = _streaming.get(), _waiting.get()
    if keys and (streaming or len(rows) >= COPIED):
        made, key = _next_keys(plan, len(rows)), model._meta.pk.attname
        insert(model, [{key: new, **row} for new, row in zip(made, rows, strict=True)])
        return made
    if keys:
        return _few(plan, rows)
    if streaming:
        with prepared() as cursor:
            cursor.execute(plan.insert, [plan.document(plan.values(rows))])
    elif waiting is not None:
        waiting.setdefault(plan, []).extend(rows)
    elif len(rows) < COPIED:
        _few(plan, rows)
    else:
        _copy(plan, rows)
    return []


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new instances of one model; their primary keys are set. For whoever goes on to work with them."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [field for field in meta.local_concrete_fields if not field.generated and not field.primary_key]
    for field in fields:
        if field.is_relation:
            for row in rows:
                _settle(row, field)
    made = insert(
        type(rows[0]),
        [{f.attname: _plain(row.__dict__[f.attname]) for f in fields} for row in rows],
        keys=True,
    )
    alias = connection.alias
    for row, key in zip(rows, made, strict=True):
        row.pk = key
        row._state.adding = False
        row._state.db = alias


def write_columns(rows: Sequence[models.Model], *names: str) -> None:
    """Write these columns of rows of one model as they stand on the instances. The rows are locked by the
    caller, or nobody else writes these columns. A state is not for us: ``lifecycle.move`` alone writes it."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    if states := [field.name for field in fields if isinstance(field, FSMFieldMixin)]:
        raise TypeError(f"{meta.label}: {', '.join(states)} is written by lifecycle.move alone")
    shape = _shape(meta, (meta.pk.attname, *(field.attname for field in fields)))
    written = ", ".join(f"{name} = r.{name}" for name in shape.names.split(", ")[1:])
    with prepared() as cursor:
        # Names come from our own models; values go as parameters.
        cursor.execute(
            f"UPDATE {shape.table} AS t SET {written} FROM {shape.recordset} WHERE t.{shape.key} = r.{shape.key}",  # noqa: S608
            [shape.document([row.pk, *(getattr(row, field.attname) for field in fields)] for row in rows)],
        )


def _settle(row: models.Model, field: Any) -> None:
    """A parent that was inserted after this row had been made has its key now."""
    if row.__dict__[field.attname] is None and field.is_cached(row):
        parent = getattr(row, field.name)
        row.__dict__[field.attname] = parent and parent.pk


def _next_keys(plan: _Plan, count: int) -> list[int]:
    with prepared() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s::int)",
            [plan.table, plan.key.strip('"'), count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(plan: _Plan, rows: Sequence[Row]) -> None:
    into = f"COPY {plan.table} ({plan.names}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(into) as copy:
        for values in plan.values(rows):
            for at in plan.in_json:
                values[at] = as_json(values[at])
            copy.write_row(values)


def _few(plan: _Plan, rows: Sequence[Row], clash: str = "") -> list[int]:
    with prepared() as cursor:
        cursor.execute(f"{plan.insert} {clash} RETURNING {plan.key}", [plan.document(plan.values(rows))])
        return [key for (key,) in cursor.fetchall()]


@dataclass(frozen=True, eq=False)
class _Shape:
    """Columns of a table, as SQL wants them and as their values are told."""

    table: str
    key: str
    columns: tuple[str, ...]
    names: str
    recordset: str
    in_json: tuple[int, ...]

    def document(self, rows: Iterable[list[Any]]) -> str:
        """The rows as one JSON document, as ``json_to_recordset`` takes them."""
        return _encode([dict(zip(self.columns, values, strict=True)) for values in rows])


@dataclass(frozen=True, eq=False)
class _Plan(_Shape):
    """How rows with these columns are inserted, reckoned once for each model and set of columns."""

    read: Callable[[Row], tuple[Any, ...]]
    fixed: tuple[Any, ...]
    stamps: tuple[int, ...]
    made: tuple[tuple[int, Callable[[], Any]], ...]

    def values(self, rows: Sequence[Row]) -> Iterator[list[Any]]:
        """Each row's values in the order of the columns; what is stamped has the same moment in all of them."""
        now = timezone.now()
        for row in rows:
            values = [*self.read(row), *self.fixed]
            for at in self.stamps:
                values[at] = now
            for at, default in self.made:
                values[at] = default()
            yield values

    @property
    def insert(self) -> str:
        # Names come from our own models; values go as parameters.
        return f"INSERT INTO {self.table} ({self.names}) SELECT {self.names} FROM {self.recordset}"  # noqa: S608


@cache
def _plan(meta: Any, given: tuple[str, ...]) -> _Plan:
    by_name = {field.attname: field for field in meta.local_concrete_fields if not field.generated}
    others = [field for name, field in by_name.items() if name not in given and not field.primary_key]
    made = [(at, field.default) for at, field in enumerate(others, len(given)) if _is_made(field)]
    return _Plan(
        **vars(_shape(meta, (*given, *(field.attname for field in others)))),
        read=itemgetter(*given) if len(given) > 1 else lambda row: (row[given[0]],),
        fixed=tuple(None if _is_made(field) else _plain(field.get_default()) for field in others),
        stamps=tuple(at for at, default in made if default is timezone.now),
        made=tuple((at, default) for at, default in made if default is not timezone.now),
    )


def _is_made(field: Any) -> bool:
    return field.has_default() and callable(field.default)


@cache
def _shape(meta: Any, given: tuple[str, ...]) -> _Shape:
    by_name = {field.attname: field for field in meta.local_concrete_fields}
    fields = [by_name[name] for name in given]
    quoted = [connection.ops.quote_name(field.column) for field in fields]
    typed = [
        f"{name} {field.rel_db_type(connection) if field.primary_key else field.db_type(connection)}"
        for name, field in zip(quoted, fields, strict=True)
    ]
    return _Shape(
        table=connection.ops.quote_name(meta.db_table),
        key=connection.ops.quote_name(meta.pk.column),
        columns=tuple(field.column for field in fields),
        names=", ".join(quoted),
        recordset=f"json_to_recordset(%s::json) AS r({', '.join(typed)})",
        in_json=tuple(at for at, field in enumerate(fields) if isinstance(field, models.JSONField)),
    )


def _plain(value: Any) -> Any:
    """The driver knows no members of ``TextChoices``."""
    return value.value if isinstance(value, Enum) else value


def _encode(value: Any) -> str:
    return orjson.dumps(value, _told, orjson.OPT_NON_STR_KEYS).decode()


def _told(value: Any) -> str:
    """What JSON has no word for, as PostgreSQL reads it."""
    return "\\x" + bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def as_json(value: Any) -> str | None:
    if not value and isinstance(value, dict | list):  # most of them
        return "[]" if isinstance(value, list) else "{}"
    return None if value is None else _encode(value)
