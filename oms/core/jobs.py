"""Scheduled work that never overlaps itself: an advisory lock for the truth, a row for the eye."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from oms.core import collisions
from oms.core.apart import apart
from oms.core.models import JobRun

log = logging.getLogger("oms.jobs")
_CLASS = 0x0A5  # our namespace among advisory locks


@contextmanager
def exclusive(name: str, scope: str = "") -> Iterator[MutableMapping[str, Any] | None]:
    """Yields a dict for the run's figures, or ``None`` when this very job already runs somewhere.

    The lock belongs to the database session, so it ends with the worker that held it, however it died.
    """
    key = zlib.crc32(f"{name}:{scope}".encode()) - 2**31
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_CLASS, key])
        if not cursor.fetchone()[0]:
            yield None
            return
    figures: dict[str, Any] = {}
    run = None
    try:
        JobRun.objects.filter(name=name, scope=scope, state="running").update(
            state="lost", finished_at=timezone.now()
        )
        run = JobRun.objects.create(name=name, scope=scope)
        yield figures
        _end(run, "succeeded", figures)
    except BaseException as error:
        collisions.count(error, f"job {name}", given_up=True)
        if run:
            _end(run, "failed", figures, f"{type(error).__name__}: {error}"[:2000])
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_CLASS, key])


def alone(
    name: str, scope: str, work: Callable[[], Mapping[str, Any]], waits: Callable[[], bool] | None = None
) -> None:
    """Do ``work`` under the job's own lock; its figures go into the run. Where that lock is held, nothing is done.

    Whoever was nudged while we held it was turned away: so before we go we look whether something ``waits``, also where
    we found nothing ourselves, since another had been quicker. What waits and cannot be had (somebody has its row) is
    left to the clock after the second look; so is what went wrong (``error`` among the figures).
    """
    empty = 0
    while empty < 2:
        with exclusive(name, scope) as figures:
            if figures is None:
                return
            figures.update(work())
        empty = 0 if any(figures.values()) else empty + 1
        if waits is None or "error" in figures or not waits():
            return


def for_each(
    job: str, scopes: Iterable[str], work: Callable[[str], Mapping[str, Any]],
    waits: Callable[[str], bool] | None = None,
) -> None:  # fmt: skip
    """:func:`alone` for each scope, apart from the others."""
    parts = {
        scope: partial(alone, job, scope, partial(work, scope), waits and partial(waits, scope))
        for scope in scopes
    }
    apart(job, parts)


def _end(run: JobRun, state: str, figures: dict[str, Any], error: str = "") -> None:
    # A job that runs every few seconds and found nothing leaves one row, not thousands.
    if state == "succeeded" and not any(figures.values()):
        JobRun.objects.filter(name=run.name, scope=run.scope, state="succeeded", result={}).exclude(
            pk=run.pk
        ).delete()
        figures = {}
    JobRun.objects.filter(pk=run.pk).update(
        state=state, finished_at=timezone.now(), result=dict(figures), error=error
    )
