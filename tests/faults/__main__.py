"""``python -m tests.faults``: the whole demo system on a throw-away folder, whose processes are killed while it
works; afterwards all books must agree. The last line is one JSON object; the exit code is 0 when it says ok.

This process supervises only. ``drama.py`` is a program of its own that it starts: there the shoppers buy, the
warehouse works, and somebody kills.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from oms.embedded import system
from oms.embedded.paths import Paths, Trouble
from oms.embedded.processes import Ledger
from oms.embedded.supervisor import Say, Stopped, Supervisor

# What makes a crash run short: a dead process' work is taken up soon, and it is started again at once.
LEASE_SECONDS = 10
LONGEST_BACKOFF = 1.0
APPS = {"": "oms.celery.app", "blind": "tests.faults.planted.app"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=int, default=90, help="how long shoppers buy, at least")
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two orders")
    parser.add_argument(
        "--steps", default="", help="kill at these steps only, separated by commas; none at random"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--plant", default="", choices=APPS, help="a fault that must be found: see planted.py"
    )
    told = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="oms-faults-"))
    try:
        code, last = run(folder, told)
    finally:
        if os.environ.get("OMS_FAULTS_KEEP"):
            print(f"kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(last, flush=True)
    return code


def run(folder: Path, told: argparse.Namespace) -> tuple[int, str]:
    for name in ("DATABASE_URL", "BROKER_URL", "OMS_DATA_DIR", "OMS_BASE_URL", "DJANGO_SETTINGS_MODULE"):
        os.environ.pop(name, None)
    paths, steps = Paths(folder / "var").make(), folder / "steps"
    steps.mkdir()
    os.environ.update(OMS_STEPS=str(steps), LEASE_SECONDS=str(LEASE_SECONDS))
    say = Say(sys.stderr)
    supervisor = Supervisor(say, Ledger(paths.children), LONGEST_BACKOFF).listen()
    lines: list[str] = []

    def hear(text: str) -> None:
        if lines:
            print(lines[-1], flush=True)
        lines.append(text)

    code, trouble = 1, "the drama did not come to its end"
    try:
        with system.listen_on(8600) as line:
            env = bring_up(supervisor, paths, line.getsockname()[1], line, APPS[told.plant])
            argv = [sys.executable, "-m", "tests.faults.drama", "--base-url", env["OMS_BASE_URL"]]
            argv += ["--seconds", str(told.seconds), "--every", str(told.every), "--seed", str(told.seed)]
            argv += ["--steps", told.steps] if told.steps else []
            # The drama is not to be killed at a step: it reads our books, it does not work in them.
            code = supervisor.follow(argv, env={**env, "OMS_STEPS": ""}, cwd=paths.root, line=hear)
    except Stopped as stopped:
        code, trouble = 128 + stopped.by, f"stopped by {stopped.by.name}"
    except Trouble as met:
        trouble = str(met)
    finally:
        supervisor.stop(quietly=True)
        system.leave_no_sockets(paths)
    last = system.last_object(lines)
    if lines and last is None:
        print(lines[-1], flush=True)
    return code, last or json.dumps({"ok": False, "error": trouble})


def bring_up(supervisor: Supervisor, paths: Paths, port: int, line, app: str) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """Everything that `make demo` starts, durable as there, with a second worker."""
    database, number = system.DATABASES["demo"]
    ports = system.twin_ports(paths)
    mine = {
        "PORT": str(port),
        "OMS_BASE_URL": f"http://{system.HOST}:{port}",
        "OMS_FAULTS_STEPS": os.environ["OMS_STEPS"],
    }
    mine |= system.twin_urls(ports) | system.secrets_for(paths)
    mine |= system.start_servers(supervisor, paths, database, number)
    env = system.environment(paths, mine)
    supervisor.start(*system.twins(paths, env, ports))
    system.prepare(supervisor, paths, env, ["migrate", "collectstatic", "sync_roles", "sync_schedule"])
    workers = (system.worker(paths, env, 2, name, app) for name in ("worker", "worker-2"))
    supervisor.start(system.web(paths, env, line), *workers, system.beat(paths, env))
    return env


if __name__ == "__main__":
    sys.exit(main())
