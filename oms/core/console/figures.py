"""Counts by day for the strip of figures, in the person's zone; each bar opens the list of what it counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse

from oms.core.console.registry import Day, Reading
from oms.core.places import own

DAYS = 14
WEEK = timedelta(days=7)


def read_for(user: Any, read: Callable[[datetime], Reading]) -> Callable[[datetime], Reading]:
    """The same figure of this person's places, where its rows lie at places."""
    narrowed = getattr(read, "narrowed", None)
    return narrowed(lambda rows: own(user, rows)) if narrowed else read


def _of_rows(
    make: Callable[[Callable[[], Any]], Callable[[datetime], Reading]], rows: Callable[[], Any]
) -> Callable[[datetime], Reading]:
    """``make(rows)``, which can be made once more of fewer rows."""
    read: Any = make(rows)
    read.narrowed = lambda fewer: make(lambda: fewer(rows()))
    made: Callable[[datetime], Reading] = read
    return made


def daily(
    rows: Callable[[], Any], field: str, changelist: str, *, of: str = ""
) -> Callable[[datetime], Reading]:
    """A figure's ``read``: how many of ``rows`` have today's date in ``field`` (which has an index); or what their
    column ``of`` comes to."""
    amount = Sum(of, default=0) if of else Count("pk")

    def make(rows: Callable[[], Any]) -> Callable[[datetime], Reading]:
        def read(now: datetime) -> Reading:
            midnight, counted = _by_day(rows(), field, now, amount)
            days = _days(midnight, counted, changelist, field)
            earlier = rows().filter(**{f"{field}__gte": midnight - WEEK, f"{field}__lte": now - WEEK})
            before = earlier.aggregate(n=amount)["n"]
            return Reading(days[-1].count, before, days, days[-1].link)

        return read

    return _of_rows(make, rows)


def standing(
    rows: Callable[[], Any], field: str, changelist: str, link: str
) -> Callable[[datetime], Reading]:
    """A figure's ``read``: how many of ``rows`` there are at all now (few, by a partial index), by day of
    ``field``; ``link`` is the query of their list."""

    def make(rows: Callable[[], Any]) -> Callable[[datetime], Reading]:
        def read(now: datetime) -> Reading:
            midnight, counted = _by_day(rows(), field, now, Count("pk"))
            days = _days(midnight, counted, changelist, field)
            return Reading(rows().count(), None, days, f"{reverse(changelist)}?{link}")

        return read

    return _of_rows(make, rows)


def _by_day(rows: Any, field: str, now: datetime, amount: Any) -> tuple[datetime, dict[date, int]]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    span = {f"{field}__gte": midnight - timedelta(days=DAYS - 1), f"{field}__lte": now}
    days = rows.filter(**span).annotate(day=TruncDate(field, tzinfo=now.tzinfo)).order_by()
    return midnight, dict(days.values_list("day").annotate(amount))


def _days(midnight: datetime, counted: dict[date, int], changelist: str, field: str) -> list[Day]:
    found = []
    for ago in range(DAYS - 1, -1, -1):
        start = midnight - timedelta(days=ago)
        query = urlencode(
            {f"{field}__gte": start.isoformat(), f"{field}__lt": (start + timedelta(days=1)).isoformat()}
        )
        found.append(Day(start.date(), counted.get(start.date(), 0), f"{reverse(changelist)}?{query}"))
    return found
