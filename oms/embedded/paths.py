"""Where things lie: the data folder, the sockets, the secrets and the lock of one running system."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]

# sockaddr_un.sun_path is 108 bytes with its closing zero.
SOCKET_PATH_LIMIT = 107
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
# A socket path also travels in URLs and in configuration lines: keep to characters that nothing has to quote.
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


class Trouble(Exception):
    """Something a person has to know or mend; the text says what, and what to do."""


class Paths:
    """The layout of one data folder (``OMS_DATA_DIR``, or ``var`` beside the code)."""

    def __init__(self, var: Path | str | None = None, root: Path = ROOT):
        self.root = root
        self.var = Path(var or os.environ.get("OMS_DATA_DIR") or root / "var").absolute()
        self.postgres = self.var / "postgres"
        self.valkey = self.var / "valkey"
        self.twins = self.var / "twins"
        self.log = self.var / "log"
        self.run = self.var / "run"
        self.secrets = self.var / "secrets"
        self.lock = self.run / "lock"
        self.children = self.run / "children.json"
        self.demo = self.var / "demo.json"
        self.logins = self.var / "demo-logins.json"
        self.static_stamp = self.run / "static.stamp"

    def make(self) -> Paths:
        """Create the folders; those with sockets and secrets are for this user alone."""
        for folder in (self.var, self.log, self.twins):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.run, self.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        return self


def socket_folder(preferred: Path, temp: str | None = None) -> Path:
    """A folder whose sockets have paths the kernel takes: ``preferred``, or a private one in the temp folder.

    The fallback's name follows from ``preferred``, so that a later run finds what an earlier one left there.
    """
    if _fits(preferred):
        preferred.mkdir(mode=0o700, parents=True, exist_ok=True)
        return preferred
    name = f"oms-{os.getuid()}-{hashlib.sha256(os.fsencode(preferred)).hexdigest()[:12]}"
    for parent in dict.fromkeys([temp or tempfile.gettempdir(), "/tmp", "/var/tmp"]):
        folder = Path(parent, name)
        if not _fits(folder):
            continue
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        found = folder.lstat()
        # Anybody can make a folder of that name in a shared place: use it only when it is ours alone.
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
            return folder
        return Path(tempfile.mkdtemp(prefix="oms-", dir=parent))
    raise Trouble(
        f"No folder for sockets: {preferred} is too long for the kernel ({SOCKET_PATH_LIMIT} bytes) and "
        "nothing can be written to the temp folder. Set TMPDIR to a short, writable folder."
    )


def _fits(folder: Path) -> bool:
    path = str(folder / LONGEST_SOCKET_NAME)
    return len(os.fsencode(path)) <= SOCKET_PATH_LIMIT and PLAIN.fullmatch(path) is not None


def secret_key() -> str:
    return secrets.token_urlsafe(50)


def field_key() -> str:
    """A Fernet key: 32 random bytes, base64 for URLs."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def kept_secret(file: Path, make: Callable[[], str]) -> Path:
    """The file with a secret, made once, mode 0600, then kept: losing it would lose what it encrypted."""
    if not file.exists():
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(make() + "\n")
            out.flush()
            os.fsync(out.fileno())
        fresh.rename(file)
    return file


def write_json(file: Path, content: Any) -> None:
    """Whole or not at all, and for this user alone."""
    fresh = file.with_name(file.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out, indent=1)
    fresh.rename(file)


def read_json(file: Path) -> Any:
    """What the file holds, or an empty dict when there is none or it is damaged."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


class AlreadyUp(Trouble):
    """Another supervisor holds this data folder; ``note`` is what it wrote about itself."""

    def __init__(self, note: Mapping[str, Any]):
        self.note = dict(note)
        where = f"at {note['address']}" if note.get("address") else "and still starting"
        super().__init__(f"It is already up {where} (process {note.get('pid', '?')}; `make stop` ends it).")


class Lock:
    """One supervisor per data folder. The kernel frees the lock when its holder dies, however it dies."""

    def __init__(self, file: Path):
        self.file = file
        self._held: IO[str] | None = None

    def take(self) -> Lock:
        """Raises :class:`AlreadyUp` when another process holds it."""
        held = os.fdopen(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.close()
            raise AlreadyUp(read_json(self.file)) from None
        self._held = held
        return self

    def note(self, **about: Any) -> None:
        """Leave word for whoever finds the lock taken."""
        assert self._held is not None
        self._held.seek(0)
        self._held.truncate()
        json.dump(about, self._held)
        self._held.flush()

    def free(self) -> None:
        if self._held is not None:
            self.note()
            self._held.close()
            self._held = None

    def holder(self) -> dict[str, Any]:
        """What the holder wrote, or an empty dict when nobody holds it."""
        try:
            self.take()
        except AlreadyUp as up:
            return up.note or {"pid": None}
        except OSError:
            return {}
        self.free()
        return {}
