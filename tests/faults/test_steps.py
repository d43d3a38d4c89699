"""The named steps: each is in the code, and each kills the service that comes by, once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from oms.core.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]


def reached_in_the_code() -> set[str]:
    names: set[str] = set()
    for app in ("orders", "inventory", "fulfillment", "returns", "channels"):
        for path in (ROOT / app / "actions").glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "reached":
                    names.add(ast.literal_eval(node.args[0]))
    return names


def test_every_step_is_in_the_code_and_every_one_there_is_listed() -> None:
    assert reached_in_the_code() == set(STEPS)


COMING_BY = (
    "from oms.core.steps import reached\nfor step in ('read', 'placed'):\n    reached(step)\nprint('lives')"
)


def come_by(**env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMING_BY], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True,
        start_new_session=True, check=False,
    )  # fmt: skip


def test_who_comes_by_dies_there_once(tmp_path: Path) -> None:
    (tmp_path / "placed").touch()
    first = come_by(OMS_STEPS=str(tmp_path))
    assert (first.returncode, first.stdout) == (-9, "")
    second = come_by(OMS_STEPS=str(tmp_path))
    assert (second.returncode, second.stdout) == (0, "lives\n")
    assert (tmp_path / "reached").read_text().split() == ["read", "placed"] * 2
    assert (tmp_path / "killed").read_text().split() == ["placed"]


def test_without_a_folder_nothing_happens(tmp_path: Path) -> None:
    assert come_by(OMS_STEPS="").stdout == "lives\n"
    assert not list(tmp_path.iterdir())
