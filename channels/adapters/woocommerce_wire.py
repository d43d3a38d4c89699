"""The calls themselves: paths, paging headers, and WooCommerce's errors in our three words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from channels.adapters.base import Account
from oms.core.errors import Permanent, Rejected, Retry
from oms.core.http import Answer, Http, Unwell

BETWEEN = re.compile(r"[ \t\r\n,]*")


class Wire:
    def __init__(self, account: Account, http: Http):
        self.account, self.http = account, http
        self.page_size = int(account.options.get("page_size", 100))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.account.slug})"

    def get(self, path: str, *, missing_ok: bool = False, **params: Any) -> Answer:
        """Parameters that are empty are left out; lists go as one comma-separated value."""
        asked = {name: value for name, value in params.items() if value not in (None, "")}
        return self._checked(self._ask("GET", _route(path), params=asked), missing_ok)

    def send(self, method: str, path: str, body: Any, *, missing_ok: bool = False) -> Answer:
        return self._checked(self._ask(method, _route(path), json=body), missing_ok)

    def _ask(self, method: str, path: str, **sent: Any) -> Answer:
        """WooCommerce says some refusals (a refund above what is left, a gateway's no) as a 500 with one of its
        own codes: an answer, not an illness. Anything else of that kind stays a ``Retry``."""
        try:
            return self.http.request(method, path, **sent)
        except Unwell as error:
            if error.answer.status == 500 and b'"woocommerce_rest_' in error.answer.body:
                return error.answer
            raise

    def next_page(self, answer: Answer, page: int) -> str | None:
        return str(page + 1) if page < int(answer.headers.get("X-WP-TotalPages") or 1) else None

    def every(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """All elements of a list, page after page."""
        for value, _ in self.every_text(path, **params):
            yield value

    def every_text(self, path: str, **params: Any) -> Iterator[tuple[dict[str, Any], str]]:
        page: str | None = "1"
        while page:
            answer = self.get(path, per_page=100, page=page, **params)
            yield from elements(answer)
            page = self.next_page(answer, int(page))

    def _checked(self, answer: Answer, missing_ok: bool) -> Answer:
        if answer.status < 300 or (missing_ok and answer.status == 404):
            return answer
        if answer.status < 400:
            raise Permanent("redirected", f"{self.account.slug} redirects elsewhere: check its address")
        try:
            told = answer.json()
        except Retry:
            told = {}
        told = told if isinstance(told, dict) else {}
        code, words = (
            str(told.get("code") or answer.status),
            str(told.get("message") or f"HTTP {answer.status}"),
        )
        if answer.status in (401, 403):
            raise Permanent("unauthorised", words)
        refused = ((told.get("data") or {}).get("params") or {}) if isinstance(told.get("data"), dict) else {}
        raise Rejected(next(iter(refused), ""), code, words)


def elements(answer: Answer) -> Iterator[tuple[dict[str, Any], str]]:
    """Each element of a JSON list, parsed and as the shop wrote it. A list cut off raises ``Retry``."""
    if not isinstance(answer.json(), list):
        raise Permanent("not_a_list", "the shop answered a list request with something that is no list")
    text, decoder = answer.body.decode(), json.JSONDecoder(parse_float=Decimal)
    at = BETWEEN.match(text, text.index("[") + 1).end()  # type: ignore[union-attr]
    while text[at] != "]":
        value, end = decoder.raw_decode(text, at)
        yield value, text[at:end]
        at = BETWEEN.match(text, end).end()  # type: ignore[union-attr]


def _route(path: str) -> str:
    return f"wp-json/{path}" if path.startswith("wc-") else f"wp-json/wc/v3/{path}"
