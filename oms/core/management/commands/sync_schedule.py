"""Bring the rows of oms.celery.BEAT into the database scheduler."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from oms.celery import BEAT, Job

MARK = "oms:"


class Command(BaseCommand):
    help = (
        "Make missing jobs of the schedule, and update those nobody touched. A job that an operator retimed or"
        " switched off is left alone. What we wrote last is remembered in the job's description."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        rows = {
            row.task: row
            for row in PeriodicTask.objects.select_related("interval", "crontab")
            if _is_ours(row)
        }
        told = []
        for job in BEAT:
            row = rows.pop(job.task, None)
            if row is None:
                self._write(PeriodicTask(name=job.words, task=job.task), job)
                said = "made"
            elif _remembered(row) != _state(row):
                said = "left as the operator set it"
            elif _state(row) == _digest(_wanted(job)) and row.name == job.words:
                continue
            else:
                self._write(row, job)
                said = "updated"
            told.append(f"{job.task}: {said}")
        for task, row in rows.items():
            # Its code is gone, so a worker could only refuse it.
            row.delete()
            told.append(f"{task}: removed, it is no longer in the schedule")
        if told and options["verbosity"]:
            self.stdout.write("\n".join(told))

    def _write(self, row: PeriodicTask, job: Job) -> None:
        interval, _made = IntervalSchedule.objects.get_or_create(
            every=job.every, period=IntervalSchedule.SECONDS
        )
        row.name, row.interval, row.enabled = job.words, interval, True
        row.crontab = row.solar = row.clocked = None
        # A job that waited longer than its turn is overtaken by the next one.
        row.expire_seconds = max(60, job.every * 2)
        row.description = f"{MARK}{_digest(_wanted(job))}"
        row.save()


def _is_ours(row: PeriodicTask) -> bool:
    return row.description.startswith(MARK)


def _remembered(row: PeriodicTask) -> str:
    return row.description.removeprefix(MARK)


def _state(row: PeriodicTask) -> str:
    every = f"{row.interval.every} {row.interval.period}" if row.interval else f"cron {row.crontab}"
    return _digest(f"{every} enabled={row.enabled}")


def _wanted(job: Job) -> str:
    return f"{job.every} {IntervalSchedule.SECONDS} enabled=True"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
