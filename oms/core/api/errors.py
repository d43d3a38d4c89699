"""One envelope for everything that goes wrong:

``{"error": {"code", "message", "reasons": [{"code", "words", "field"?}], "request_id"}}``

``code`` says what kind it is, ``reasons`` every single cause; ``field`` names the value of the body or the
filter (``lines.0.quantity``). Nothing of our inside is in it.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoDenied
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from oms.core.errors import OmsError, Reason, Refused, Retry
from oms.core.money import BadAmount, MixedCurrencies
from oms.core.saying import said, say

log = logging.getLogger("oms.api")

_GOOD_ID = re.compile(r"[\w.:-]{1,80}", re.ASCII)


@dataclass(frozen=True)
class Trouble:
    """One cause; ``field`` is empty where it is not about one value."""

    code: str
    words: str
    field: str = ""

    def shape(self) -> dict[str, str]:
        told = {"code": self.code, "words": self.words}
        return {**told, "field": self.field} if self.field else told


class Conflict(exceptions.APIException):
    status_code = 409
    default_code = "conflict"

    def __init__(self, code: str, words: str, *, wait: int | None = None):
        super().__init__(words, code)
        self.wait = wait


def request_id(request: Any) -> str:
    """The caller's own ``X-Request-ID`` where it is a sensible one; otherwise ours. The same all through."""
    http = getattr(request, "_request", request)
    if not hasattr(http, "oms_request_id"):
        given = http.headers.get("X-Request-ID", "") if http is not None else ""
        made = given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex
        if http is None:
            return made
        http.oms_request_id = made
    return http.oms_request_id


def envelope(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler for all doors."""
    request = context.get("request")
    status, code, words, reasons, headers = _judge(error)
    if status == 500:
        log.error("request %s failed", request_id(request), exc_info=error)
    body = {
        "code": code,
        "message": words,
        "reasons": [reason.shape() for reason in reasons or [Trouble(code, words)]],
        "request_id": request_id(request),
    }
    return Response({"error": body}, status=status, headers=headers)


_Judged = tuple[int, str, str, list[Trouble], dict[str, str]]

_NAMES = {
    400: "invalid", 401: "not_authenticated", 403: "forbidden", 404: "not_found", 405: "method_not_allowed",
    406: "not_acceptable", 409: "conflict", 415: "unsupported_media_type", 429: "throttled",
}  # fmt: skip


def _judge(error: Exception) -> _Judged:
    if isinstance(error, Refused):
        return 409, "refused", said(error), _refusals(error.reasons), {}
    if isinstance(error, exceptions.ValidationError):
        reasons = list(_causes(error.detail))
        return 400, "invalid", "Something in the request is not as it should be.", reasons, {}
    if isinstance(error, Http404):
        return 404, "not_found", "There is no such thing here.", [], {}
    if isinstance(error, DjangoDenied):
        return 403, "forbidden", "This is not allowed.", [], {}
    if isinstance(error, RequestDataTooBig):
        return 413, "too_large", "The body is too large.", [], {}
    if isinstance(error, BadAmount | MixedCurrencies):
        return 400, "invalid", "An amount is not as it should be.", [Trouble("bad_amount", str(error))], {}
    if isinstance(error, Retry):
        return 503, "try_again", "Try again in a moment.", [], {"Retry-After": str(int(error.after or 5))}
    if isinstance(error, OperationalError):
        # A lock that was not given in time, a deadlock: the transaction is gone, nothing was changed.
        log.warning("the database gave up a request: %s", error)
        return 503, "busy", "Somebody else is changing the same thing. Try again in a moment.", [], {"Retry-After": "1"}  # fmt: skip
    if isinstance(error, OmsError):
        return 409, "refused", str(error), [Trouble(getattr(error, "reason", "refused"), str(error))], {}
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    return 500, "internal", "Something went wrong on our side. It has been noted.", [], {}


def _of_drf(error: exceptions.APIException) -> _Judged:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait:
        headers["Retry-After"] = str(max(1, round(wait)))
    code = _NAMES.get(error.status_code, "error")
    if isinstance(error, Conflict | exceptions.ParseError) or error.status_code == 422:
        code = str(getattr(error.detail, "code", code))
    return error.status_code, code, str(error.detail), [], headers


def _refusals(reasons: tuple[Reason, ...]) -> list[Trouble]:
    return [Trouble(reason.code, say(reason.words)) for reason in reasons]


def _causes(detail: Any, path: str = "") -> Iterator[Trouble]:
    """Each single cause in DRF's nested answer, with the way to its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            plain = name in {"non_field_errors", "__all__"}
            yield from _causes(inner, path if plain else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for place, inner in enumerate(detail):
            leaf = isinstance(inner, str)
            yield from _causes(inner, path if leaf else f"{path}.{place}".lstrip("."))
    else:
        yield Trouble(str(getattr(detail, "code", "invalid")), str(detail), path)
