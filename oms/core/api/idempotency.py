"""A POST is carried out once per ``Idempotency-Key``: whoever repeats it gets the answer of the first time.

Answer and effects are written in one transaction, and an advisory lock that ends with the transaction says
that a call is under way. So a crash in between leaves neither effects nor record nor lock, and the next try
starts afresh. What was refused changed nothing and is not kept: the same key may be tried again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
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


@dataclass(frozen=True)
class Call:
    """A POST as it is told apart from others, and what it asked for in short."""

    owner: str
    key: str
    mark: str

    @classmethod
    def of(cls, request: Request) -> Call:
        """Raises :class:`ValidationError` where it has no key."""
        return cls(owner_of(request), key_of(request), fingerprint(request))


Made = tuple[int, Any]
"""Status and data of an answer."""


def once(
    request: Request, do: Callable[[], Made], *, keep: Callable[[Any], Any] = lambda data: data
) -> Answer:
    """Carry out ``do`` (which gives status and data) unless this key was answered before. ``keep`` says what
    of the data may be stored. Raises ``KeyReused``, or ``Conflict`` while the first call is under way."""
    (answer,) = once_each(door_of(request), [Call.of(request)], lambda _: [do()], keep=keep)
    if isinstance(answer, Exception):
        raise answer
    return answer


def once_each(
    door: str, calls: Sequence[Call], do: Callable[[Sequence[int]], Sequence[Made | Exception]],
    *, keep: Callable[[Any], Any] = lambda data: data,
) -> list[Answer | Exception]:  # fmt: skip
    """The same for several calls in one transaction. ``do`` is given the places of those that were not answered
    before; an exception for one of them says that nothing was written for it."""
    return again(door, lambda: _once_each(calls, do, keep))


def door_of(request: Request) -> str:
    """How a call is named among the collisions."""
    match = request.resolver_match
    return f"API {request.method} /{match.route if match else ''}"


def _once_each(
    calls: Sequence[Call], do: Callable[[Sequence[int]], Sequence[Made | Exception]], keep: Callable[[Any], Any]
) -> list[Answer | Exception]:  # fmt: skip
    """All of it in one transaction, the keys' locks and records too: so all of it can be carried out again."""
    with transaction.atomic():
        alone = _alone(calls)
        known = {
            (record.owner, record.key): record
            for record in IdempotencyRecord.objects.filter(
                owner__in={call.owner for call in calls}, key__in={call.key for call in calls}
            )
        }
        answers: dict[int, Answer | Exception] = {}
        for at, call in enumerate(calls):
            record = known.get((call.owner, call.key))
            if not alone[at]:
                words = "The first call with this key is still being carried out."
                answers[at] = Conflict("in_progress", words, wait=1)
            elif record is not None and record.fingerprint != call.mark:
                answers[at] = KeyReused()
            elif record is not None:
                answers[at] = Answer(record.status or 200, record.answer, replayed=True)
        new = [at for at in range(len(calls)) if at not in answers]
        records = []
        for at, made in zip(new, do(new) if new else (), strict=True):
            if isinstance(made, Exception):
                answers[at] = made
                continue
            status, plain = made[0], json.loads(JSONRenderer().render(made[1]))
            call = calls[at]
            records.append(
                IdempotencyRecord(
                    owner=call.owner, key=call.key, fingerprint=call.mark, status=status, answer=keep(plain)
                )
            )
            answers[at] = Answer(status, plain)
        IdempotencyRecord.objects.bulk_create(records)
    return [answers[at] for at in range(len(calls))]


def _alone(calls: Sequence[Call]) -> list[bool]:
    """Whether each is the only one of its key that is under way; its lock is ours until the transaction ends."""
    numbers = [
        int.from_bytes(hashlib.sha256(f"{call.owner}\n{call.key}".encode()).digest()[:8], signed=True)
        for call in calls
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n, pg_try_advisory_xact_lock(n) FROM unnest(%s::bigint[]) AS t(n)", [sorted(set(numbers))]
        )
        ours = {number for number, got in cursor.fetchall() if got}
    # Of two in one batch the first is under way; the lock cannot tell them apart.
    return [number in ours and number not in numbers[:at] for at, number in enumerate(numbers)]
