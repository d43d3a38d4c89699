"""What a process loads is what it holds for ever: the clock and the workers load no page and no printing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PAGES = ("reportlab", "pypdf", "rest_framework.views", "orders.admin", "oms.urls")
LOADED = "import sys; print(*sorted({*sys.modules} & {%s}))"


@pytest.mark.parametrize(
    ("app", "not_needed"),
    [("oms.celery", PAGES), ("oms.clock", (*PAGES, "numpy", "oms.core.models", "orders.models"))],
)
def test_a_process_without_pages_loads_none(app: str, not_needed: tuple[str, ...]) -> None:
    names = ", ".join(map(repr, not_needed))
    done = subprocess.run(
        [sys.executable, "-c", f"from {app} import app; app.loader.import_default_modules(); {LOADED % names}"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "oms.settings"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr[-500:]) == (0, "", "")
