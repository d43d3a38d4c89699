"""Where the outside parties' contracts lie, if they do: tests over them skip themselves otherwise."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

PLACE = Path(os.environ.get("OMS_CONTRACTS") or Path(__file__).parents[4] / "shared" / "contracts")

needs_contracts = pytest.mark.skipif(not PLACE.is_dir(), reason="the contracts are not here")


def sample(name: str) -> Any:
    return json.loads((PLACE / name).read_text())


def samples(pattern: str) -> list[Path]:
    return sorted(PLACE.glob(pattern)) if PLACE.is_dir() else []
