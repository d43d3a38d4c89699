"""A request and a response, as a twin sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Headers(dict[str, str]):
    """Header names in lower case, looked up in any case."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        super().__init__({name.lower(): value for name, value in (given or {}).items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class Request:
    """``target`` is path and query as sent; ``pairs`` keeps the query's order and repeats."""

    def __init__(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        scheme: str = "http",
    ) -> None:
        parts = urlsplit(target)
        self.method = method.upper()
        self.target = target
        self.path = parts.path
        self.pairs = parse_qsl(parts.query, keep_blank_values=True)
        self.query: dict[str, list[str]] = {}
        for name, value in self.pairs:
            self.query.setdefault(name, []).append(value)
        self.headers = Headers(headers)
        self.body = body
        self.scheme = scheme

    def arg(self, name: str, default: str | None = None) -> str | None:
        """The last value given for a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else default

    def json(self) -> Any:
        """Raises ``ValueError`` when the body is not JSON."""
        return json.loads(self.body)


class Response:
    """``body`` may be bytes, text, or a dict or list, which becomes JSON."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | str | dict[str, Any] | list[Any] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.headers: dict[str, str] = dict(headers or {})
        if isinstance(body, bytes):
            self.body = body
            kind = "application/octet-stream"
        elif isinstance(body, str):
            self.body = body.encode()
            kind = "text/plain; charset=utf-8"
        else:
            self.body = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            kind = "application/json; charset=utf-8"
        if not any(name.lower() == "content-type" for name in self.headers):
            self.headers["Content-Type"] = kind

    def json(self) -> Any:
        return json.loads(self.body)
