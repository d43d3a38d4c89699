"""Backups: one file with the whole database, as of one moment, looked at again after writing.

The file is a ZIP of ``database.dump`` (pg_dump's custom format) and ``manifest.json``: when, which version,
which migrations, how many rows of each table, the dump's SHA-256, the newest seals, and a fingerprint of the field key.
The key itself is not in it: without it the stored credentials of shops and carriers cannot be read again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from oms.core.errors import OmsError
from oms.core.models import JobRun
from oms.core.seals import heads
from oms.embedded.postgres import candidates

DUMP, MANIFEST = "database.dump", "manifest.json"
JOB = "oms.core.backup"
OLD = timedelta(hours=36)
_CHUNK = 1 << 20


class BadBackup(OmsError):
    """It could not be made, is not whole, or does not fit; the words say what to do."""


# -- the tools of PostgreSQL


def tool(name: str) -> str:
    """The program that fits the server: of its own major version, else the next newer one that is here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (server,) = cursor.fetchone()
    found = _tools(name)
    fitting = [major for major in sorted(found) if major >= server]
    if not fitting:
        have = ", ".join(f"{path} ({major})" for major, path in found.items()) or "none at all"
        raise BadBackup(
            f"The server is PostgreSQL {server}, and {name} must be at least as new; here is {have}."
            " Install its client programs, or set OMS_POSTGRES_BIN to their folder."
        )
    return found[fitting[0]]


@cache
def _tools(name: str) -> dict[int, str]:
    """Path by major version: the wheel's, the installed servers', and the one on the PATH."""
    paths = [str(one.folder / name) for one in candidates()]
    if told := os.environ.get("OMS_POSTGRES_BIN"):
        paths.insert(0, str(Path(told, name)))
    if on_path := shutil.which(name):
        paths.append(on_path)
    found: dict[int, str] = {}
    for path in paths:
        if os.access(path, os.X_OK):
            argv = [path, "--version"]
            said = subprocess.run(argv, capture_output=True, text=True, check=False).stdout  # noqa: S603 - found above
            if version := re.search(r"\b(\d+)\.", said):
                found.setdefault(int(version[1]), path)
    return found


def surroundings() -> dict[str, str]:
    """The environment that leads libpq's programs to our database; the password is on no command line."""
    given: Mapping[str, Any] = connection.settings_dict
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    names = {
        "NAME": "PGDATABASE",
        "USER": "PGUSER",
        "PASSWORD": "PGPASSWORD",
        "HOST": "PGHOST",
        "PORT": "PGPORT",
    }
    env |= {libpq: str(given[ours]) for ours, libpq in names.items() if given.get(ours)}
    for option in ("sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "gssencmode"):
        if value := given["OPTIONS"].get(option):
            env[f"PG{option.replace('_', '').upper()}"] = str(value)
    return env


# -- writing


def file_name(now: datetime | None = None) -> str:
    return f"oms-{(now or timezone.now()):%Y%m%d-%H%M%S}.backup"


def back_up(path: Path) -> dict[str, Any]:
    """Write the database to ``path`` and look at it again; returns its manifest. An unfinished file is never left
    under that name, and one that is there is never overwritten. Raises :class:`BadBackup`."""
    if path.exists():
        raise BadBackup(f"{path} is there already; a backup is never written over another.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
                manifest = _write(box)
            out.flush()
            os.fsync(out.fileno())
        verify(part)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(box: zipfile.ZipFile) -> dict[str, Any]:
    with _one_moment() as snapshot:
        manifest = {"form": 1, "made_at": timezone.now().isoformat(), **_state()}
        digest, size = hashlib.sha256(), 0
        argv = [tool("pg_dump"), "--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}"]
        with program(argv) as process, box.open(DUMP, "w", force_zip64=True) as into:
            assert process.stdout
            while chunk := process.stdout.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                into.write(chunk)
    manifest |= {"sha256": digest.hexdigest(), "bytes": size}
    box.writestr(MANIFEST, json.dumps(manifest, indent=1, sort_keys=True))
    return manifest


@contextmanager
def _one_moment() -> Iterator[str]:
    """A snapshot that what we count and what pg_dump reads have in common."""
    with transaction.atomic(), connection.cursor() as cursor:
        # For a test in a transaction of its own this is refused by PostgreSQL: rightly, nobody else sees its rows.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def _state() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        (server,) = cursor.fetchone()
        rows = {}
        for table in _stored(cursor):
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows[table] = cursor.fetchone()[0]
    return {
        "server": server,
        "migrations": migrations(),
        "rows": rows,
        "seals": heads(),
        "field_key": field_key_fingerprint(),
    }


def _stored(cursor: Any) -> list[str]:
    """Tables that hold rows themselves: of one that lies in partitions, the partitions, as a dump has them."""
    cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
                   " AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
                   " ORDER BY 1")  # fmt: skip
    return [table for (table,) in cursor.fetchall()]


def migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def field_key_fingerprint() -> str:
    """Tells two keys apart and nothing else; empty without a key."""
    if not settings.FIELD_KEYS:
        return ""
    return hashlib.sha256(b"oms field key " + settings.FIELD_KEYS[0].encode()).hexdigest()[:16]


@contextmanager
def program(argv: list[str], stdin: IO[bytes] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program of PostgreSQL at work; raises :class:`BadBackup` with its words when it fails."""
    process = subprocess.Popen(  # noqa: S603 - our own words
        argv,
        env=surroundings(),
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
        told = process.stderr.read() if process.stderr else b""
    finally:
        if process.poll() is None and process.stdout:
            process.stdout.close()
        code = process.wait()
        if process.stdout:
            process.stdout.close()
    if code:
        raise BadBackup(
            f"{Path(argv[0]).name} failed ({code}): {told.decode(errors='replace').strip()[-1500:]}"
        )


# -- reading


def read_manifest(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as box:
            manifest: dict[str, Any] = json.loads(box.read(MANIFEST))
            box.getinfo(DUMP)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadBackup(f"{path} is no backup of this system, or not a whole one: {error}") from error
    return manifest


def verify(path: Path) -> dict[str, Any]:
    """Read all of it: the dump is as it was written, and pg_restore finds each table in it. Returns the manifest;
    raises :class:`BadBackup`."""
    manifest = read_manifest(path)
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as box:
        try:
            with box.open(DUMP) as dump:
                while chunk := dump.read(_CHUNK):
                    digest.update(chunk)
        except zipfile.BadZipFile as error:
            raise BadBackup(f"{path} is damaged: {error}") from error
    if digest.hexdigest() != manifest["sha256"]:
        raise BadBackup(f"{path} is damaged: its dump is not the one that was written.")
    with unpacked(path) as dump_file:
        listed = subprocess.run(  # noqa: S603 - our own words
            [tool("pg_restore"), "--list", str(dump_file)], capture_output=True, text=True, check=False
        )
    if listed.returncode:
        raise BadBackup(f"{path} cannot be read by pg_restore: {listed.stderr.strip()[-1500:]}")
    tables = set(re.findall(r" TABLE DATA \S+ (\S+) ", listed.stdout))
    if missing := sorted(set(manifest["rows"]) - tables):
        raise BadBackup(f"{path} lacks the tables {', '.join(missing[:5])}.")
    return manifest


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The dump as a file of its own, beside the backup, for as long as it is needed."""
    dump = path.with_name(path.name + ".dump")
    try:
        with (
            zipfile.ZipFile(path) as box,
            box.open(DUMP) as inside,
            os.fdopen(os.open(dump, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
        ):
            shutil.copyfileobj(inside, out, _CHUNK)
        yield dump
    finally:
        dump.unlink(missing_ok=True)


# -- by the clock


def folder() -> Path:
    return Path(settings.BACKUP_DIR)


def back_up_and_tidy() -> dict[str, Any]:
    """A backup into the folder of backups; those beyond the number to keep go, oldest first."""
    made = back_up(folder() / file_name())
    kept = sorted(folder().glob("oms-*.backup"))
    gone = kept[: max(0, len(kept) - settings.BACKUP_KEEP)]
    for old in gone:
        old.unlink()
    return {
        "megabytes": round(made["bytes"] / 1e6, 1),
        "rows": sum(made["rows"].values()),
        "deleted": len(gone),
    }


def too_old() -> Any:
    """The last run of the backup job, where none has succeeded within :data:`OLD`."""
    runs = JobRun.objects.filter(name=JOB)
    if runs.filter(state="succeeded", started_at__gte=timezone.now() - OLD).exists():
        return runs.none()
    return runs.filter(pk__in=runs.exclude(state="running").order_by("-started_at").values("pk")[:1])
