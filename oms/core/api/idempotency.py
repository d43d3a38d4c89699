"""A POST is carried out once per ``Idempotency-Key``: whoever repeats it gets the answer of the first time.

Answer and effects are written in one transaction, and an advisory lock that ends with the transaction says
that a call is under way. So a crash in between leaves neither effects nor record nor lock, and the next try
starts afresh. What was refused changed nothing and is not kept: the same key may be tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from oms.core.api.errors import Conflict
from oms.core.collisions import again
from oms.core.models import IdempotencyRecord
from oms.core.tokens import owner_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST = 200


class KeyReused(APIException):
    status_code = 422
    default_code = "key_reused"
    default_detail = "This key was used before, with another body. Use a new key for a new request."


@dataclass(frozen=True)
class Answer:
    status: int
    data: Any
    replayed: bool = False


def key_of(request: Request) -> str:
    """Raises :class:`ValidationError` where the header is missing or no plain word."""
    key = request.headers.get(HEADER, "").strip()
    if not key:
        raise ValidationError(
            {HEADER: "Every POST needs this header: any word that is new for a new deed."}, "required"
        )
    if len(key) > LONGEST or not (key.isascii() and key.isprintable()):
        raise ValidationError({HEADER: f"At most {LONGEST} printable ASCII characters."}, "invalid")
    return key


def deed_key(request: Request) -> str:
    """The key as actions keep it beside their deed: it holds even after the record of the call is forgotten."""
    return "api:" + hashlib.sha256(f"{owner_of(request)}\n{key_of(request)}".encode()).hexdigest()[:40]


def fingerprint(request: Request) -> str:
    """What was asked, whatever the spelling of its JSON."""
    asked = [request.method, request.path, sorted(request.query_params.lists()), request.data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


def once(
    request: Request, do: Callable[[], tuple[int, Any]], *, keep: Callable[[Any], Any] = lambda data: data
) -> Answer:
    """Carry out ``do`` (which gives status and data) unless this key was answered before. ``keep`` says what
    of the data may be stored. Raises ``KeyReused``, or ``Conflict`` while the first call is under way."""
    owner, key, mark = owner_of(request), key_of(request), fingerprint(request)
    return again(door_of(request), lambda: _once(owner, key, mark, do, keep))


def door_of(request: Request) -> str:
    """How a call is named among the collisions."""
    match = request.resolver_match
    return f"API {request.method} /{match.route if match else ''}"


def _once(
    owner: str, key: str, mark: str, do: Callable[[], tuple[int, Any]], keep: Callable[[Any], Any]
) -> Answer:
    """All of it in one transaction, the key's lock and record too: so all of it can be carried out again."""
    with transaction.atomic():
        if not _alone(owner, key):
            raise Conflict("in_progress", "The first call with this key is still being carried out.", wait=1)
        record = IdempotencyRecord.objects.filter(owner=owner, key=key).first()
        if record is not None:
            if record.fingerprint != mark:
                raise KeyReused
            return Answer(record.status or 200, record.answer, replayed=True)
        status, data = do()
        plain = json.loads(JSONRenderer().render(data))
        IdempotencyRecord.objects.create(
            owner=owner, key=key, fingerprint=mark, status=status, answer=keep(plain)
        )
    return Answer(status, plain)


def _alone(owner: str, key: str) -> bool:
    number = int.from_bytes(hashlib.sha256(f"{owner}\n{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])
