"""Ports, stamps, addresses and the commands of the Makefile."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from oms.embedded import __main__ as verbs
from oms.embedded import system
from oms.embedded.paths import Lock, Paths, read_json, write_json

ROOT = Paths().root


def taken() -> socket.socket:
    line = socket.socket()
    line.bind(("127.0.0.1", 0))
    line.listen()
    return line


def test_a_taken_port_leads_to_the_next_free_one() -> None:
    with taken() as other:
        port = other.getsockname()[1]
        with system.listen_on(port) as line:
            assert port < line.getsockname()[1] < port + system.PORTS_TO_TRY


def test_a_port_that_another_listens_on_for_every_address_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        with system.listen_on(port) as line:
            assert line.getsockname()[1] != port


def test_twins_keep_their_ports_but_yield_them_to_others(paths: Paths) -> None:
    first = system.twin_ports(paths)
    assert len(set(first.values())) == len(system.TWINS) == 3
    assert system.twin_ports(paths) == first == read_json(paths.demo)["ports"]
    write_json(paths.demo, {"ports": first, "seed": 7})
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first["shopify"]))
        other.listen()
        second = system.twin_ports(paths)
    assert second["shopify"] != first["shopify"]
    assert second["woocommerce"] == first["woocommerce"]
    assert read_json(paths.demo) == {"ports": second, "seed": 7}, "what else is kept there stays"
    assert system.twin_urls(first)["OMS_TWIN_SHOPIFY_URL"] == f"http://127.0.0.1:{first['shopify']}"


def test_static_files_are_collected_anew_only_when_one_of_them_changed(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("a==1")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "console.css").write_text("a {}")
    paths = Paths(tmp_path / "var", tmp_path).make()
    assert not system.static_is_current(paths)
    (paths.var / "static").mkdir()
    write_json(paths.static_stamp, system.static_fingerprint(paths))
    assert system.static_is_current(paths)
    for change in ((tmp_path / "static" / "new.css"), (tmp_path / "requirements.lock")):
        change.write_text("b")
        assert not system.static_is_current(paths)
        write_json(paths.static_stamp, system.static_fingerprint(paths))
    shutil.rmtree(paths.var / "static")
    assert not system.static_is_current(paths)


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["a", '{"ok": true}', ""], '{"ok": true}'),
        (['{"ok": true}', "Traceback"], None),
        (["[1]"], None),
        ([], None),
    ],
)
def test_the_last_line_of_the_story(lines: list[str], found: str | None) -> None:
    assert system.last_object(lines) == found


def test_secrets_that_are_given_are_left_alone(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "SECRET_KEY_FILE", "OMS_FIELD_KEY", "OMS_FIELD_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("OMS_FIELD_KEY_FILE", "/mine")
    assert system.secrets_for(paths) == {}
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.delenv("OMS_FIELD_KEY_FILE")
    told = system.secrets_for(paths)
    assert set(told) == {"SECRET_KEY_FILE", "OMS_FIELD_KEY_FILE"}
    assert system.secrets_for(paths) == told


def embedded(*argv: str, var: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "oms.embedded", *argv],
        cwd=ROOT,
        env={**os.environ, "OMS_DATA_DIR": str(var), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_second_demo_says_where_the_first_is_and_with_which_logins(paths: Paths) -> None:
    lock = Lock(paths.lock).take()
    write_json(paths.logins, {"clerk": {"username": "clara", "password": "tea"}})
    lock.note(pid=7, address="http://127.0.0.1:8004", logins=str(paths.logins))
    told = embedded("demo", var=paths.var)
    assert told.returncode == 0
    assert "already up at http://127.0.0.1:8004" in told.stdout
    assert re.search(r"clerk +clara +tea", told.stdout)
    assert embedded("demo", "--once", var=paths.var).returncode == 1, (
        "a story that was not played is no success"
    )
    lock.free()


def test_stop_where_nothing_is_up(paths: Paths) -> None:
    told = embedded("stop", var=paths.var)
    assert (told.returncode, "Nothing is up" in told.stdout) == (0, True)


def test_servers_that_are_named_are_used_and_none_is_started(paths: Paths) -> None:
    program = "import os; print(os.environ['DATABASE_URL'], os.environ['OMS_TEST_BROKER_URL'])"
    told = embedded(
        "scratch",
        sys.executable,
        "-c",
        program,
        var=paths.var,
        DATABASE_URL="postgres:///x",
        BROKER_URL="redis://x",
    )
    assert told.stdout == "postgres:///x redis://x\n"
    assert "up (" not in told.stderr


def test_the_exit_code_is_that_of_the_command(paths: Paths) -> None:
    told = embedded(
        "scratch", "sh", "-c", "exit 7", var=paths.var, DATABASE_URL="postgres:///x", BROKER_URL="redis://x"
    )
    assert told.returncode == 7


def test_clean_keeps_the_data_unless_a_person_says_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = Paths(tmp_path / "var", tmp_path).make()
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(verbs, "Paths", lambda: paths)
    for answer, kept in (("", True), ("y", True), ("yes", False)):
        monkeypatch.setattr("builtins.input", lambda question, answer=answer: answer)
        assert verbs.clean() == 0
        assert paths.var.exists() is kept
    assert not (tmp_path / ".venv").exists()


def test_clean_refuses_while_it_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths(tmp_path / "var", tmp_path).make()
    monkeypatch.setattr(verbs, "Paths", lambda: paths)
    lock = Lock(paths.lock).take()
    lock.note(pid=7)
    assert verbs.clean(yes=True) == 1
    lock.free()
    assert paths.var.exists()


# -- the Makefile ----------------------------------------------------------------------------------


def test_make_alone_lists_every_target_from_a_path_with_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "a path with 'quotes' & spaces"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    told = subprocess.run(["make", "-C", str(folder)], capture_output=True, text=True, check=True)
    listed = set(re.findall(r"^  ([a-z]+) +\S", told.stdout, re.M))
    rules = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)) - {"install"}
    assert listed == rules
    assert {"demo", "run", "test", "check", "bench", "shell", "lock", "clean", "stop"} <= listed


def test_the_bootstrap_speaks_to_a_python_that_lacks_venv(tmp_path: Path) -> None:
    folder = tmp_path / "my shop"
    (folder / "oms" / "embedded").mkdir(parents=True)
    for name in ("requirements.lock", "oms/embedded/bootstrap.py", "oms/embedded/uv.requirements"):
        shutil.copy(ROOT / name, folder / name)
    program = (
        "import runpy, sys; sys.modules['ensurepip'] = None\n"
        f"runpy.run_path({str(folder / 'oms/embedded/bootstrap.py')!r}, run_name='__main__')"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert re.search(r"sudo apt install python3\.\d+-venv", told.stderr)
    assert not (folder / ".venv").exists()


def test_the_bootstrap_does_nothing_when_all_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oms.embedded import bootstrap

    monkeypatch.setattr(bootstrap, "STAMP", str(tmp_path / "installed"))
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    did: list[str] = []
    monkeypatch.setattr(bootstrap, "install", lambda: did.append("install"))
    monkeypatch.setattr(bootstrap, "make_venv", lambda: did.append("venv"))
    bootstrap.main()
    assert did == ["install"], "no stamp yet"
    bootstrap.main()
    assert did == ["install"]
    (tmp_path / "installed").write_text("another lock file's")
    bootstrap.main()
    assert did == ["install", "install"]
    monkeypatch.setattr(bootstrap, "PYTHON", str(tmp_path / "gone"))
    bootstrap.main()
    assert did[2:] == ["venv", "install"], "Python was replaced"


@pytest.mark.parametrize(
    ("works_with", "tries"),
    [
        ("true -m uv", ["- -m pip", "true -m uv"]),
        ("- -m uv", ["- -m pip", "true -m uv", "- -m uv"]),
        ("- -m pip", ["- -m pip", "true -m uv", "- -m uv", "- -m pip"]),
    ],
)
def test_uv_trusts_what_the_machine_trusts_then_its_own_list_and_pip_comes_last(
    works_with: str, tries: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oms.embedded import bootstrap

    python, log = tmp_path / "python", tmp_path / "log"
    python.write_text(
        f'#!/bin/sh\ntold="${{UV_SYSTEM_CERTS:--}} $1 $2"\necho "$told" >> \'{log}\'\n'
        f"case \"$told $*\" in *uv.requirements*) exit 0;; '{works_with}'*) exit 0;; esac\nexit 1\n"
    )
    python.chmod(0o755)
    monkeypatch.setattr(bootstrap, "PYTHON", str(python))
    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    bootstrap.install()
    assert log.read_text().splitlines() == tries


def test_what_the_machine_says_of_certificates_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oms.embedded import bootstrap

    monkeypatch.setenv("UV_SYSTEM_CERTS", "false")
    told = [sys.executable, "-c", "import os; raise SystemExit(os.environ['UV_SYSTEM_CERTS'] != 'false')"]
    assert bootstrap.run("looking", *told, UV_SYSTEM_CERTS="true")


def test_the_locks_name_no_address() -> None:
    for name in ("requirements.lock", "oms/embedded/uv.requirements"):
        text = (ROOT / name).read_text()
        assert "http" not in text
        assert "--hash=sha256:" in text
