"""The one HTTP client. It never calls out inside a transaction, never logs a secret, and speaks our three errors."""

from __future__ import annotations

import json as jsonlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from oms.core.errors import OmsError, Permanent, Retry
from oms.core.transactions import in_transaction

log = logging.getLogger("oms.http")

TIMEOUT = (5.0, 30.0)
MAX_BYTES = 32 * 1024 * 1024


class NetworkInTransaction(OmsError):
    """A call to the outside was tried while a transaction was open: a programming error."""


@dataclass(frozen=True)
class Answer:
    """What came back: ``status``, case-insensitive ``headers`` and the raw ``body``."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, decimals kept exact. Raises :class:`Retry` when it was cut off."""
        from decimal import Decimal

        try:
            return jsonlib.loads(self.body, parse_float=Decimal)
        except ValueError as error:
            raise Retry(f"the answer was not JSON ({len(self.body)} bytes)") from error


class Unwell(Retry):
    """The server answered 429 or 5xx. Some say their refusals so: ``answer`` lets an adapter look."""

    def __init__(self, words: str, *, after: float | None, answer: Answer):
        super().__init__(words, after=after)
        self.answer = answer


class Http:
    """A session against one host.

    ``request`` returns every answer below 500 except 429; those, and every network failure, raise
    :class:`Retry` with the server's ``Retry-After`` where it sent one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        timeout: tuple[float, float] = TIMEOUT,
    ):
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update(headers or {})
        self._session.auth = auth
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Http({urlsplit(self.base_url).netloc})"

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> Answer:
        if in_transaction():
            raise NetworkInTransaction(f"{method} {path} was called inside a transaction")
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
            raise Permanent("foreign_host", f"{urlsplit(url).netloc} is not the host of this account")
        try:
            reply = self._session.request(
                method, url, params=params, json=json, data=data, headers=headers, auth=auth,
                timeout=self._timeout, allow_redirects=False, stream=True,
            )  # fmt: skip
            body = reply.raw.read(MAX_BYTES + 1, decode_content=True)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # The message of a network error may hold the URL with its query, and so a key.
            raise Retry(f"{type(error).__name__} at {urlsplit(url).netloc}") from None
        if len(body) > MAX_BYTES:
            raise Permanent("too_large", f"the answer is larger than {MAX_BYTES} bytes")
        expected = reply.headers.get("Content-Length")
        if (
            expected
            and not reply.headers.get("Content-Encoding")
            and method != "HEAD"
            and len(body) < int(expected)
        ):
            raise Retry(f"the answer was cut off at {len(body)} of {expected} bytes")
        log.debug("%s %s -> %s", method, urlsplit(url).path, reply.status_code)
        if reply.status_code == 429 or reply.status_code >= 500:
            raise Unwell(
                f"{urlsplit(url).netloc} answered {reply.status_code}",
                after=_seconds(reply.headers.get("Retry-After")),
                answer=Answer(reply.status_code, CaseInsensitiveDict(reply.headers), body),
            )
        return Answer(reply.status_code, CaseInsensitiveDict(reply.headers), body)


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
