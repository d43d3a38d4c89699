"""The supervisor over tiny children: order, revival, and that nothing is left, whatever ends it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oms.embedded.paths import Paths, Trouble
from oms.embedded.processes import GENTLY, Ledger, Service, birth, end, roll, spawn, tail
from oms.embedded.supervisor import Say, Stopped, Supervisor
from tests.embedded.conftest import CHILD, is_gone, pid_in, wait_until

Make = Callable[..., Service]

STUBBORN = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
# Forks a grandchild that would outlive it.
PARENT = f"import subprocess, sys\np = subprocess.Popen([sys.executable, '-c', {CHILD!r}])\np.wait()"


def test_services_end_in_the_reverse_order_each_by_its_own_signal(
    supervisor: Supervisor, child: Make, paths: Paths, said: list[str]
) -> None:
    supervisor.start(child("first", ending=((signal.SIGINT, 5.0),)))
    supervisor.start(child("second"), child("third"))
    assert [re.match(r"\w+: up", line) is not None for line in said] == [True] * 3
    supervisor.stop()
    ends = {}
    for name in ("first", "second", "third"):
        found = re.search(r"ended by (\w+) ([\d.]+)", (paths.log / f"{name}.log").read_text())
        assert found, name
        ends[name] = (found[1], float(found[2]))
    assert ends["first"][0] == "SIGINT"
    assert ends["second"][0] == "SIGTERM"
    assert ends["third"][1] < ends["second"][1] < ends["first"][1]
    assert Ledger(paths.children).rows == []


def test_a_child_is_out_of_reach_of_the_terminal(supervisor: Supervisor, child: Make, paths: Paths) -> None:
    supervisor.start(child("one"))
    _, pid, session = (paths.log / "one.log").read_text().split()
    assert session == pid != str(os.getsid(0))


def test_one_that_does_not_listen_is_killed_and_that_is_said(
    supervisor: Supervisor, child: Make, said: list[str]
) -> None:
    supervisor.start(child("stubborn", STUBBORN, ending=((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))))
    supervisor.stop()
    assert "by SIGKILL" in said[-1]


def test_what_a_child_forked_goes_with_it(supervisor: Supervisor, child: Make, paths: Paths) -> None:
    supervisor.start(child("parent", PARENT))
    grandchild = pid_in(paths.log / "parent.log")
    assert not is_gone(grandchild)
    supervisor.stop()
    wait_until(lambda: is_gone(grandchild))


def test_one_that_dies_at_its_start_stops_the_start_with_its_last_words(
    supervisor: Supervisor, child: Make
) -> None:
    with pytest.raises(Trouble, match=r"(?s)bad ended at its start \(exit code 1\).*no such thing"):
        supervisor.start(child("good"), child("bad", "raise SystemExit('no such thing')"))


def test_one_that_never_gets_ready_is_reported(supervisor: Supervisor, child: Make) -> None:
    with pytest.raises(Trouble, match="mute is not ready after"):
        supervisor.start(child("mute", "import time; time.sleep(60)", patience=0.2))


def test_what_dies_is_started_again_and_its_brood_is_not_left_beside_it(
    supervisor: Supervisor, child: Make, paths: Paths, said: list[str]
) -> None:
    supervisor.start(child("parent", PARENT))
    first, grandchild = supervisor.running[0].process.pid, pid_in(paths.log / "parent.log")
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.tick()
        return supervisor.running[0].process.pid != first

    wait_until(again)
    wait_until(lambda: is_gone(grandchild))
    assert any("died (by SIGKILL)" in line for line in said)
    assert said[-1] == "parent: started again"
    assert [row["pid"] for row in Ledger(paths.children).rows] == [supervisor.running[0].process.pid]


def test_the_pause_before_a_new_start_doubles_to_a_bound(
    supervisor: Supervisor, child: Make, paths: Paths, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor.start(child("brief"))
    one = supervisor.running[0]
    waits = []
    for _ in range(9):
        one.process.kill()
        one.process.wait()
        supervisor.tick(0)
        assert one.again_at is not None
        waits.append(round(one.again_at - time.monotonic(), 1))
        one.again_at = 0.0
        supervisor.tick(0)
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_signal_ends_every_wait(supervisor: Supervisor, child: Make) -> None:
    supervisor._hear(signal.SIGTERM, None)
    with pytest.raises(Stopped):
        supervisor.start(child("one"))


def test_following_a_command_hands_on_its_lines_and_its_code(supervisor: Supervisor, paths: Paths) -> None:
    lines: list[str] = []
    program = "import sys\nprint('one')\nprint('two', end='')\nsys.exit(3)"
    assert supervisor.follow([sys.executable, "-c", program], env=dict(os.environ), line=lines.append) == 3
    assert lines == ["one", "two"]
    with pytest.raises(Trouble, match=r"(?s)counting failed \(exit code 3\).*two"):
        supervisor.step(
            "counting", [sys.executable, "-c", program], env=dict(os.environ), log=paths.log / "x.log"
        )


def test_a_command_that_is_followed_ends_when_we_are_asked_to(supervisor: Supervisor) -> None:
    pids: list[int] = []

    def ask(text: str) -> None:
        pids.append(int(text.split()[1]))
        supervisor._hear(signal.SIGTERM, None)

    with pytest.raises(Stopped):
        supervisor.follow([sys.executable, "-c", CHILD], env=dict(os.environ), line=ask)
    assert is_gone(pids[0])


def test_a_process_with_the_same_id_but_another_birth_is_not_touched() -> None:
    process = spawn([sys.executable, "-c", CHILD], env=os.environ, stdout=subprocess.DEVNULL)
    try:
        assert end(process.pid, "another birth", GENTLY) == ""
        assert not is_gone(process.pid)
    finally:
        process.kill()
        process.wait()
    assert birth(process.pid) is None


def test_what_a_killed_run_left_is_ended_by_the_next_and_nothing_else(paths: Paths, said: list[str]) -> None:
    left = spawn([sys.executable, "-c", CHILD], env=os.environ, stdout=subprocess.DEVNULL)
    stranger = spawn([sys.executable, "-c", CHILD], env=os.environ, stdout=subprocess.DEVNULL)
    try:
        ledger = Ledger(paths.children)
        ledger.add("left", left.pid, signal.SIGTERM)
        ledger.add("once", stranger.pid, signal.SIGTERM)
        rows = json.loads(paths.children.read_text())
        rows[1]["birth"] = "before the id came round again"
        paths.children.write_text(json.dumps(rows))

        Ledger(paths.children).end_survivors(said.append)
        assert is_gone(left.pid)
        assert not is_gone(stranger.pid)
        assert Ledger(paths.children).rows == []
        assert len(said) == 1
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()


def test_a_damaged_ledger_is_an_empty_one(paths: Paths) -> None:
    paths.children.write_text("[{")
    assert Ledger(paths.children).rows == []


def test_logs_roll_at_each_start(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(6):
        log.write_text(f"{number}\n")
        roll(log)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["web.log.1", "web.log.2", "web.log.3"]
    assert tail(log.with_name("web.log.1")) == "    5"


def test_a_terminal_that_went_away_does_not_silence_the_work() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    say = Say(os.fdopen(writing, "w"))
    say("one")
    say("two")


# A whole supervisor in a process of its own, with two children, as `make demo` would be.
WHOLE = """
import os, sys
from pathlib import Path
from oms.embedded.paths import Paths
from oms.embedded.processes import Ledger, Service
from oms.embedded.supervisor import Say, Stopped, Supervisor
paths = Paths(sys.argv[1]).make()
supervisor = Supervisor(Say(), Ledger(paths.children)).listen()
def service(name):
    log = paths.log / (name + ".log")
    ready = lambda: "up" in log.read_text()
    return Service(name, [sys.executable, "-c", sys.argv[2]], dict(os.environ), log, ready)
try:
    supervisor.start(service("one"), service("two"))
    supervisor.say("EVERYTHING IS UP")
    supervisor.watch()
except Stopped as stopped:
    supervisor.say("heard " + stopped.by.name)
finally:
    supervisor.stop()
    (paths.var / "ended").write_text("in order")
"""


class OnATerminal:
    """The program above under a shell-less terminal, optionally behind another process as make is."""

    def __init__(self, paths: Paths, wrapper: tuple[str, ...] = ()):
        self.paths, self.shown = paths, b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(Paths().root)
            argv = [*wrapper, sys.executable, "-c", WHOLE, str(paths.var), CHILD]
            os.execvp(argv[0], argv)
        self.read_until("EVERYTHING IS UP")
        self.children = [pid_in(paths.log / f"{name}.log") for name in ("one", "two")]

    def read_until(self, words: str) -> None:
        until = time.monotonic() + 15
        while words.encode() not in self.shown:
            assert time.monotonic() < until, self.shown.decode()
            if select.select([self.master], [], [], 0.1)[0]:
                self.shown += os.read(self.master, 4096)

    def ended(self) -> bool:
        return (self.paths.var / "ended").exists() and all(map(is_gone, self.children))


def test_ctrl_c_on_a_terminal_leaves_nothing(paths: Paths) -> None:
    terminal = OnATerminal(paths)
    os.write(terminal.master, b"\x03")
    terminal.read_until("one: stopped")
    wait_until(terminal.ended)
    assert b"heard SIGINT" in terminal.shown
    os.waitpid(terminal.pid, 0)
    os.close(terminal.master)


def test_closing_the_terminal_leaves_nothing_even_behind_a_process_that_keeps_it_to_itself(
    paths: Paths,
) -> None:
    # Like make, the wrapper takes the hang-up and waits for its child without telling it.
    wrapper = (
        "import signal, subprocess, sys; signal.signal(1, lambda *_: None); subprocess.call(sys.argv[1:])"
    )
    terminal = OnATerminal(paths, (sys.executable, "-c", wrapper))
    os.close(terminal.master)
    wait_until(terminal.ended)
    os.waitpid(terminal.pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_supervisor_takes_its_children_along(paths: Paths) -> None:
    terminal = OnATerminal(paths)
    os.kill(terminal.pid, signal.SIGKILL)
    os.waitpid(terminal.pid, 0)
    wait_until(lambda: all(map(is_gone, terminal.children)))
    assert not (paths.var / "ended").exists()
    os.close(terminal.master)
