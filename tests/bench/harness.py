"""How it is measured: workers that begin at one moment, rounds in which all rivals take their turn, ratios inside
a round only, and the median of the rounds. Absolute rates are for scale. On a machine with other work ratios flatter us."""

from __future__ import annotations

import json
import multiprocessing as mp
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connections

Job = Callable[[Any], str]
"""Does one job; returns what became of it in a word, which is counted."""


@dataclass
class Ran:
    """``began`` on the clock of ``perf_counter``, ``seconds`` from the first worker's start to the last one's end; a
    job's own time is in ``each``."""

    began: float
    seconds: float
    each: list[float]
    outcome: Counter[str]

    def per_second(self, things: int) -> float:
        return things / self.seconds

    def at(self, share: float) -> float:
        """The time in milliseconds that this share of the jobs stayed within."""
        return 1000 * at_share(self.each, share)


def at_share(times: Sequence[float], share: float) -> float:
    """The time that this share of them stayed within; infinite when there are none."""
    ordered = sorted(times)
    return ordered[round(share * (len(ordered) - 1))] if ordered else float("inf")


def leave_database() -> None:
    """Close every connection and the pool's threads: nothing of it may be inherited by a fork."""
    for name in connections:
        connections[name].close()
        if hasattr(connections[name], "close_pool"):
            connections[name].close_pool()


def run(workers: int, jobs: Sequence[Any], start: Callable[[], Job]) -> Ran:
    """Share the jobs out among this many processes and let them begin together. An error of a job is an outcome."""
    leave_database()
    context = mp.get_context("fork")
    barrier = context.Barrier(workers)
    lines, processes = [], []
    for n in range(workers):
        ours, theirs = context.Pipe(False)
        process = context.Process(target=_work, args=(jobs[n::workers], start, barrier, theirs))
        process.start()
        theirs.close()
        lines.append(ours)
        processes.append(process)
    told = [line.recv() for line in lines]
    for process in processes:
        process.join()
    outcome: Counter[str] = Counter()
    for _, _, _, part in told:
        outcome += part
    began = min(t[0] for t in told)
    return Ran(began, max(t[1] for t in told) - began, [s for t in told for s in t[2]], outcome)


def _work(jobs: Sequence[Any], start: Callable[[], Job], barrier: Any, line: Any) -> None:
    try:
        work = start()
    except BaseException:
        barrier.abort()
        raise
    each, outcome = [], Counter[str]()
    barrier.wait()
    began = time.perf_counter()
    for job in jobs:
        at = time.perf_counter()
        try:
            what = work(job)
        except Exception as error:  # counted, and a bar asks for none
            what = f"error: {type(error).__name__}: {error}"[:120]
        each.append(time.perf_counter() - at)
        outcome[what] += 1
    line.send((began, time.perf_counter(), each, outcome))
    line.close()
    leave_database()


@dataclass
class Rounds:
    """Rates of each rival, round by round."""

    rates: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **rates: float) -> None:
        for name, rate in rates.items():
            self.rates.setdefault(name, []).append(rate)

    def rate(self, name: str) -> float:
        return statistics.median(self.rates[name])

    def ratio(self, name: str, to: str) -> float:
        """The median over the rounds of one rate by another."""
        return statistics.median(a / b for a, b in zip(self.rates[name], self.rates[to], strict=True))


def say(
    workload: str, *, ok: bool, conditions: str, ours: Any = None, floor: float | None = None,
    ratio: float | None = None, same_rows_ratio: float | None = None, bar: float | None = None, **more: Any,
) -> bool:  # fmt: skip
    """One JSON object a line, with these keys in all of them; ``ok`` is whether the bar was met."""
    told = {
        "workload": workload, "ours": ours, "floor": floor, "ratio": ratio, "same_rows_ratio": same_rows_ratio, "bar": bar,
        "ok": ok, **more, "conditions": conditions,
    }  # fmt: skip
    print(json.dumps({name: _short(value) for name, value in told.items()}), flush=True)
    return ok


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3 if abs(value) < 10 else 1)
    if isinstance(value, Mapping):
        return {k: _short(v) for k, v in value.items()}
    return value


def plain(dsn: str) -> psycopg.Connection[Any]:
    """A connection of psycopg alone, every statement prepared at its first use."""
    line = psycopg.connect(dsn, autocommit=True)
    line.prepare_threshold = 0
    return line
