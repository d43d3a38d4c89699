"""Write many rows in plain statements: what the ORM does with an expression for every value, a COPY or an array
a column does in a fraction of the time, and a row that is only written needs no instance of its model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache
from operator import itemgetter
from typing import Any, Literal

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django_fsm import FSMFieldMixin

# From so many rows on, COPY is the quicker way; below, its two further round trips cost more than they save.
COPIED = 8


def insert(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    keys: bool = False,
    known: Literal["raise", "skip"] = "raise",
) -> list[int]:
    """Insert rows given by column (``order_id``, not ``order``), all with the same names; a column that they leave
    out has its field's default. Returns the new primary keys in the order of the rows, where ``keys`` are wanted.

    A row that breaks a constraint raises an IntegrityError; one that is there already too, unless ``known`` rows are
    to be skipped (then the keys are those of the new ones). JSON is given as Python values.
    """
    if not rows:
        return []
    meta, given = model._meta, tuple(rows[0])
    if known == "skip":
        return _values(meta, given, rows, "ON CONFLICT DO NOTHING")
    if len(rows) < COPIED:
        return _values(meta, given, rows)
    if not keys:
        _copy(meta, given, rows)
        return []
    made, key = _next_keys(meta, len(rows)), meta.pk.attname
    _copy(meta, (key, *given), [{key: new, **row} for new, row in zip(made, rows, strict=True)])
    return made


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


def _settle(row: models.Model, field: Any) -> None:
    """A parent that was inserted after this row had been made has its key now."""
    if row.__dict__[field.attname] is None and field.is_cached(row):
        parent = getattr(row, field.name)
        row.__dict__[field.attname] = parent and parent.pk


def _next_keys(meta: Any, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [connection.ops.quote_name(meta.db_table), meta.pk.column, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(meta: Any, given: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> None:
    names, prepare = _plan(meta, given)
    into = f"COPY {connection.ops.quote_name(meta.db_table)} ({names}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(prepare(row))


def _values(
    meta: Any, given: tuple[str, ...], rows: Sequence[Mapping[str, Any]], clash: str = ""
) -> list[int]:
    names, prepare = _plan(meta, given)
    values = [prepare(row) for row in rows]
    marks = f"({', '.join(['%s'] * len(values[0]))})"
    with connection.cursor() as cursor:
        # Names come from our own models; values go as parameters.
        cursor.execute(
            f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names})"  # noqa: S608
            f" VALUES {', '.join([marks] * len(values))} {clash} RETURNING {connection.ops.quote_name(meta.pk.column)}",
            [value for row in values for value in row],
        )
        return [key for (key,) in cursor.fetchall()]


@cache
def _plan(meta: Any, given: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, Any]], list[Any]]]:
    """The names of the columns as SQL, and what makes a row's values from what is given of it."""
    by_name = {field.attname: field for field in meta.local_concrete_fields if not field.generated}
    told = [by_name[name] for name in given]
    others = [field for name, field in by_name.items() if name not in given and not field.primary_key]
    columns = [*told, *others]
    read = itemgetter(*given) if len(given) > 1 else lambda row: (row[given[0]],)
    fixed = [None if callable(field.default) else _plain(field.get_default()) for field in others]
    made = [(at, field.get_default) for at, field in enumerate(others, len(told)) if callable(field.default)]
    in_json = [at for at, field in enumerate(columns) if isinstance(field, models.JSONField)]

    def prepare(row: Mapping[str, Any]) -> list[Any]:
        values = [*read(row), *fixed]
        for at, default in made:
            values[at] = default()
        for at in in_json:
            values[at] = as_json(values[at])
        return values

    return ", ".join(connection.ops.quote_name(str(field.column)) for field in columns), prepare


def _plain(value: Any) -> Any:
    """The driver knows no members of ``TextChoices``."""
    return value.value if isinstance(value, Enum) else value


_encode = DjangoJSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_json(value: Any) -> str | None:
    return None if value is None else _encode(value)


def write_columns(rows: Sequence[models.Model], *names: str) -> None:
    """Write these columns of rows of one model as they stand on the instances. The rows are locked by the
    caller, or nobody else writes these columns. A state is not for us: ``lifecycle.move`` alone writes it."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields: list[Any] = [meta.get_field(name) for name in names]
    if states := [field.name for field in fields if isinstance(field, FSMFieldMixin)]:
        raise TypeError(f"{meta.label}: {', '.join(states)} is written by lifecycle.move alone")
    columns = [connection.ops.quote_name(str(field.column)) for field in fields]
    values = [
        [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in fields
    ]
    with connection.cursor() as cursor:
        # Names come from our own models; values go as parameters.
        cursor.execute(
            f"UPDATE {connection.ops.quote_name(meta.db_table)} AS t"  # noqa: S608
            f" SET {', '.join(f'{column} = k.{column}' for column in columns)}"
            f" FROM unnest(%s::bigint[], {', '.join(f'%s::{field.db_type(connection)}[]' for field in fields)})"
            f" AS k(id, {', '.join(columns)}) WHERE t.id = k.id",
            [[row.pk for row in rows], *values],
        )
