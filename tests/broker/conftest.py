"""Real workers and a real clock, as the supervisor starts them, on the tests' database and whatever broker
BROKER_URL names: the embedded Valkey, a Redis, a RabbitMQ."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from oms.celery import app
from oms.core import outbox
from oms.core.nudged import OVERTAKEN
from oms.embedded import system
from oms.embedded.paths import Paths
from oms.embedded.processes import Ledger, Service, tail
from oms.embedded.supervisor import Say, Supervisor

# The sweep of the relay comes every 5 s; a machine that is busy with other things gets time besides.
WITHIN = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.broker)


def wait_until(true: Callable[[], object], what: str, seconds: float = WITHIN) -> float:
    """Returns the seconds that it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() < began + seconds, f"after {seconds:.0f} s not yet: {what}"
        time.sleep(0.05)
    return time.monotonic() - began


class House:
    """The processes of one test. ``env``: what they and other programs of ours are started with."""

    def __init__(self, supervisor: Supervisor, paths: Paths, env: dict[str, str]):
        self.supervisor, self.paths, self.env = supervisor, paths, env

    def worker(self, name: str = "worker") -> Service:
        """A worker with two processes that takes tasks by now."""
        service = system.worker(self.paths, self.env, 2, name)
        self.supervisor.start(service)
        return service

    def beat(self) -> Service:
        service = system.beat(self.paths, self.env)
        self.supervisor.start(service)
        return service

    def kill(self, name: str) -> None:
        """As a machine that goes dark: nothing is said good-bye to. It does not come back by itself."""
        (one,) = (each for each in self.supervisor.running if each.service.name == name)
        self.supervisor.running.remove(one)
        os.killpg(one.process.pid, 9)
        one.process.wait()
        self.supervisor.ledger.remove(one.process.pid)

    def end(self) -> None:
        """Nothing that a test left is worth finishing."""
        for name in [each.service.name for each in self.supervisor.running]:
            self.kill(name)

    def taken(self, name: str, task: str) -> int:
        """How many runs of this task a worker's log tells of."""
        return len(re.findall(rf"Task {re.escape(task)}\[\S+\] received", self._log(name)))

    def done(self, name: str, task: str) -> int:
        """How many of them ended well."""
        return len(re.findall(rf"Task {re.escape(task)}\[\S+\] succeeded", self._log(name)))

    def overtaken(self, name: str, task: str) -> int:
        """How many of those did nothing, since a later run had begun."""
        return len(
            re.findall(rf"Task {re.escape(task)}\[\S+\] succeeded in \S+: '{OVERTAKEN}'", self._log(name))
        )

    def _log(self, name: str) -> str:
        return (self.paths.log / f"{name}.log").read_text()

    def run(self, program: str, **more: str) -> str:
        """A process of ours that does this and ends; what it printed."""
        told = "import django; django.setup()\n" + program
        done = subprocess.run(
            [sys.executable, "-c", told], env={**self.env, **more}, cwd=self.paths.root, capture_output=True,
            text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def turn() -> Iterator[None]:
    """Testers beside each other have a database each, but one queue: they take turns."""
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with open(settings.DATA_DIR / "broker.turn", "w") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        yield


@pytest.fixture
def house(
    turn: None, transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    if not os.environ.get("OMS_TEST_BROKER_URL"):
        pytest.skip("no broker was named: `make test` brings one along")
    monkeypatch.setattr(outbox, "_broker_dead_until", 0.0)
    monkeypatch.setattr(outbox, "_on_its_way_until", {})
    assert os.environ["OMS_TEST_BROKER_URL"] == settings.BROKER_URL
    paths = Paths(tmp_path / "var").make()
    url = urlsplit(os.environ["DATABASE_URL"])
    env = system.environment(paths, {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(), "LEASE_SECONDS": "5",
    })  # fmt: skip
    _forget_what_waits()
    with _queue() as queue:
        # Our own open lines believe that they have declared it, and would else send to a queue that is gone.
        queue.declare()
    with open(os.devnull, "w") as nowhere:
        house = House(Supervisor(Say(nowhere), Ledger(paths.children)), paths, env)
        try:
            yield house
        finally:
            house.end()
            for log in sorted(paths.log.glob("*.log")):
                print(f"--- {log.name}", tail(log, 40), sep="\n")
            _forget_what_waits()


@contextmanager
def _queue() -> Iterator[Any]:
    """The queue is this run's own (BROKER_QUEUE); nobody else's nudges are in it."""
    with app.connection_for_write() as line:
        yield app.amqp.queues[settings.CELERY_TASK_DEFAULT_QUEUE](line.channel())


def _forget_what_waits() -> None:
    with _queue() as queue:
        queue.declare()
        queue.purge()
        queue.delete()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody answers."""
    with closing(socket.socket()) as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes every call and never says a word."""
    with closing(socket.socket()) as line:
        line.bind(("127.0.0.1", 0))
        line.listen(64)
        yield int(line.getsockname()[1])


def like_ours(port: int) -> str:
    """The address of a broker of our broker's kind on that port."""
    return f"{'amqp' if settings.BROKER_URL.startswith('amqp') else 'redis'}://127.0.0.1:{port}/0"


def send(task: str, times: int) -> None:
    for _ in range(times):
        app.send_task(task, ignore_result=True)


def waits() -> int:
    """How many messages nobody has taken."""
    with _queue() as queue:
        return int(queue.queue_declare().message_count)


def forgets_by_itself() -> bool:
    """Whether this broker drops messages that are out of date, so that nobody needs to ask how many wait."""
    return settings.BROKER_URL.startswith("amqp")


def hang_up(producer: Any) -> None:
    """The line of this producer goes dead without a word."""
    for line in producer.channel.client.connection_pool._available_connections:
        line._sock.shutdown(socket.SHUT_RDWR)
