"""Where sockets, secrets and the lock of one data folder lie, and who may touch them."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from oms.embedded.paths import (
    SOCKET_PATH_LIMIT,
    AlreadyUp,
    Lock,
    Paths,
    field_key,
    kept_secret,
    read_json,
    socket_folder,
    write_json,
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_short_plain_folder_keeps_its_own_sockets(tmp_path: Path) -> None:
    preferred = tmp_path / "run"
    assert socket_folder(preferred) == preferred
    assert mode(preferred) == 0o700


@pytest.fixture
def short() -> Iterator[Path]:
    """A temp folder that leaves room for a socket: pytest's own has the user's name in it, and may not."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", ["x" * SOCKET_PATH_LIMIT, "my shop", "a%20b", "it's", "ü"])
def test_a_path_that_sockets_cannot_have_leads_to_a_private_folder_elsewhere(
    tmp_path: Path, short: Path, name: str
) -> None:
    temp = short
    folder = socket_folder(tmp_path / name / "run", str(temp))
    assert len(os.fsencode(folder)) + len("/.s.PGSQL.5432") <= SOCKET_PATH_LIMIT
    assert folder.parent == temp
    assert mode(folder) == 0o700
    assert socket_folder(tmp_path / name / "run", str(temp)) == folder, "a later run has to find it again"
    assert socket_folder(tmp_path / name / "other", str(temp)) != folder


def test_a_folder_that_others_can_enter_is_not_used(tmp_path: Path) -> None:
    temp = tmp_path / "t"
    temp.mkdir()
    planted = socket_folder(tmp_path / "my shop", str(temp))
    planted.chmod(0o777)
    assert socket_folder(tmp_path / "my shop", str(temp)) != planted


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    temp, elsewhere = tmp_path / "t", tmp_path / "elsewhere"
    temp.mkdir()
    elsewhere.mkdir(mode=0o700)
    planted = socket_folder(tmp_path / "my shop", str(temp))
    planted.rmdir()
    planted.symlink_to(elsewhere)
    assert socket_folder(tmp_path / "my shop", str(temp)) not in (planted, elsewhere)


def test_a_temp_folder_that_is_too_long_itself_is_passed_over(tmp_path: Path) -> None:
    temp = tmp_path / ("t" * SOCKET_PATH_LIMIT)
    temp.mkdir()
    folder = socket_folder(tmp_path / "my shop", str(temp))
    assert folder.parent == Path("/tmp")
    folder.rmdir()


def test_secrets_are_made_once_and_for_this_user_alone(paths: Paths) -> None:
    file = kept_secret(paths.secrets / "oms_field_key", field_key)
    first = file.read_text()
    assert mode(file) == 0o600
    assert mode(paths.secrets) == 0o700
    assert kept_secret(file, field_key).read_text() == first
    assert Fernet(first.strip()).decrypt(Fernet(first.strip()).encrypt(b"x")) == b"x"


def test_json_is_for_this_user_alone_and_damage_reads_as_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    write_json(file, {"a": 1})
    assert read_json(file) == {"a": 1}
    assert mode(file) == 0o600
    file.write_text('{"a":')
    assert read_json(file) == {}


def test_the_second_to_come_learns_where_the_first_is(paths: Paths) -> None:
    first = Lock(paths.lock).take()
    first.note(pid=7, address="http://127.0.0.1:8001")
    with pytest.raises(AlreadyUp, match=r"up at http://127\.0\.0\.1:8001 \(process 7;"):
        Lock(paths.lock).take()
    assert Lock(paths.lock).holder()["pid"] == 7
    first.free()
    assert Lock(paths.lock).holder() == {}
    Lock(paths.lock).take().free()


def test_a_lock_dies_with_its_holder(paths: Paths) -> None:
    program = (
        "import sys, time; from pathlib import Path; from oms.embedded.paths import Lock\n"
        "lock = Lock(Path(sys.argv[1])).take(); lock.note(pid=1); print('held', flush=True); time.sleep(60)"
    )
    argv = [sys.executable, "-c", program, str(paths.lock)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=Paths().root) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyUp):
            Lock(paths.lock).take()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    Lock(paths.lock).take().free()
