"""What the system is made of on one machine: two servers, web, worker, clock; in the demo, the twins."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from oms.embedded.paths import (
    Paths,
    Trouble,
    field_key,
    kept_secret,
    read_json,
    secret_key,
    socket_folder,
    write_json,
)
from oms.embedded.postgres import Postgres
from oms.embedded.processes import Ledger, Service, tail
from oms.embedded.supervisor import Supervisor
from oms.embedded.valkey import Valkey

TWINS = {
    "woocommerce": "channels.twins.woocommerce",
    "shopify": "channels.twins.shopify",
    "easypost": "fulfillment.twins.easypost",
}
# The demo's data beside the real system's, so that trying out never meets working.
DATABASES = {"run": ("oms", 0), "demo": ("oms_demo", 1)}
HOST = "127.0.0.1"
PORTS_TO_TRY = 100


def secrets_for(paths: Paths) -> dict[str, str]:
    """Names of the files with the secrets; those given in the environment are left alone."""
    env = {}
    for name, make in (("SECRET_KEY", secret_key), ("OMS_FIELD_KEY", field_key)):
        if not os.environ.get(name) and not os.environ.get(f"{name}_FILE"):
            env[f"{name}_FILE"] = str(kept_secret(paths.secrets / name.lower(), make))
    return env


def start_servers(
    supervisor: Supervisor, paths: Paths, database: str, number: int, *, durable: bool = True
) -> dict[str, str]:
    """Start the servers that the environment does not name, and return their addresses for it."""
    env: dict[str, str] = {}
    sockets = socket_folder(paths.run)
    if not os.environ.get("DATABASE_URL"):
        postgres = Postgres(paths.postgres, sockets, paths.log / "postgres.log", durable=durable)
        postgres.prepare(supervisor)
        supervisor.start(postgres.service())
        if postgres.create(database):
            supervisor.say(f"PostgreSQL: database {database} made")
        env["DATABASE_URL"] = postgres.url(database)
    if not os.environ.get("BROKER_URL"):
        valkey = Valkey(paths.valkey, sockets, paths.log / "valkey.log", durable=durable)
        supervisor.start(valkey.service())
        env["BROKER_URL"] = valkey.url(number)
    return env


def leave_no_sockets(paths: Paths) -> None:
    """Take away the folder in the temp folder that the sockets were in, when it had to be there."""
    folder = socket_folder(paths.run)
    if folder != paths.run:
        with suppress(OSError):  # not empty: somebody is still using it
            folder.rmdir()


def environment(paths: Paths, *more: Mapping[str, str]) -> dict[str, str]:
    """What every program of ours is started with. Two arenas of glibc's allocator: with one a thread, as it would
    have it, a web server of eight threads never gives back what its busiest minute took."""
    env = {
        "DJANGO_SETTINGS_MODULE": "oms.settings",
        "MALLOC_ARENA_MAX": "2",
        **os.environ,
        "PYTHONUNBUFFERED": "1",
    }
    env["OMS_DATA_DIR"] = str(paths.var)
    for part in more:
        env.update(part)
    return env


def prepare(supervisor: Supervisor, paths: Paths, env: Mapping[str, str], names: Sequence[str]) -> None:
    """Run management commands, saying each; raises :class:`Trouble` with the end of their log."""
    log = paths.log / "prepare.log"
    supervisor.say.working(names[0])
    left = list(names)

    def done(text: str) -> None:
        left.pop(0)
        name, _, seconds = text.partition(" ")
        supervisor.say(f"{name}: done ({seconds} s)")
        if left:
            supervisor.say.working(left[0])

    argv = [sys.executable, "-m", "oms.embedded.prepare", *names]
    with log.open("wb") as out:
        code = supervisor.follow(argv, env=env, cwd=paths.root, line=done, errors=out)
    if code:
        raise Trouble(f"{left[0] if left else names[-1]} failed. The end of {log}:\n{tail(log)}")


def static_fingerprint(paths: Paths) -> str:
    """Changes whenever the static files might: the installed packages, and each file of our own."""
    digest = hashlib.sha256((paths.root / "requirements.lock").read_bytes())
    for folder in sorted(
        [paths.root / "static", *paths.root.glob("*/static"), *paths.root.glob("*/*/static")]
    ):
        for file in sorted(folder.rglob("*")):
            found = file.stat()
            digest.update(f"{file.relative_to(paths.root)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def static_is_current(paths: Paths) -> bool:
    return (paths.var / "static").is_dir() and read_json(paths.static_stamp) == static_fingerprint(paths)


# -- ports ---------------------------------------------------------------------------------------------------


def listen_on(preferred: int) -> socket.socket:
    """A socket on that port of this machine, or on the next free one, to hand to the web server."""
    for port in range(preferred, min(preferred + PORTS_TO_TRY, 65536)):
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((HOST, port))
            # Two sockets may be bound to one port as long as neither listens; listening settles whose it is.
            line.listen(256)
            return line
        except OSError:
            line.close()
    raise Trouble(
        f"No free port between {preferred} and {preferred + PORTS_TO_TRY - 1}. Set PORT to another."
    )


def free_port(remembered: int | None) -> int:
    """That port when nobody has it, else any other."""
    for port in (remembered, 0):
        if port is None:
            continue
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                line.bind((HOST, port))
                line.listen(1)
                return line.getsockname()[1]
            except OSError:
                continue
    raise Trouble("No free port on this machine.")


def twin_ports(paths: Paths) -> dict[str, int]:
    """The twins' ports, the same from run to run: shops must not move away from under their records."""
    kept = read_json(paths.demo).get("ports", {})
    ports: dict[str, int] = {}
    for name in TWINS:
        port = free_port(kept.get(name))
        while port in ports.values():
            port = free_port(None)
        ports[name] = port
    write_json(paths.demo, {**read_json(paths.demo), "ports": ports})
    return ports


def twin_urls(ports: Mapping[str, int]) -> dict[str, str]:
    return {f"OMS_TWIN_{name.upper()}_URL": f"http://{HOST}:{port}" for name, port in ports.items()}


def answers(port: int, path: str) -> Callable[[], bool]:
    """Whether a web server there gives an answer that is no failure of its own."""

    def ask() -> bool:
        line = http.client.HTTPConnection(HOST, port, timeout=1)
        try:
            line.request("GET", path)
            return line.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    return ask


def says(log: Path, words: str) -> Callable[[], bool]:
    """Whether a service has written these words since its log was begun."""

    def read() -> bool:
        try:
            return words.encode() in log.read_bytes()
        except OSError:
            return False

    return read


# -- the services --------------------------------------------------------------------------------------------


def twins(paths: Paths, env: Mapping[str, str], ports: Mapping[str, int]) -> Iterator[Service]:
    for name, port in ports.items():
        argv = [sys.executable, "-m", TWINS[name], "--port", str(port)]
        argv += ["--store", str(paths.twins / f"{name}.sqlite3"), "--name", name]
        yield Service(
            f"twin {name}",
            argv,
            env,
            paths.log / f"twin-{name}.log",
            answers(port, "/_twin/health"),
            cwd=paths.root,
            address=f"http://{HOST}:{port}",
        )


def web(paths: Paths, env: Mapping[str, str], line: socket.socket) -> Service:
    port = line.getsockname()[1]
    argv = [sys.executable, "-m", "gunicorn", "oms.wsgi:application", "--bind", f"fd://{line.fileno()}"]
    argv += ["--workers", "1", "--worker-class", "gthread", "--threads", "8", "--timeout", "120"]
    argv += ["--graceful-timeout", "8", "--no-control-socket", "--access-logfile", "-"]
    if Path("/dev/shm").is_dir():  # its heartbeat is a file; a busy disk must not look like a dead worker
        argv += ["--worker-tmp-dir", "/dev/shm"]
    return Service(
        "web",
        argv,
        env,
        paths.log / "web.log",
        answers(port, "/healthz"),
        ending=((signal.SIGTERM, 12.0), (signal.SIGKILL, 5.0)),
        fds=(line.fileno(),),
        cwd=paths.root,
        address=f"http://{HOST}:{port}/",
    )


def worker(
    paths: Paths, env: Mapping[str, str], processes: int, name: str = "worker", app: str = "oms.celery.app"
) -> Service:
    """Workers beside each other need names of their own."""
    log = paths.log / f"{name}.log"
    argv = [sys.executable, "-m", "oms.worker", "--app", app, "--processes", str(processes)]
    argv += ["--name", f"{name}-{os.getpid()}"]
    return Service(
        name,
        argv,
        env,
        log,
        says(log, " ready."),
        # TERM finishes the tasks at hand. What is cut off by QUIT is delivered again.
        ending=((signal.SIGTERM, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
        cwd=paths.root,
    )


def beat(paths: Paths, env: Mapping[str, str]) -> Service:
    log = paths.log / "beat.log"
    argv = [sys.executable, "-m", "oms.clock"]
    return Service("beat", argv, env, log, says(log, "beat: Starting"), cwd=paths.root)


# -- a throw-away pair of servers ----------------------------------------------------------------------------


@contextmanager
def throw_away(supervisor: Supervisor, *, durable: bool = False) -> Iterator[tuple[Paths, dict[str, str]]]:
    """Servers in a temporary folder, and the environment that leads to them; nothing is left of either."""
    folder = Path(tempfile.mkdtemp(prefix="oms-try-"))
    paths = Paths(folder / "var").make()
    supervisor.ledger = Ledger(paths.children)
    try:
        env = environment(
            paths, start_servers(supervisor, paths, "oms", 0, durable=durable), secrets_for(paths)
        )
        yield paths, env
    finally:
        supervisor.stop(quietly=True)  # the command's own last words are what matters
        leave_no_sockets(paths)
        shutil.rmtree(folder, ignore_errors=True)


def last_object(lines: Iterable[str]) -> str | None:
    """The last of these lines when it is a JSON object."""
    last = None
    for text in lines:
        if text.strip():
            last = text
    try:
        return last if last is not None and isinstance(json.loads(last), dict) else None
    except ValueError:
        return None
