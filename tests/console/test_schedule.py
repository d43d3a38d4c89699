from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from oms import celery
from oms.celery import BEAT, Job
from oms.core.management.commands import sync_schedule

pytestmark = pytest.mark.django_db


def sync() -> str:
    out = io.StringIO()
    call_command("sync_schedule", stdout=out)
    return out.getvalue()


def row(task: str) -> PeriodicTask:
    return PeriodicTask.objects.get(task=task)


def test_missing_jobs_are_made_and_a_second_time_changes_nothing() -> None:
    sync()
    assert {t.task: t.interval.every for t in PeriodicTask.objects.all() if t.interval} == {
        job.task: job.every for job in BEAT
    }
    assert sync() == ""


def test_an_untouched_job_follows_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    sync()
    changed = tuple(Job(j.task, j.every + 1, j.words) if j.task == BEAT[0].task else j for j in BEAT)
    monkeypatch.setattr(sync_schedule, "BEAT", changed)
    assert "updated" in sync()
    assert row(BEAT[0].task).interval.every == BEAT[0].every + 1


@pytest.mark.parametrize("touch", ["retimed", "switched off"])
def test_what_an_operator_set_is_left_alone(touch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sync()
    job = row(BEAT[0].task)
    if touch == "retimed":
        job.interval = IntervalSchedule.objects.create(every=7, period="minutes")
    else:
        job.enabled = False
    job.save()
    changed = tuple(Job(j.task, j.every + 1, j.words) for j in BEAT)
    monkeypatch.setattr(sync_schedule, "BEAT", changed)
    assert "left as the operator set it" in sync()
    now = row(BEAT[0].task)
    assert (now.interval.every, now.enabled) == ((7, True) if touch == "retimed" else (BEAT[0].every, False))


def test_a_job_that_is_gone_from_the_code_goes_and_an_operator_s_own_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sync()
    interval = IntervalSchedule.objects.first()
    PeriodicTask.objects.create(name="our own", task="ours.own", interval=interval)
    monkeypatch.setattr(sync_schedule, "BEAT", celery.BEAT[1:])
    sync()
    assert not PeriodicTask.objects.filter(task=BEAT[0].task).exists()
    assert PeriodicTask.objects.filter(task="ours.own").exists()
