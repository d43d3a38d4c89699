"""A backup is one only when it has been restored: into an empty database, audited, and backed up again."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from fulfillment.models import CarrierAccount
from oms.core import backups, restoring
from oms.core.models import JobRun, OutboundEffect
from oms.core.tasks import backup as by_clock
from tests import way

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop() -> None:
    way.shipped([("A", 2)])
    CarrierAccount.objects.create(slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9")
    OutboundEffect.objects.create(
        target="channel:x", kind="tell_shipment", key="k", subject="order:1", thread="order:1"
    )


def manage(database: str, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *argv], cwd=ROOT, env={**os.environ, "DATABASE_URL": database, **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_drill(shop: None, elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.backup"
    out = io.StringIO()
    call_command("backup", str(file), stdout=out)
    assert "OMS_FIELD_KEY is not in it" in out.getvalue()
    assert file.stat().st_mode & 0o777 == 0o600 and [*tmp_path.iterdir()] == [file]
    manifest = backups.read_manifest(file)
    assert manifest["rows"]["orders_order"] == 1 and "core.0001_initial" in manifest["migrations"]
    assert settings.FIELD_KEYS[0] not in json.dumps(manifest)

    done = manage(elsewhere, "restore", str(file))
    assert done.returncode == 0, done.stderr
    assert "all books agree" in done.stdout and "1 carriers are switched off" in done.stdout
    assert "1 messages wait" in done.stdout and "OMS_FIELD_KEY" not in done.stderr

    # What was restored is a whole system: its ledgers are still shut, it audits, and it can be backed up itself.
    told = manage(elsewhere, "audit")
    assert told.returncode == 0, told.stdout
    shut = manage(
        elsewhere, "shell", "-c", "from oms.core.models import JournalEntry as J; J.objects.all().delete()"
    )
    assert "append-only" in shut.stderr
    state = manage(elsewhere, "shell", "-v0", "-c", "from fulfillment.models import CarrierAccount as C;"
                   " from oms.core.models import OutboundEffect as E;"
                   " print(C.objects.get().active, E.objects.get().state, E.objects.get().attempts)")  # fmt: skip
    assert state.stdout.split() == ["False", "failed", "1"]
    again = tmp_path / "again.backup"
    assert manage(elsewhere, "backup", str(again)).returncode == 0

    # Not over what is there, unless that is said; and another key is told.
    refused = manage(elsewhere, "restore", str(again))
    assert refused.returncode == 1 and "--replace" in refused.stderr
    key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    replaced = manage(elsewhere, "restore", str(again), "--replace", OMS_FIELD_KEY=key, OMS_FIELD_KEY_FILE="")
    assert replaced.returncode == 0, replaced.stderr
    assert "OMS_FIELD_KEY is not the one of the backup" in replaced.stderr


def test_what_cannot_be_restored_leaves_what_was_there(elsewhere: str, tmp_path: Path) -> None:
    """The dump breaks off in the middle: the schema that stepped aside is back."""
    file = tmp_path / "ours.backup"
    backups.back_up(file)
    assert manage(elsewhere, "restore", str(file)).returncode == 0
    broken = tmp_path / "broken.dump"
    with zipfile.ZipFile(file) as box:
        dump = box.read(backups.DUMP)
    broken.write_bytes(dump[: len(dump) // 2])
    swap = f"from pathlib import Path; from oms.core.restoring import _swap; _swap(Path({str(broken)!r}))"
    done = manage(elsewhere, "shell", "-c", swap)
    assert "BadBackup" in done.stderr
    assert manage(elsewhere, "audit").returncode == 0


def test_a_damaged_file_is_told(shop: None, tmp_path: Path) -> None:
    file = tmp_path / "ours.backup"
    backups.back_up(file)
    backups.verify(file)
    with pytest.raises(CommandError, match="never written over"):
        call_command("backup", str(file))
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    hurt = tmp_path / "hurt.backup"
    hurt.write_bytes(raw)
    with pytest.raises(backups.BadBackup, match="damaged"):
        backups.verify(hurt)
    hurt.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(backups.BadBackup, match="no backup of this system"):
        restoring.restore(hurt, replace=True)
    assert restoring.what_is_there()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ours.backup"
    monkeypatch.setattr(backups, "migrations", lambda: ["orders.9999_of_tomorrow"])
    backups.back_up(file)
    with pytest.raises(backups.BadBackup, match=r"orders\.9999_of_tomorrow is unknown here"):
        restoring.restore(file, replace=True)


def test_a_server_newer_than_every_tool_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(backups, "_tools", lambda name: {9: "/opt/pg_dump"})
    with pytest.raises(backups.BadBackup, match=r"must be at least as new; here is /opt/pg_dump \(9\)"):
        backups.back_up(tmp_path / "x.backup")
    assert not [*tmp_path.iterdir()]


def test_the_clock_keeps_the_newest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "BACKUP_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "BACKUP_KEEP", 2)
    for day in ("20200101", "20200102", "20200103"):
        (tmp_path / f"oms-{day}-030000.backup").touch()
    (tmp_path / "mine.backup").touch()
    by_clock()
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 3 and kept[:2] == ["mine.backup", "oms-20200103-030000.backup"]
    backups.verify(tmp_path / kept[2])
    run = JobRun.objects.get(name=backups.JOB)
    assert run.state == "succeeded" and run.result["deleted"] == 2


def test_home_tells_when_the_backup_is_old() -> None:
    now = timezone.now()
    assert not backups.too_old().exists()  # a system of today
    old = JobRun.objects.create(name=backups.JOB, state="succeeded", started_at=now - timedelta(hours=40))
    assert [*backups.too_old()] == [old]
    failed = JobRun.objects.create(name=backups.JOB, state="failed", started_at=now)
    assert [*backups.too_old()] == [failed]
    JobRun.objects.create(name=backups.JOB, state="succeeded", started_at=now)
    assert not backups.too_old().exists()
