"""The crash run can fail: a worker that does not look back before it tries again is found out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def test_an_effect_that_is_done_twice_is_found() -> None:
    told = ["--plant", "blind", "--steps", "labelled", "--every", "2", "--seconds", "5"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *told], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    said = done.stdout.splitlines()
    found = json.loads(said[-1])
    assert found["kills_by_step"]["labelled"] >= 1, done.stdout + done.stderr
    assert (done.returncode, found["ok"]) == (1, False), done.stdout
    assert found["effects"]["labels"] > found["effects"]["notices"], "a label was bought twice"
    assert any("was paid for and is on no parcel" in line for line in said)
