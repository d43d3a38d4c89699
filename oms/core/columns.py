"""Write columns of many rows in one plain statement: what ``bulk_update`` does with a CASE for every row and
column, an array a column does in a fraction of the time."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, models
from django_fsm import FSMFieldMixin


def write_columns(rows: Sequence[models.Model], *names: str) -> None:
    """Write these columns of rows of one model as they stand on the instances. The rows are locked by the
    caller, or nobody else writes these columns. A state is not for us: ``lifecycle.move`` alone writes it."""
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = [meta.get_field(name) for name in names]
    if states := [field.name for field in fields if isinstance(field, FSMFieldMixin)]:
        raise TypeError(f"{meta.label}: {', '.join(states)} is written by lifecycle.move alone")
    columns = [connection.ops.quote_name(field.column) for field in fields]
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
