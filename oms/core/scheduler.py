"""The clock's timetable, see ``oms.celery.BEAT``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery.schedules import schedule
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from oms.core.broker import enough_wait

OFTEN = timedelta(minutes=1)


class Scheduler(DatabaseScheduler):
    """Leaves out the turn of a job that has another within a minute where enough waits at the broker: a night without
    workers would else leave tens of thousands of turns, each for a worker to take and lay aside before what is new."""

    def apply_async(
        self, entry: ModelEntry, producer: Any = None, advance: bool = True, **kwargs: Any
    ) -> Any:
        if _is_often(entry.schedule) and enough_wait(self.app, producer or self.producer):
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **kwargs)


def _is_often(turns: Any) -> bool:
    return isinstance(turns, schedule) and turns.run_every <= OFTEN
