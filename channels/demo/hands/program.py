"""A program that uses the API with a token."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from channels.demo.hands.trouble import Trouble
from channels.demo.hands.wire import session

MOST = 200


class Refusal(Trouble):
    """The API's no: ``code`` and ``reasons`` as its envelope has them."""

    def __init__(self, words: str, code: str, reasons: list[dict[str, Any]]) -> None:
        super().__init__(words)
        self.code = code
        self.reasons = reasons


class Program:
    """``/api/v1`` at ``base_url``."""

    def __init__(self, base_url: str, key: str = "") -> None:
        self.base_url = f"{base_url.rstrip('/')}/api/v1/"
        self._session = session()
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._ask("GET", path, params=query)

    def each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """All rows of a list, newest first, page by page."""
        page = self.get(path, limit=MOST, **query)
        while True:
            yield from page["results"]
            if not page["next"]:
                return
            page = self._ask("GET", page["next"])

    def post(self, path: str, key: str = "", **body: Any) -> dict[str, Any]:
        """Do it once: without a ``key`` the same body to the same path is the same deed."""
        text = json.dumps(body, sort_keys=True)
        key = key or hashlib.sha256(f"{path} {text}".encode()).hexdigest()[:32]
        return self._ask("POST", path, json=body, headers={"Idempotency-Key": f"story-{key}"})

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        url = path if path.startswith("http") else self.base_url + path
        reply = self._session.request(method, url, timeout=60, **more)
        if reply.status_code >= 400:
            try:
                error = reply.json()["error"]
            except (ValueError, KeyError, TypeError):
                raise Trouble(f"{method} {path}: {reply.status_code} {reply.text[:300]}") from None
            words = "; ".join(
                f"{reason.get('field', '')} {reason['words']}".strip() for reason in error["reasons"]
            )
            raise Refusal(f"{method} {path}: {reply.status_code} {words}", error["code"], error["reasons"])
        answer: dict[str, Any] = reply.json()
        return answer
