"""Write many rows in plain statements. What the ORM does with an expression for every value, a COPY or one document
of rows does in a fraction of the time, and a row that is only written needs no instance of its model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal

import orjson
from django.db import connection, models
from django.utils import timezone
from django_fsm import FSMFieldMixin

from oms.core.statements import prepared

Row = dict[str, Any]
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
                [told for plan, rows in waiting.items() for told in plan.parameters(rows)],
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
            cursor.execute(plan.insert, plan.parameters(rows))
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
            [_encode([{name: getattr(row, name) for name in shape.columns} for row in rows])],
        )


def _settle(row: models.Model, field: Any) -> None:
    """A parent that was inserted after this row had been made has its key now."""
    if row.__dict__[field.attname] is None and field.is_cached(row):
        parent = getattr(row, field.name)
        row.__dict__[field.attname] = parent and parent.pk


def _next_keys(plan: _Plan, count: int) -> list[int]:
    with prepared() as cursor:
        cursor.execute(
            "SELECT nextval(s) FROM (SELECT pg_get_serial_sequence(%s, %s)::regclass AS s OFFSET 0) AS named,"
            " generate_series(1, %s::int)",
            [plan.told.table, plan.told.key.strip('"'), count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(plan: _Plan, rows: Sequence[Row]) -> None:
    into, alike = f"COPY {plan.told.table} ({plan.names}) FROM STDIN", plan.alike()
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in plan.whole(rows):
            values = [row[name] for name in plan.told.columns]
            for at in plan.told.in_json:
                values[at] = as_json(values[at])
            copy.write_row([*alike, *values])


def _few(plan: _Plan, rows: Sequence[Row], clash: str = "") -> list[int]:
    with prepared() as cursor:
        cursor.execute(f"{plan.insert} {clash} RETURNING {plan.told.key}", plan.parameters(rows))
        return [key for (key,) in cursor.fetchall()]


@dataclass(frozen=True, eq=False)
class _Shape:
    """Columns of a table, as SQL wants them. A field's ``attname`` is its column's name with us."""

    table: str
    key: str
    columns: tuple[str, ...]
    names: str
    types: tuple[str, ...]
    in_json: tuple[int, ...]

    @property
    def recordset(self) -> str:
        """Rows from a document that tells them by column."""
        columns = zip(self.names.split(", "), self.types, strict=True)
        return f"json_to_recordset(%s::json) AS r({', '.join(map(' '.join, columns))})"


@dataclass(frozen=True, eq=False)
class _Plan:
    """How rows with these columns are inserted, reckoned once for each model and set of columns. What the rows say is
    told row by row; what they leave out, once for all of them, but for what each has ``made`` for itself."""

    told: _Shape
    same: _Shape
    made: Mapping[str, Callable[[], Any]]
    fixed: tuple[Any, ...]
    names: str
    insert: str

    def whole(self, rows: Sequence[Row]) -> Sequence[Row]:
        if not self.made:
            return rows
        return [row | {name: default() for name, default in self.made.items()} for row in rows]

    def alike(self) -> list[Any]:
        """What is the same in all rows, in the order of the columns."""
        now = timezone.now()
        return [now if value is timezone.now else value for value in self.fixed]

    def parameters(self, rows: Sequence[Row]) -> list[Any]:
        """Those of ``insert``."""
        return [*self.alike(), _encode(self.whole(rows))]


@cache
def _plan(meta: Any, given: tuple[str, ...]) -> _Plan:
    by_name = {field.attname: field for field in meta.local_concrete_fields if not field.generated}
    others = [field for name, field in by_name.items() if name not in given and not field.primary_key]
    made = {field.attname: field.default for field in others if _is_made(field)}
    fixed = [field for field in others if field.attname not in made]
    told, same = _shape(meta, (*given, *made)), _shape(meta, tuple(field.attname for field in fixed))
    names = ", ".join(filter(None, (same.names, told.names)))
    alike = "".join(f"%s::{kind}, " for kind in same.types)
    # Names come from our own models; values go as parameters.
    into = f"INSERT INTO {told.table} ({names}) SELECT {alike}{told.names} FROM {told.recordset}"  # noqa: S608
    return _Plan(told, same, made, tuple(map(_default, fixed)), names, into)


def _is_made(field: Any) -> bool:
    """Whether each row has a default of its own, as a key has. The moment is the same in all that are written at once."""
    return field.has_default() and callable(field.default) and field.default not in (timezone.now, dict, list)


def _default(field: Any) -> Any:
    if field.has_default() and field.default is timezone.now:
        return timezone.now
    value = _plain(field.get_default())
    return as_json(value) if isinstance(field, models.JSONField) else value


@cache
def _shape(meta: Any, given: tuple[str, ...]) -> _Shape:
    by_name = {field.attname: field for field in meta.local_concrete_fields}
    fields: list[Any] = [by_name[name] for name in given]
    return _Shape(
        table=connection.ops.quote_name(meta.db_table),
        key=connection.ops.quote_name(meta.pk.column),
        columns=given,
        names=", ".join(connection.ops.quote_name(field.column) for field in fields),
        types=tuple(
            field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
            for field in fields
        ),
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
