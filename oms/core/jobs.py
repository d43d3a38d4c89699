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


def for_each(job: str, scopes: Iterable[str], work: Callable[[str], Mapping[str, Any]]) -> None:
    """Do ``work(scope)`` for each scope, apart from the others and under its own lock; its figures go into the run."""

    def part(scope: str) -> None:
        with exclusive(job, scope) as figures:
            if figures is not None:
                figures.update(work(scope))

    apart(job, {scope: partial(part, scope) for scope in scopes})


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
