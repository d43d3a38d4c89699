"""Nudges: one run serves all who ask within a moment, and none is promised after it has begun; those that nobody
took in time cost no run each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from oms.celery import BEAT, app
from oms.core import broker, outbox
from oms.core import nudged as nudged_task
from oms.core.nudged import OVERTAKEN, UNTIL, NudgedTask

# The real thing, before conftest takes it away from the other tests.
NUDGE = outbox._Nudge.__call__


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    monkeypatch.setattr(app, "send_task", lambda name, **how: found.append((name, how["countdown"])))
    monkeypatch.setattr(app, "producer_or_acquire", nullcontext)
    monkeypatch.setattr(broker, "enough_wait", lambda *_: False)
    monkeypatch.setattr(outbox, "_on_its_way_until", {})
    monkeypatch.setattr(outbox, "_broker_dead_until", 0.0)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(outbox.time, "monotonic", made)
    return made


def test_a_burst_is_one_run_that_starts_after_the_last_of_it(sent: list, clock: Clock) -> None:
    for _ in range(50):
        NUDGE(outbox._Nudge("a.task"))
        clock.now += outbox.GATHER / 100
    assert sent == [("a.task", outbox.GATHER)]
    clock.now = 1000.0 + outbox.GATHER
    NUDGE(outbox._Nudge("a.task"))
    assert len(sent) == 2, "the first run may have begun: somebody who comes now needs another"


def test_tasks_do_not_wait_for_each_other(sent: list, clock: Clock) -> None:
    NUDGE(outbox._Nudge("a.task"))
    NUDGE(outbox._Nudge("another.task"))
    assert [name for name, _ in sent] == ["a.task", "another.task"]


def test_a_nudge_that_did_not_get_out_promises_nothing(
    monkeypatch: pytest.MonkeyPatch, sent: list, clock: Clock
) -> None:
    def dead(name: str, **how: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(app, "send_task", dead)
    NUDGE(outbox._Nudge("a.task"))
    assert not outbox._on_its_way_until
    assert outbox._broker_dead_until == clock.now + outbox.BROKER_PAUSE


def test_where_enough_wait_nobody_adds_to_them(
    monkeypatch: pytest.MonkeyPatch, sent: list, clock: Clock
) -> None:
    """Those who wait are for whoever comes, and one more would only keep him longer from what is new."""
    NUDGE(outbox._Nudge("a.task"))
    monkeypatch.setattr(broker, "enough_wait", lambda *_: True)
    NUDGE(outbox._Nudge("another.task"))
    assert [name for name, _ in sent] == ["a.task"]


@pytest.fixture
def task() -> Iterator[tuple[NudgedTask, list[str]]]:
    """A task of the app's own class, and its runs."""
    runs: list[str] = []

    @app.task(name="a.task")
    def made() -> None:
        runs.append("ran")

    yield made, runs
    app.tasks.pop("a.task")


def ask(task: NudgedTask, until: float | None) -> object:
    """As the worker calls it when a message comes."""
    task.push_request(headers={} if until is None else {UNTIL: until})
    try:
        return task()
    finally:
        task.pop_request()


def test_nudges_that_waited_for_a_worker_are_one_run(
    task: tuple[NudgedTask, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, runs = task
    now = 1_000_000.0
    monkeypatch.setattr(nudged_task.time, "time", lambda: now)
    answers = [ask(made, now - back) for back in (60, 30, 1)]
    assert runs == ["ran"] and answers == [None, OVERTAKEN, OVERTAKEN]
    assert ask(made, now) is None, "somebody relies on a run that begins in this very moment, or later"
    assert ask(made, None) is None, "whom the clock or a person asks is never left out"
    assert len(runs) == 3


def test_a_nudge_says_until_when_others_rely_on_it(monkeypatch: pytest.MonkeyPatch, sent: list) -> None:
    told: list[dict] = []
    monkeypatch.setattr(app, "send_task", lambda name, **how: told.append(how["headers"]))
    monkeypatch.setattr(outbox.time, "time", lambda: 5000.0)
    NUDGE(outbox._Nudge("a.task"))
    assert told == [{UNTIL: 5000.0 + outbox.GATHER}]


def nudged() -> set[str]:
    """Every task that any code nudges: what stands in the call, or is named by the constant that does."""
    found = set()
    for path in Path(__file__).resolve().parents[2].glob("[a-z]*/**/*.py"):
        if not {"tests", "migrations", ".venv"} & set(path.parts):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(r'nudge(?:_after_commit)?[=(]\s*"([\w.]+)"', text))
            if re.search(r"nudge=TASK", text):
                found |= set(re.findall(r'\bTASK\b[^=\n]*= .*?"([\w]+\.[\w]+)"', text))
    return found


def test_whatever_is_nudged_the_clock_starts_by_itself_within_a_minute() -> None:
    assert len(nudged()) >= 6, "the search finds them"
    assert nudged() <= {job.task for job in BEAT if job.every <= 60}
