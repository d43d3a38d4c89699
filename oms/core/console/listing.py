"""Lists that stay fast at a million rows: pages by key, no COUNT, a queue's rows on demand.

A page is found by where the last one ended, so page 1000 costs what page 1 does. One statement reads a page and
one row more, which tells whether there is a next one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from unfold.views import ChangeList

from oms.core.console.registry import Queue, registry

AFTER, BEFORE, QUEUE = "after", "before", "queue"
OURS = (AFTER, BEFORE, QUEUE)


class KeysetList(ChangeList):
    """A changelist ordered by (field, primary key), the model admin's ``keyset``, without offsets."""

    next_cursor = previous_cursor = ""

    def __init__(self, request: Any, *args: Any, **kwargs: Any) -> None:
        self.queue: Queue | None = registry.queues.get(request.GET.get(QUEUE, ""))
        super().__init__(request, *args, **kwargs)

    def get_filters_params(self, params: Any = None) -> Any:
        return {k: v for k, v in super().get_filters_params(params).items() if k not in OURS}

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        # A changed filter begins at its first page.
        return super().get_query_string(new_params, [*(remove or ()), AFTER, BEFORE])

    def _order(self) -> tuple[str, bool]:
        """Field and whether descending. A queue shows what has waited longest first."""
        name: str = self.model_admin.keyset
        if self.queue:
            own = self.queue.counted is None and "__" not in self.queue.age_field
            return (self.queue.age_field if own else name.lstrip("-")), False
        return name.lstrip("-"), name.startswith("-")

    def get_ordering(self, request: Any, queryset: QuerySet) -> list[str]:
        field, descending = self._order()
        sign = "-" if descending else ""
        return [f"{sign}pk"] if field in ("pk", "id") else [f"{sign}{field}", f"{sign}pk"]

    def get_queryset(self, request: Any, exclude_parameters: Any = None) -> QuerySet:
        rows = super().get_queryset(request, exclude_parameters)
        return rows.filter(pk__in=self.queue.rows().order_by().values("pk")) if self.queue else rows

    def whole(self, size: int) -> Iterator[list[Any]]:
        """All rows of the list in its order, ``size`` at a time, each batch found by where the last one ended."""
        field, descending = self._order()
        rows = self.queryset
        while True:
            found = list(rows[:size])
            yield found
            if len(found) < size:
                return
            place = (getattr(found[-1], field), found[-1].pk)
            rows = self.queryset.filter(_beyond(field, place, forwards=not descending))

    def get_results(self, request: Any) -> None:
        field, descending = self._order()
        per = self.list_per_page
        backwards = BEFORE in request.GET
        cursor = _decode(request.GET.get(BEFORE if backwards else AFTER, ""))
        rows = self.queryset
        if cursor:
            rows = rows.filter(_beyond(field, cursor, forwards=descending == backwards))
        if backwards:
            rows = rows.reverse()
        found = list(rows[: per + 1])
        more = len(found) > per
        found = found[:per]
        if backwards:
            found.reverse()
        self.result_list = found
        self.result_count = self.full_result_count = len(found)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = Paginator(found, per)
        if found:
            if more or backwards:
                self.next_cursor = _encode(found[-1], field)
            if cursor and (more or not backwards):
                self.previous_cursor = _encode(found[0], field)


def _beyond(field: str, cursor: tuple[Any, Any], *, forwards: bool) -> Q:
    value, pk = cursor
    way = "gt" if forwards else "lt"
    if field in ("pk", "id"):
        return Q(**{f"pk__{way}": pk})
    # The first condition says nothing new; it is what lets the index find the place.
    return Q(**{f"{field}__{way}e": value}) & (
        Q(**{f"{field}__{way}": value}) | Q(**{field: value, f"pk__{way}": pk})
    )


def _encode(row: Any, field: str) -> str:
    value = getattr(row, field)
    kept = value.isoformat() if isinstance(value, datetime | date) else value
    return base64.urlsafe_b64encode(json.dumps([kept, row.pk], default=str).encode()).decode().rstrip("=")


def _decode(text: str) -> tuple[Any, Any] | None:
    """The place that a cursor means; a broken one means the first page."""
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(value, str):
            value = parse_datetime(value) or value
        return value, int(pk)
    except (ValueError, TypeError):
        return None


def distinct(table: str, column: str, limit: int = 60) -> list[str]:
    """The different values of an indexed text column, one index step each instead of a walk over the table."""
    name = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE found AS (
                (SELECT {name(column)} AS value FROM {name(table)} ORDER BY 1 LIMIT 1)
                UNION ALL
                SELECT (SELECT {name(column)} FROM {name(table)} WHERE {name(column)} > found.value ORDER BY 1 LIMIT 1)
                  FROM found WHERE found.value IS NOT NULL)
            SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
            """,  # noqa: S608  (both names are quoted identifiers of ours)
            [limit],
        )
        return [row[0] for row in cursor.fetchall()]
