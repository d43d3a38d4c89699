"""Keeps services running: starts them in order, revives what dies, ends them in the reverse order.

One thread, one loop. Signals only leave word; every wait passes through :meth:`Supervisor.tick`, which
reads it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TextIO

from oms.embedded.paths import Trouble
from oms.embedded.processes import Ledger, Service, birth, end, roll, signal_group, spawn, tail

LONGEST_BACKOFF = 30.0
# A service that ran this long has recovered; its next death is a new story.
RECOVERED_AFTER = 60.0
CLEAR_LINE = "\r\x1b[K"


class Stopped(Exception):
    """A signal asked us to end."""

    def __init__(self, by: signal.Signals):
        super().__init__(by.name)
        self.by = by


class Say:
    """One line a step, with the seconds since the start. A terminal that went away is no reason to fail."""

    def __init__(self, out: TextIO | None = None):
        self.out = out or sys.stdout
        self.began = time.monotonic()
        self._hint = False

    def __call__(self, text: str) -> None:
        self._write((CLEAR_LINE if self._hint else "") + f"{self._clock()}  {text}\n")
        self._hint = False

    def working(self, text: str) -> None:
        """What is going on just now: on a terminal only, replaced by the next line."""
        if self.out.isatty():
            self._write(f"{CLEAR_LINE}{self._clock()}  {text} ...")
            self._hint = True

    def _clock(self) -> str:
        return f"{time.monotonic() - self.began:6.1f} s"

    def _write(self, text: str) -> None:
        try:
            self.out.write(text)
            self.out.flush()
        except (OSError, ValueError):
            self.out = open(os.devnull, "w")  # noqa: SIM115


@dataclass
class Running:
    service: Service
    process: subprocess.Popen[bytes]
    birth: str | None
    since: float = field(default_factory=time.monotonic)
    up: bool = False
    deaths: int = 0
    again_at: float | None = None


class Supervisor:
    def __init__(self, say: Say, ledger: Ledger, longest_backoff: float = LONGEST_BACKOFF):
        self.say = say
        self.longest_backoff = longest_backoff
        self.ledger = ledger
        self.running: list[Running] = []
        self.asked: signal.Signals | None = None
        self._hurry = False
        self._stopping = False
        self._terminals: list[int] = []

    def listen(self) -> Supervisor:
        """Take Ctrl-C, the polite kill and the closing of the terminal as the wish to end in order."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._hear)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else we were started with nohup
            signal.signal(signal.SIGHUP, self._hear)
            self._terminals = [fd for fd in (0, 1, 2) if _is_terminal(fd)]
        return self

    def _hear(self, number: int, _frame: object) -> None:
        # The same Ctrl-C may reach us twice (the terminal's and make's): hurry only when we are at it
        # already.
        self._hurry = self._stopping and number == signal.SIGINT
        self.asked = self.asked or signal.Signals(number)

    def tick(self, seconds: float = 0.05) -> None:
        """One round of the loop. Raises :class:`Stopped` when asked to end."""
        # The kernel tells of a closed terminal only the first process on it; when that is make, it tells nobody.
        if self._terminals and not all(map(_is_terminal, self._terminals)):
            self._terminals = []
            self.asked = self.asked or signal.SIGHUP
        if self.asked and not self._stopping:
            raise Stopped(self.asked)
        for one in self.running:
            self._look_after(one)
        if seconds:
            time.sleep(seconds)

    # -- services --------------------------------------------------------------------------------------------

    def start(self, *services: Service) -> None:
        """Start them together and wait until each is ready.

        Raises :class:`Trouble` with the end of its log when one dies first or is not ready in its time.
        """
        fresh = []
        for service in services:
            roll(service.log)
            service.before()
            fresh.append(self._spawn(service))
            self.running.append(fresh[-1])
        self.say.working("waiting for " + ", ".join(service.name for service in services))
        while waiting := [one for one in fresh if not one.up]:
            for one in waiting:
                self._await(one)
            self.tick()

    def _await(self, one: Running) -> None:
        service, age = one.service, time.monotonic() - one.since
        code = one.process.poll()
        if code is not None:
            raise Trouble(f"{service.name} ended at its start ({_how(code)}). {_log(service.log)}")
        if service.ready():
            one.up = True
            self.say(f"{service.name}: up{service.address and ' at ' + service.address} ({age:.1f} s)")
        elif age > service.patience:
            raise Trouble(f"{service.name} is not ready after {age:.0f} s. {_log(service.log)}")

    def _spawn(self, service: Service) -> Running:
        how = service.ending[0][0]
        with service.log.open("ab") as log:
            process = spawn(
                service.argv,
                env=service.env,
                cwd=service.cwd,
                stdout=log,
                stderr=log,
                on_parent_death=how,
                fds=service.fds,
            )
        self.ledger.add(service.name, process.pid, how)
        return Running(service, process, birth(process.pid))

    def _look_after(self, one: Running) -> None:
        """Notice the death of what was up, and start it again after a pause that doubles."""
        now = time.monotonic()
        if one.again_at is not None:
            if now >= one.again_at:
                one.again_at = None
                try:
                    one.service.before()
                except Trouble as trouble:
                    self._plan_return(one, str(trouble))
                    return
                fresh = self._spawn(one.service)
                one.process, one.birth, one.since = fresh.process, fresh.birth, now
                self.say(f"{one.service.name}: started again")
        elif one.up and (code := one.process.poll()) is not None:
            # What it forked must not live beside its successor.
            signal_group(one.process.pid, signal.SIGKILL)
            self.ledger.remove(one.process.pid)
            one.deaths = 0 if now - one.since > RECOVERED_AFTER else one.deaths
            self._plan_return(one, _how(code))

    def _plan_return(self, one: Running, why: str) -> None:
        wait = min(self.longest_backoff, 0.5 * 2**one.deaths)
        one.deaths += 1
        one.again_at = time.monotonic() + wait
        self.say(
            f"{one.service.name}: died ({why}), starting it again in {wait:.1f} s; see {one.service.log}"
        )

    def watch(self) -> None:
        """Look after the services until asked to end (raises :class:`Stopped`)."""
        while True:
            self.tick(0.2)

    def stop(self, *, quietly: bool = False) -> None:
        """End everything, last started first, each in its own way. A second Ctrl-C hurries."""
        self._stopping = True
        while self.running:
            one = self.running.pop()
            if one.again_at is not None:
                continue
            began = time.monotonic()
            self.say.working(f"stopping {one.service.name}")
            used = end(one.process.pid, one.birth, self._ending(one.service), self._pause(one.process))
            one.process.poll()
            signal_group(one.process.pid, signal.SIGKILL)
            self.ledger.remove(one.process.pid)
            forced = f", by {used}" if used not in ("", one.service.ending[0][0].name) else ""
            if not quietly or forced:
                self.say(f"{one.service.name}: stopped ({time.monotonic() - began:.1f} s{forced})")

    def _ending(self, service: Service) -> tuple[tuple[signal.Signals, float], ...]:
        return tuple(
            (what, min(seconds, 1.0) if self._hurry else seconds) for what, seconds in service.ending
        )

    @staticmethod
    def _pause(process: subprocess.Popen[bytes]) -> Callable[[float], None]:
        def pause(seconds: float) -> None:
            time.sleep(seconds)
            process.poll()  # reaps it, so that it counts as gone

        return pause

    # -- one-off commands ------------------------------------------------------------------------------------

    def follow(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        line: Callable[[str], None],
        errors: IO[bytes] | None = None,
    ) -> int:
        """Run a command to its end, handing on each line it prints; services are looked after meanwhile."""
        process = spawn(argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=errors)
        assert process.stdout is not None
        self.ledger.add(str(argv[0]), process.pid, signal.SIGTERM)
        pipe, rest = process.stdout.fileno(), b""
        try:
            while True:
                ended = process.poll() is not None
                if select.select([pipe], [], [], 0.1)[0]:
                    chunk = os.read(pipe, 65536)
                    *whole, rest = (rest + chunk).split(b"\n")
                    for text in whole:
                        line(text.decode(errors="replace"))
                    if not chunk:
                        break
                elif ended:  # something it started still holds the pipe
                    break
                self.tick(0)
            if rest:
                line(rest.decode(errors="replace"))
            while process.poll() is None:
                self.tick()
            return process.returncode
        finally:
            if process.poll() is None:
                end(
                    process.pid,
                    birth(process.pid),
                    ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
                    self._pause(process),
                )
            signal_group(process.pid, signal.SIGKILL)
            process.stdout.close()
            self.ledger.remove(process.pid)

    def step(self, what: str, argv: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        """Run a command whose output goes to ``log``. Raises :class:`Trouble` when it fails."""
        self.say.working(what)
        with log.open("ab") as out:

            def note(text: str) -> None:
                out.write(text.encode() + b"\n")
                out.flush()

            code = self.follow(argv, env=env, line=note, errors=out)
        if code:
            raise Trouble(f"{what} failed ({_how(code)}). {_log(log)}")

    def foreground(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> int:
        """Run a command that has the terminal: it reads the keyboard and hears Ctrl-C itself."""
        process = spawn(argv, env=env, cwd=cwd, stdin=None, own_session=False)
        while process.poll() is None:
            heard, self.asked = self.asked, None
            if heard and not (heard == signal.SIGINT and _terminal_is_ours()):
                process.send_signal(heard)
            self.tick()
        return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _is_terminal(fd: int) -> bool:
    """False as well for one that was closed at its other end."""
    try:
        return os.isatty(fd)
    except OSError:
        return False


def _terminal_is_ours() -> bool:
    """Whether a Ctrl-C typed here goes to the whole of our group, and so to the child without our help."""
    try:
        with open("/dev/tty") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _log(log: Path) -> str:
    return f"The end of {log}:\n{tail(log)}"
