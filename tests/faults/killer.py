"""Kills by SIGKILL: at each named step once and again, and at random moments whichever process comes up."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from oms.core.steps import STEPS
from oms.embedded.paths import read_json
from oms.embedded.processes import birth

TARGETS = ("worker", "worker-2", "web", "beat", "valkey", "postgres")
# Whoever was born this long ago is at work; before the next death everybody is, else nothing would ever be done.
AT_WORK_AFTER = 5.0


class Killer(threading.Thread):
    """``ledger``: where the supervisor writes which process is which. ``steps``: the folder that
    ``oms.core.steps`` looks into."""

    def __init__(
        self,
        ledger: Path,
        steps: Path,
        say: Callable[[str], None],
        is_well: Callable[[], bool],
        *,
        seed: int,
        only: Sequence[str] = (),
    ):
        super().__init__(daemon=True)
        self.is_well = is_well
        self._seen: dict[int, float] = {}
        self.ledger, self.steps, self.say = ledger, steps, say
        self.only = tuple(only)
        self.lot = random.Random(seed)
        self.by_process: Counter[str] = Counter()
        self._enough = threading.Event()

    # -- what has come to pass -------------------------------------------------------------------------------

    @property
    def by_step(self) -> Counter[str]:
        return self._lines("killed")

    @property
    def reached(self) -> Counter[str]:
        return self._lines("reached")

    def _lines(self, name: str) -> Counter[str]:
        with suppress(FileNotFoundError):
            return Counter((self.steps / name).read_text().split())
        return Counter()

    def missing(self) -> list[str]:
        """Steps and processes that have not been killed yet."""
        steps = [step for step in self.only or STEPS if not self.by_step[step]]
        return steps if self.only else [*steps, *(name for name in TARGETS if not self.by_process[name])]

    # -- the work --------------------------------------------------------------------------------------------

    def run(self) -> None:
        while not self._enough.is_set():
            for turn, step in enumerate(self._arm()):
                if not self.only and turn % 2 == 0:
                    self._recover()
                    self._strike()
                self._recover()
                self._await(step)
                if self._enough.is_set():
                    return

    def stop(self) -> None:
        """No more; what is armed is disarmed."""
        self._enough.set()
        self.join(30)
        for step in STEPS:
            (self.steps / step).unlink(missing_ok=True)

    def _arm(self) -> list[str]:
        """One by one in an order of its own; those never killed come first. A planted few only once."""
        done = self.by_step
        left = [step for step in self.only if not done[step]] if self.only else list(STEPS)
        if not left:
            self._pause(1.0)
        self.lot.shuffle(left)
        left.sort(key=lambda step: done[step])
        return left

    def _await(self, step: str) -> None:
        """Leave the order to kill there, and wait a while until somebody comes by; it stays until then."""
        before = self.by_step[step]
        (self.steps / step).touch()
        until = time.monotonic() + 20.0
        while time.monotonic() < until and self.by_step[step] == before:
            if self._pause(0.1):
                return
        if self.by_step[step] > before:
            self.say(f"  killed at the step {step}")

    def _strike(self) -> None:
        """A random process, of those never hit yet while there are any."""
        alive = self._alive()
        fresh = [name for name in alive if not self.by_process[name]]
        if not alive:
            return
        name = self.lot.choice(fresh or list(alive))
        with suppress(ProcessLookupError):
            os.killpg(alive[name], signal.SIGKILL)
            self.by_process[name] += 1
            self.say(f"  killed {name}")

    def _alive(self) -> dict[str, int]:
        """The targets that live, and their process ids."""
        rows = [row for row in read_json(self.ledger) or [] if row["name"] in TARGETS]
        return {row["name"]: row["pid"] for row in rows if row["birth"] and birth(row["pid"]) == row["birth"]}

    def _recover(self) -> None:
        """Wait until all are at work again, and a moment of chance more."""
        while not self._enough.is_set():
            now, alive = time.monotonic(), self._alive()
            young = [pid for pid in alive.values() if now - self._seen.setdefault(pid, now) < AT_WORK_AFTER]
            if len(alive) == len(TARGETS) and not young and self.is_well():
                break
            self._pause(0.3)
        self._pause(self.lot.uniform(0.0, 2.0))

    def _pause(self, seconds: float) -> bool:
        return self._enough.wait(seconds)
