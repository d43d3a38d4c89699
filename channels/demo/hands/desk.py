"""A person at her desk: logs into the console and uses its pages, forms and buttons, as a browser would."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import requests

from channels.demo.hands.forms import forms_of
from channels.demo.hands.trouble import Trouble
from channels.demo.hands.wire import session

MOST = 1000
LANDING = "/admin/find/"
# Where the console speaks: its messages after a deed, what it refuses and why, what is wrong in a form.
SAID = (
    re.compile(r'<ul class="flex flex-col gap-4 mb-6">(.*?)</ul>', re.S),
    re.compile(r'<div class="notice bad"[^>]*>(.*?)</div>', re.S),
    re.compile(r'<ul class="refusals">(.*?)</ul>', re.S),
    re.compile(r'<p class="error"[^>]*>(.*?)</p>', re.S),
    re.compile(r'<ul class="errorlist[^>]*>(.*?)</ul>', re.S),
)
ICON = re.compile(r"<span[^>]*material-symbols[^>]*>.*?</span>", re.S)
TAGS = re.compile(r"<[^>]+>")


class Desk:
    """One login. Every deed is a form of the console's, with its CSRF token; nothing else is used."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.username = username
        self._session = session()
        self._log_in(password)

    def __repr__(self) -> str:
        return f"Desk({self.username})"

    def _log_in(self, password: str) -> None:
        self._get("/admin/login/")
        form = {"username": self.username, "password": password, "next": LANDING}
        reply = self._post("/admin/login/", form, follow=False)
        if reply.status_code != 302:
            raise Trouble(f"{self.username} cannot log in: {reply.status_code}")

    def page(self, path: str) -> str:
        """The page's HTML. Raises :class:`Trouble` unless it opens."""
        reply = self._get(path)
        if reply.status_code != 200:
            raise Trouble(f"{self.username} cannot open {path}: {reply.status_code}")
        return reply.text

    def press(self, button: str, ids: Iterable[int], **fields: Any) -> None:
        """Press a button on rows, its form filled in. Raises :class:`Trouble` with the console's words when it
        was refused."""
        rows = list(ids)
        for start in range(0, len(rows), MOST):
            self._press(button, rows[start : start + MOST], fields)

    def press_and_read(self, button: str, ids: Iterable[int], **fields: Any) -> str:
        """Press it, and look at the page that comes: returns what the console said."""
        self._get(LANDING)  # what was said before is read by now
        self.press(button, ids, **fields)
        return said(self._get(LANDING).text)

    def _press(self, button: str, ids: Sequence[int], fields: dict[str, Any]) -> None:
        path, chosen = f"/admin/do/{button}/", ",".join(map(str, ids))
        asked = self._get(f"{path}?{urlencode({'ids': chosen, 'next': LANDING})}")
        form = next((form for form in forms_of(asked.text) if form.action == path), None)
        where = f"{self.username} pressed {button} on {chosen[:60]}"
        if form is None:
            raise Trouble(f"{where}: {asked.status_code} {said(asked.text)}")
        unknown = sorted(set(fields) - form.names)
        if unknown:
            raise Trouble(f"{where}: its form has no field {', '.join(unknown)}")
        reply = self._post(path, {**form.fields, **fields}, follow=False)
        if reply.status_code != 302:
            raise Trouble(f"{where}: {reply.status_code} {said(reply.text)}")

    def find(self, model: str, text: str) -> list[int]:
        """The ids that ``app/model``'s own list finds for this text."""
        page = self.page(f"/admin/{model}/?q={quote(text)}")
        return list(dict.fromkeys(int(pk) for pk in re.findall(rf"/admin/{model}/(\d+)/change/", page)))

    def offered(self, path: str, button: str) -> list[int]:
        """The rows on which this page offers her that button."""
        page = self.page(path)
        links = re.findall(rf"/admin/do/{re.escape(button)}/\?ids=(\d+)", page)
        forms = re.findall(
            rf'action="/admin/do/{re.escape(button)}/">.*?name="ids" value="(\d+)"', page, re.S
        )
        return list(dict.fromkeys(int(pk) for pk in [*links, *forms]))

    def add(self, model: str, **fields: Any) -> int:
        """Fill in the add form of ``app/model``; returns the new row's id."""
        path = f"/admin/{model}/add/"
        form = {**fields, "_continue": "1"}
        reply = self._post(path, form, follow=False)
        found = re.search(r"/(\d+)/change/", reply.headers.get("Location", ""))
        if reply.status_code != 302 or not found:
            raise Trouble(f"{self.username} could not add a {model}: {reply.status_code} {said(reply.text)}")
        self._get(LANDING)
        return int(found[1])

    def upload(self, path: str, field: str, name: str, data: bytes) -> str:
        """Send a file by a page's form; returns what the console said."""
        reply = self._post(path, {}, files={field: (name, data)}, follow=False)
        if reply.status_code != 302:
            raise Trouble(f"{self.username} could not send {name}: {reply.status_code} {said(reply.text)}")
        return said(self._get(reply.headers["Location"]).text)

    def ask_api(self, path: str, **body: Any) -> dict[str, Any]:
        """POST to the API as the person she is (a browser's way: session and CSRF token)."""
        headers = {**self._token(), "Idempotency-Key": uuid.uuid4().hex}
        reply = self._session.post(f"{self.base_url}/api/v1/{path}", json=body, headers=headers, timeout=60)
        if reply.status_code >= 400:
            raise Trouble(f"{self.username}: {path}: {reply.status_code} {reply.text[:300]}")
        answer: dict[str, Any] = reply.json()
        return answer

    def _token(self) -> dict[str, str]:
        return {
            "X-CSRFToken": self._session.cookies.get("csrftoken") or "",
            "Referer": f"{self.base_url}/admin/",
        }

    def _get(self, path: str) -> requests.Response:
        return self._session.get(self._url(path), timeout=60)

    def _post(self, path: str, form: dict[str, Any], *, follow: bool, files: Any = None) -> requests.Response:
        return self._session.post(
            self._url(path),
            data=form,
            files=files,
            headers=self._token(),
            timeout=120,
            allow_redirects=follow,
        )

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.base_url + path


def said(page: str) -> str:
    """The messages and complaints of a console page, as plain text."""
    plain = ICON.sub(" ", page)
    parts = (TAGS.sub(" ", found) for place in SAID for found in place.findall(plain))
    return " ".join(" ".join(html.unescape(part).split()) for part in parts).strip()
