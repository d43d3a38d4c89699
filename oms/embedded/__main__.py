"""The verbs of the Makefile: ``python -m oms.embedded VERB``. Each returns the exit code of the program."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from oms.embedded import system
from oms.embedded.paths import AlreadyUp, Lock, Paths, Trouble, read_json, write_json
from oms.embedded.processes import Ledger, birth, end
from oms.embedded.supervisor import Say, Stopped, Supervisor

# After a wish to end that came while everything was up; before that, the shell's custom for a signal.
ENDED_IN_ORDER = 0
MOST_TESTERS = 4


def up(kind: str, *, once: bool = False, port: int = 8000, processes: int = 2) -> int:
    """Everything, for real use (``run``) or with simulated shops and the story (``demo``).

    ``once`` ends after the story: its JSON object is then the last line of stdout, and its exit code ours.
    """
    say = Say(sys.stderr if once else sys.stdout)
    paths = Paths().make()
    lock = Lock(paths.lock)
    try:
        lock.take()
    except AlreadyUp as already:
        say(str(already))
        print_logins(say, already.note.get("logins", ""))
        return 1 if once else 0
    supervisor = Supervisor(say, Ledger(paths.children)).listen()
    is_up, code, lines, trouble = False, ENDED_IN_ORDER, list[str](), "the story did not come to its end"
    note = {"pid": os.getpid(), "birth": birth(os.getpid()), "kind": kind}
    try:
        lock.note(**note)
        say(f"Starting; the data is in {paths.var}, the logs are in {paths.log}")
        supervisor.ledger.end_survivors(say)
        with system.listen_on(port) as line:
            env = bring_up(supervisor, paths, kind, line, processes)
            if line.getsockname()[1] != port:
                say(f"Port {port} is another program's: the address is {env['OMS_BASE_URL']}")
            logins = str(paths.logins) if kind == "demo" else ""
            lock.note(**note, address=env["OMS_BASE_URL"], env=env, logins=logins)
            is_up = True
            if kind == "demo":
                code, lines = story(supervisor, paths, system.environment(paths, env), once)
            if not once:
                welcome(say, paths, kind, env["OMS_BASE_URL"], code)
                supervisor.watch()
    except Stopped as stopped:
        say(f"{stopped.by.name}: stopping")
        code = code if is_up and not once else 128 + stopped.by
        trouble = f"stopped by {stopped.by.name}"
    except Trouble as met:
        say(str(met))
        code, trouble = 1, str(met)
    finally:
        supervisor.stop()
        system.leave_no_sockets(paths)
        lock.free()
    if once:
        put(system.last_object(lines) or json.dumps({"ok": False, "error": trouble}))
    return code


def bring_up(
    supervisor: Supervisor, paths: Paths, kind: str, line: socket.socket, processes: int
) -> dict[str, str]:
    """Start everything in order; returns what our programs find in their environment beside what we found in ours."""
    database, number = system.DATABASES[kind]
    port = line.getsockname()[1]
    mine = {
        "PORT": str(port),
        "OMS_BASE_URL": os.environ.get("OMS_BASE_URL") or f"http://{system.HOST}:{port}",
    }
    if kind == "demo" and not os.environ.get("OMS_COMPANY_NAME"):
        mine["OMS_COMPANY_NAME"] = "Hearth & Home"  # its story begins when somebody has set the shop up
    ports = system.twin_ports(paths) if kind == "demo" else {}
    mine |= system.twin_urls(ports) | system.secrets_for(paths)
    mine |= system.start_servers(supervisor, paths, database, number)
    env = system.environment(paths, mine)
    if ports:
        supervisor.start(*system.twins(paths, env, ports))

    current = system.static_is_current(paths)
    collect = [] if current else ["collectstatic"]
    system.prepare(supervisor, paths, env, ["migrate", *collect, "sync_roles", "sync_schedule"])
    if not current:
        write_json(paths.static_stamp, system.static_fingerprint(paths))

    clerks = system.web(paths, env, line), system.worker(paths, env, processes), system.beat(paths, env)
    supervisor.start(*clerks)
    return mine


def story(supervisor: Supervisor, paths: Paths, env: dict[str, str], once: bool) -> tuple[int, list[str]]:
    """Play it; returns its exit code and all its lines. With ``once`` its last line is not shown yet."""
    argv = [
        sys.executable,
        "manage.py",
        "demo",
        "--base-url",
        env["OMS_BASE_URL"],
        *(["--once"] if once else []),
    ]
    supervisor.say("the story begins")
    lines: list[str] = []

    def show(text: str) -> None:
        if lines:
            put(lines[-1])
        lines.append(text)

    code = supervisor.follow(argv, env=env, cwd=paths.root, line=show)
    if lines and not (once and system.last_object(lines)):
        put(lines[-1])
    supervisor.say(f"the story ended, exit code {code}")
    return code, lines


def put(text: str) -> None:
    try:
        print(text, flush=True)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def welcome(say: Say, paths: Paths, kind: str, address: str, code: int) -> None:
    if code:
        say(f"THE STORY DID NOT END AS IT SHOULD (exit code {code}); what it said is above.")
    say(f"Up at {address}/  (Ctrl-C stops everything)")
    if kind == "demo":
        print_logins(say, str(paths.logins))
    else:
        say("The first login is made by `make superuser`, from another terminal.")


def print_logins(say: Say, file: str) -> None:
    """The demo's logins, whichever of the two shapes they have: a list of rows, or role -> row."""
    found = read_json(Path(file)) if file else {}
    rows = found.get("logins", found) if isinstance(found, dict) else found
    if isinstance(rows, dict):
        rows = [
            {"role": role, **(row if isinstance(row, dict) else {"password": row})}
            for role, row in rows.items()
        ]
    for row in rows:
        name = row.get("username") or row.get("role", "")
        say(f"    {row.get('role', ''):<12} {name:<16} {row.get('password', '')}")


def test(more: Sequence[str]) -> int:
    """pytest on throw-away servers, or on those that DATABASE_URL and BROKER_URL name. When nothing is chosen,
    all tests, each tester with a database of its own, and one tester more than processors: some tests wait."""
    testers = min((os.cpu_count() or 1) + 1, MOST_TESTERS)
    how = more or ["-n", str(testers), "--dist", "worksteal"]
    return on_throw_away([sys.executable, "-m", "pytest", *how], durable=False)


def bench(more: Sequence[str]) -> int:
    """Our actions against hand-written SQL on throw-away servers that are as durable as real ones."""
    return on_throw_away([sys.executable, "-m", "tests.bench", *more], durable=True, names=["migrate"])


def replay(more: Sequence[str]) -> int:
    """Replay a file of orders on throw-away servers that are as durable as real ones."""
    argv = [sys.executable, "manage.py", "replay", *more]
    return on_throw_away(argv, durable=True, names=["migrate", "sync_roles", "sync_schedule"])


def scratch(more: Sequence[str]) -> int:
    """Any command on throw-away servers."""
    return on_throw_away([*more], durable=False)


def on_throw_away(argv: Sequence[str], *, durable: bool, names: Sequence[str] = ()) -> int:
    say = Say(sys.stderr)
    supervisor = Supervisor(say, Ledger(Path(os.devnull))).listen()
    try:
        with system.throw_away(supervisor, durable=durable) as (paths, env):
            env["OMS_TEST_BROKER_URL"] = env["BROKER_URL"]
            env["BROKER_QUEUE"] = f"oms-try-{secrets.token_hex(4)}"  # the broker may be others' as well
            if names:
                system.prepare(supervisor, paths, env, names)
            return supervisor.foreground(argv, env=env, cwd=paths.root)
    except Stopped as stopped:
        return 128 + stopped.by
    except Trouble as trouble:
        say(str(trouble))
        return 1


def manage(more: Sequence[str], kind: str = "run") -> int:
    """A management command on what is up; when nothing is, on its own servers for as long as it takes."""
    say = Say(sys.stderr)
    paths = Paths().make()
    lock = Lock(paths.lock)
    argv = [sys.executable, "manage.py", *more]
    supervisor = Supervisor(say, Ledger(paths.children)).listen()
    try:
        lock.take()
    except AlreadyUp as already:
        if "env" not in already.note:
            say(str(already))
            return 1
        return supervisor.foreground(argv, env=system.environment(paths, already.note["env"]), cwd=paths.root)
    try:
        lock.note(pid=os.getpid(), birth=birth(os.getpid()), kind="manage")
        supervisor.ledger.end_survivors(say)
        database, number = system.DATABASES[kind]
        mine = system.secrets_for(paths) | system.start_servers(supervisor, paths, database, number)
        return supervisor.foreground(argv, env=system.environment(paths, mine), cwd=paths.root)
    except Stopped as stopped:
        return 128 + stopped.by
    except Trouble as trouble:
        say(str(trouble))
        return 1
    finally:
        supervisor.stop()
        system.leave_no_sockets(paths)
        lock.free()


def stop() -> int:
    """Ask what is up here to end, and wait until it has. What a killed run left is ended too."""
    say = Say()
    paths = Paths()
    if not paths.run.is_dir():
        say("Nothing was ever started here.")
        return 0
    note = Lock(paths.lock).holder()
    pid, born = note.get("pid"), note.get("birth")
    if pid and born and birth(pid) == born:
        end(pid, born, ((signal.SIGTERM, 120.0),))
        if birth(pid) == born:
            say(f"Process {pid} has not ended after 120 s; see {paths.log}")
            return 1
        say(f"stopped (process {pid})")
    else:
        Ledger(paths.children).end_survivors(say)
        say("Nothing is up.")
    return 0


def clean(yes: bool = False) -> int:
    """Take away caches and the virtual environment, and the data when a person says so."""
    paths = Paths()
    if paths.run.is_dir() and Lock(paths.lock).holder():
        print("It is up. `make stop` first.")
        return 1
    for name in (
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".import_linter_cache",
        ".venv",
    ):
        shutil.rmtree(paths.root / name, ignore_errors=True)
    for folder in paths.root.rglob("__pycache__"):
        shutil.rmtree(folder, ignore_errors=True)
    print("Gone: caches and .venv.")
    if not paths.var.exists():
        return 0
    if not yes:
        print(f"{paths.var} holds the DATA: the database, the queue, the keys to stored credentials.")
        try:
            yes = input("Delete it for ever? Type yes: ").strip() == "yes"
        except EOFError:
            print()
    if not yes:
        print("Kept.")
        return 0
    shutil.rmtree(paths.var)
    print("Gone: the data.")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if argv is None else argv)
    passing_on = {"test": test, "bench": bench, "replay": replay, "scratch": scratch, "manage": manage}
    if given and given[0] in passing_on:
        return passing_on[given[0]](given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m oms.embedded", description=sys.modules["oms.embedded"].__doc__
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for kind in ("run", "demo"):
        one = verbs.add_parser(
            kind, help="an empty system for real use" if kind == "run" else "with the story"
        )
        one.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))
        one.add_argument("--processes", type=int, default=2, help="of the worker")
        if kind == "demo":
            one.add_argument("--once", action="store_true", help="end after the story")
    for verb, what in (
        ("test", "pytest on throw-away servers"),
        ("bench", "our actions against hand-written SQL, on durable throw-away servers"),
        ("replay", "a file of orders, on durable throw-away servers"),
        ("scratch", "any command on throw-away servers"),
        ("manage", "a management command on what is up"),
        ("shell", "a Django shell on what is up"),
        ("stop", "end what is up here"),
    ):
        verbs.add_parser(verb, help=what)
    verbs.add_parser("clean", help="delete what was made here").add_argument("--yes", action="store_true")
    told = parser.parse_args(given)
    if told.verb in ("run", "demo"):
        return up(told.verb, once=getattr(told, "once", False), port=told.port, processes=told.processes)
    if told.verb == "shell":
        return manage(["shell"], "demo" if os.environ.get("DEMO") else "run")
    return clean(told.yes) if told.verb == "clean" else stop()


if __name__ == "__main__":
    sys.exit(main())
