"""Starting, recognising and ending processes. A process is known by its id and its time of birth together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from oms.embedded.paths import read_json, write_json

# (signal, seconds to wait for the end after it), tried in order.
Ending = tuple[tuple[signal.Signals, float], ...]
GENTLY: Ending = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

PR_SET_PDEATHSIG = 1


def _nothing() -> None:
    pass


@dataclass
class Service:
    """A process to keep running: how to start it, how to know that it is ready, how to end it."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    ending: Ending = GENTLY
    before: Callable[[], None] = _nothing
    patience: float = 60.0
    fds: tuple[int, ...] = ()
    cwd: Path | None = None
    address: str = field(default="")


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent(parent: int, how: signal.Signals) -> Callable[[], None]:
    libc = _libc()

    def in_the_child() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
            if os.getppid() != parent:  # it died before we had asked to be told
                os._exit(1)

    return in_the_child


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: int | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    own_session: bool = True,
    on_parent_death: signal.Signals = signal.SIGTERM,
    fds: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start a process that ends with us, even when we are killed.

    In a session of its own it sees neither the terminal's Ctrl-C nor its hang-up: we order the end.
    Call it from the main thread only: the kernel watches the thread that forked.
    """
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=own_session,
        pass_fds=fds,
        preexec_fn=_die_with_parent(os.getpid(), on_parent_death),
    )


def birth(pid: int) -> str | None:
    """When the process was born, as an opaque text; None when it is gone (a zombie is gone).

    Process ids come round again; the pair of id and birth does not.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else f"{_boot()}/{fields[19]}"
    except (FileNotFoundError, ProcessLookupError):
        if Path("/proc/self/stat").exists():
            return None
    told = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or None


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def signal_group(pid: int, what: signal.Signals) -> None:
    """To every process of the group that ``pid`` leads; a group that is gone is no error."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, what)


def end(pid: int, born: str | None, ending: Ending, pause: Callable[[float], None] = time.sleep) -> str:
    """End the process that has this id and this birth, and return the name of the signal that did it."""
    for what, seconds in ending:
        if born is None or birth(pid) != born:
            break
        try:
            if what == signal.SIGKILL:
                signal_group(pid, what)
            os.kill(pid, what)
        except ProcessLookupError:
            break
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if birth(pid) != born:
                return what.name
            pause(0.02)
    return ""


class Ledger:
    """The processes that we started and that have not ended, on disk: a killed run's can be found again."""

    def __init__(self, file: Path):
        self.file = file
        left = read_json(file)
        self.rows: list[dict[str, Any]] = left if isinstance(left, list) else []

    def add(self, name: str, pid: int, how: signal.Signals) -> None:
        self.rows.append({"name": name, "pid": pid, "birth": birth(pid), "signal": int(how)})
        write_json(self.file, self.rows)

    def remove(self, pid: int) -> None:
        self.rows = [row for row in self.rows if row["pid"] != pid]
        write_json(self.file, self.rows)

    def end_survivors(self, say: Callable[[str], None]) -> None:
        """End what an earlier run started and could not stop, last started first."""
        for row in reversed(list(self.rows)):
            if row["birth"] and birth(row["pid"]) == row["birth"]:
                first = (signal.Signals(row["signal"]), 30.0)
                end(row["pid"], row["birth"], (first, (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)))
                say(f"{row['name']}: ended, a killed run had left it (process {row['pid']})")
            self.remove(row["pid"])


def roll(log: Path, keep: int = 3) -> None:
    """``web.log`` becomes ``web.log.1`` and so on: each start writes a fresh log."""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def tail(log: Path, lines: int = 20) -> str:
    try:
        return "\n".join("    " + line for line in log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
