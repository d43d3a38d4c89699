"""compose.yaml, Dockerfile and the systemd units name only what exists, and say what a server needs."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.utils.module_loading import import_string
from gunicorn.config import Config

from oms import worker
from oms.embedded.paths import Paths

ROOT = Paths().root
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "oms"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNITS = sorted((ROOT / "deploy").glob("*.service"))


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order; lines that go on are joined."""
    joined = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def programs() -> Iterator[tuple[str, list[str]]]:
    for name, service in OURS.items():
        if "command" in service:
            yield f"compose {name}", service["command"]
    for kind, text in instructions():
        if kind == "CMD":
            yield "Dockerfile CMD", json.loads(text)
    for path in UNITS:
        yield path.name, shlex.split(unit(path)["Service"]["ExecStart"])


def without_python(argv: Sequence[str]) -> list[str]:
    """The program's name and its arguments, whether it is called by name or as ``python -m``."""
    return list(argv[2:]) if argv[1:2] == ["-m"] else list(argv)


@pytest.mark.parametrize(
    ("where", "argv"), list(programs()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_program_exists_and_takes_its_arguments(where: str, argv: list[str]) -> None:
    name, *arguments = without_python(argv)
    assert find_spec(name), f"{where}: there is no {name}"
    if name == "gunicorn":
        told = Config().parser().parse_args(arguments)
        assert callable(import_string(told.args[0].replace(":", ".")))
        assert told.control_socket_disable, "it would write to the home folder"
    elif name == "oms.worker":
        assert callable(import_string(worker.arguments().parse_args(arguments).app).Worker)
    elif name == "oms.clock":
        assert arguments == []
    else:
        assert name == "oms.embedded.prepare"
        assert set(arguments) <= set(get_commands())
        assert "migrate" in arguments


def test_the_image_runs_as_nobody_special_and_tells_its_health() -> None:
    kinds = [kind for kind, _ in instructions()]
    assert kinds[0] == "FROM"
    assert kinds.count("CMD") == 1
    assert "ADD" not in kinds
    last = dict(instructions())
    assert re.search(r":\S*3\.1[1-9]", last["FROM"]), "a pinned Python that the project supports"
    assert last["USER"] == "10001", "a number: hosts can tell that it is not root"
    assert "--uid 10001" in DOCKERFILE
    user, command = kinds.index("USER"), kinds.index("CMD")
    assert "RUN" not in kinds[user:command], "what runs as that user is the program alone"
    check = json.loads(re.search(r"CMD (\[.*\])", last["HEALTHCHECK"])[1])  # type: ignore[index]
    compile(check[2], "HEALTHCHECK", "exec")
    for kind, text in instructions():
        if kind == "COPY":
            for source in text.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_nothing_private_gets_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", "var", ".env", ".venv"} <= set(ignored)


def test_compose_starts_what_is_needed_in_order() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"prepare", "web", "worker", "beat", "postgres", "valkey"}
    for name, service in services.items():
        assert set(service) <= KNOWN_KEYS, name
        assert "healthcheck" in service or name == "web", "the image's own"
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in COMPOSE["volumes"]
        for other, how in service.get("depends_on", {}).items():
            assert other in services
            if how["condition"] == "service_healthy":
                assert "test" in services[other]["healthcheck"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
        assert services[name]["restart"] == "unless-stopped"
    assert services["prepare"]["restart"] == "no", "a one-shot"
    assert "deploy" not in services["beat"], "exactly one clock"
    for service in services.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), "a reverse proxy stands before it"
    assert "noeviction" in services["valkey"]["command"]


KNOWN_KEYS = {
    "build", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "init", "ports", "restart",
    "shm_size", "stop_grace_period", "stop_signal", "volumes",
}  # fmt: skip


def test_compose_takes_its_secrets_from_outside() -> None:
    for name, service in COMPOSE["services"].items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|KEY", key):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), (
                    f"{name}: {key} must be set in .env, and says so"
                )
            if found := re.search(r"://\w+:([^@]+)@", value):
                assert found[1].startswith("${"), f"{name}: a password stands in {key}"
    for name in OURS:
        assert COMPOSE["services"][name]["env_file"] == ".env"


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_run_as_their_own_user_and_come_back(path: Path) -> None:
    told = unit(path)
    service = told["Service"]
    assert service["User"] == "oms"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["EnvironmentFile"] == "/etc/oms/oms.env"
    if path.name != "oms-prepare.service":
        assert service["Restart"] == "always"
        assert "oms-prepare.service" in told["Unit"]["Requires"]


def test_there_is_a_unit_for_each_service_of_ours() -> None:
    assert {path.stem.removeprefix("oms-") for path in UNITS} == set(OURS)


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace("/srv/oms/.venv/bin/python", "/bin/true"))
    argv = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", *map(str, tmp_path.iterdir())]
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    about_ours = [line for line in told.stderr.splitlines() if "oms-" in line]
    assert about_ours == []
