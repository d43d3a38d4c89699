"""A supervisor in this process, tiny children, and the certainty that none of them outlives its test."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oms.embedded.paths import Paths
from oms.embedded.processes import Ledger, Service, birth
from oms.embedded.supervisor import Say, Supervisor

# Writes a line when it is up, and one naming the signal that it ends by.
CHILD = """
import os, signal, sys, time
def end(number, frame):
    print("ended by", signal.Signals(number).name, time.monotonic(), flush=True)
    os._exit(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(number, end)
print("up", os.getpid(), os.getsid(0), flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "var").make()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(paths: Paths, said: list[str]) -> Iterator[Supervisor]:
    class Listening(Say):
        def __call__(self, text: str) -> None:
            said.append(text)

    with open(os.devnull, "w") as nowhere:
        one = Supervisor(Listening(nowhere), Ledger(paths.children))
        yield one
        one.stop()


@pytest.fixture
def child(paths: Paths) -> Callable[..., Service]:
    def make(name: str, program: str = CHILD, **changes: object) -> Service:
        log = paths.log / f"{name}.log"

        def ready() -> bool:
            return log.exists() and "up" in log.read_text()

        return Service(name, [sys.executable, "-c", program], dict(os.environ), log, ready, **changes)  # type: ignore[arg-type]

    return make


def pid_in(log: Path) -> int:
    return int(log.read_text().split()[1])


def wait_until(true: Callable[[], object], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    return birth(pid) is None
