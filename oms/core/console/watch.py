"""What the machine can tell of itself: jobs that are late, and a disk that fills up."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from oms.core.console.registry import Notice, Queue, register
from oms.core.models import JobRun

TURNS = 3
"""Intervals that a job may be behind."""

GRACE = timedelta(minutes=10)
"""The scheduler writes down every few minutes only when it started what."""

FULL = 0.9
UNITS = {"days": timedelta(days=1), "hours": timedelta(hours=1), "minutes": timedelta(minutes=1),
         "seconds": timedelta(seconds=1)}  # fmt: skip


def _span(expression: Any) -> ExpressionWrapper:
    return ExpressionWrapper(expression, output_field=DurationField())


def timed_jobs() -> Any:
    """Jobs that run every so often and are switched on, each with when it was started last (``since``) and from
    which time on that is soon enough (``limit``). Jobs by the clock's time of day are not judged."""
    spans = [
        When(interval__period=unit, then=_span(F("interval__every") * Value(span * TURNS)))
        for unit, span in UNITS.items()
    ]
    late = Greatest(Case(*spans, default=Value(GRACE)), Value(GRACE), output_field=DurationField())
    return PeriodicTask.objects.filter(enabled=True, interval__isnull=False).annotate(
        since=Coalesce("last_run_at", "date_changed"),
        limit=ExpressionWrapper(Now() - late, output_field=DateTimeField()),
    )  # fmt: skip


def late_jobs() -> Any:
    """Not started for three of its intervals, or a run of it hangs that long, or all that it tried in that time
    failed. A job that has nothing to do leaves no run, and is not late for that."""
    runs = JobRun.objects.filter(name=OuterRef("task"))
    hangs = runs.filter(state="running", started_at__lt=OuterRef("limit"))
    failed = runs.filter(state__in=["failed", "lost"], started_at__gte=OuterRef("limit"))
    done = runs.filter(state="succeeded", started_at__gte=OuterRef("limit"))
    return timed_jobs().filter(
        Q(since__lt=F("limit")) | Exists(hangs) | (Exists(failed) & ~Exists(done))
    )  # fmt: skip


def disk_words() -> str:
    """What to say of the disk that the data lie on; nothing while a tenth of it is free."""
    try:
        disk = shutil.disk_usage(settings.DATA_DIR)
    except OSError:
        return ""
    if disk.used < FULL * (disk.used + disk.free):
        return ""
    return gettext(
        "The disk is nearly full: %(free)s GB of %(all)s GB are left. When it is full no order can be taken. Make room, or move the data to a larger disk."
    ) % {"free": f"{disk.free / 2**30:.1f}", "all": f"{disk.total / 2**30:.1f}"}


register(
    Queue(
        "jobs-late", _("Jobs that are late"), "System", "django_celery_beat.periodictask",
        lambda: PeriodicTask.objects.filter(pk__in=late_jobs().values("pk")), "since",
        "django_celery_beat.view_periodictask", _("Every job keeps its time."),
        _("Not done for three of its turns. Is the worker running, and the scheduler? Nothing is lost: it catches up."),
        counted=late_jobs, rank=15,
    ),
    Notice("disk", "core.view_jobrun", disk_words),
)  # fmt: skip
