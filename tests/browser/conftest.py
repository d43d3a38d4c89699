"""A real Chromium, wherever one is found; elsewhere these tests skip and say so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.console.conftest import person, roles, world  # noqa: F401  (fixtures)

# Playwright keeps an event loop in this thread, which Django would take for an async view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = {"desktop": (1360, 900), "phone": (375, 812)}


def chromium_path() -> str | None:
    named = os.environ.get("CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    return next((path for path in found if path and Path(path).exists()), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine: the browser tests did not run")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Window:
    """A page, and what went wrong on it: errors of scripts, missing files, calls to other machines."""

    def __init__(self, page: Any, base: str):
        self.page, self.base = page, base
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", lambda said: said.type == "error" and self.faults.append(f"console: {said.text}"))
        page.on("request", self._request)
        page.on("response", lambda r: r.status >= 500 and self.faults.append(f"{r.status} {r.url}"))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.faults.append(f"called {request.url}")

    def open(self, path: str) -> Any:
        self.page.goto(self.base + path)
        return self.page


@pytest.fixture
def window(chromium: Any, live_server: Any, person: Callable[[str], User]) -> Iterator[Callable[..., Window]]:  # noqa: F811
    """``window("clerk", "phone")``: a logged-in page of a role at a width."""
    made: list[Any] = []

    def make(role: str = "clerk", width: str = "desktop", dark: bool = False) -> Window:
        user = person(role)
        assert Group.objects.filter(user=user).exists()
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        across, down = WIDTHS[width]
        context = chromium.new_context(
            viewport={"width": across, "height": down}, timezone_id="Asia/Tokyo",
            color_scheme="dark" if dark else "light", has_touch=width == "phone",
        )  # fmt: skip
        made.append(context)
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
        )
        return Window(context.new_page(), live_server.url)

    yield make
    for context in made:
        context.close()
