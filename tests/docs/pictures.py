"""Takes the README's pictures from a demo that is up: ``python -m tests.docs.pictures``. Needs a Chromium."""

from __future__ import annotations

import json
import shutil
import sys
from urllib.parse import urljoin

from playwright.sync_api import sync_playwright

from oms.embedded.paths import Lock, Paths
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "images"
ORDER = "W-900007"
SIZE = {"width": 1280, "height": 860}


def main() -> int:
    paths = Paths()
    note = Lock(paths.lock).holder()
    if not note.get("address"):
        print("start `make demo` first")
        return 1
    manager = json.loads(paths.logins.read_text())["manager"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")  # type: ignore[arg-type]
        page.goto(urljoin(note["address"], "/admin/"))
        page.fill("[name=username]", manager["username"])
        page.fill("[name=password]", manager["password"])
        page.press("[name=password]", "Enter")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "home.png")
        page.goto(urljoin(note["address"], f"/admin/find/?q={sys.argv[1] if sys.argv[1:] else ORDER}"))
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "order.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
