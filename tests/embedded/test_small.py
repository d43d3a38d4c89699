"""What a process loads is what it holds for ever: the clock and the workers load no page and no printing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PAGES = ("click_repl", "reportlab", "pypdf", "rest_framework.views", "orders.admin", "oms.urls")
LOADED = "import sys; print(*sorted({*sys.modules} & {%s}))"


@pytest.mark.parametrize(
    ("program", "its_own", "not_needed"),
    [
        ("oms.worker", "from oms.celery import app; app.Worker", PAGES),
        ("oms.clock", "from oms.clock import app; app.Beat", (*PAGES, "numpy", "oms.core.models", "orders.models")),
    ],
)  # fmt: skip
def test_a_process_without_pages_loads_none(program: str, its_own: str, not_needed: tuple[str, ...]) -> None:
    names = ", ".join(map(repr, not_needed))
    loads = f"import {program}; {its_own}; app.loader.import_default_modules()"
    done = subprocess.run(
        [sys.executable, "-c", f"{loads}; {LOADED % names}"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "oms.settings"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip(), done.stderr[-500:]) == (0, "", "")


def test_the_console_loads_what_only_a_worker_needs_when_it_needs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); import oms.urls; {LOADED % repr('numpy')}"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "oms.settings"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr[-500:]
