"""The relay: carries recorded events to their reactions.

Fan-out makes one delivery row per reaction; deliveries are claimed in batches with SKIP LOCKED and a lease,
never past an earlier unfinished delivery of the same reaction and subject. A handler gets the whole batch
in a savepoint; a failing batch is halved until the bad event stands alone; "done" is written in the
handler's own transaction. ``Retry`` waits, ``Permanent`` goes to a person.
"""

from __future__ import annotations

import importlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from oms.core.collisions import again
from oms.core.errors import Permanent, Refused, Retry
from oms.core.models import Delivery

log = logging.getLogger("oms.relay")

BATCH = 200
TRIES = 8


@dataclass(frozen=True)
class Told:
    """An event as a handler sees it."""

    id: int
    topic: str
    subject: str
    payload: Mapping[str, Any]
    actor: str


Handler = Callable[[Sequence[Told]], None]


@lru_cache
def named(path: str) -> Any:
    """What the wiring table calls by name."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def handler(path: str) -> Handler:
    found: Handler = named(path)
    return found


def reactions() -> Mapping[str, Sequence[str]]:
    from oms.wiring import REACTIONS

    return REACTIONS


def relay(*, seconds: float = 50.0) -> Counter[str]:
    """Work until nothing is due or ``seconds`` have passed; returns how many deliveries ended how."""
    until = time.monotonic() + seconds
    total: Counter[str] = Counter()
    while True:
        moved = fan_out()
        for reaction in due():
            ended = carry(reaction)
            total += ended
            moved += ended.total()
        if not moved or time.monotonic() > until:
            return total


# One at a time: two that shared the waiting events could make a later event of a subject known before an earlier one.
_FAN_OUT = """
WITH waiting AS (
    SELECT id, topic, subject FROM core_outboxevent WHERE fanned_out_at IS NULL ORDER BY id LIMIT %(limit)s
), made AS (
    INSERT INTO core_delivery (event_id, reaction, subject, state, attempts, due_at, reason, detail)
    SELECT w.id, r.reaction, w.subject, 'pending', 0, now(), '', ''
      FROM waiting w
      JOIN unnest(%(topics)s::text[], %(reactions)s::text[]) WITH ORDINALITY AS r(topic, reaction, rank) USING (topic)
     ORDER BY w.id, r.rank ON CONFLICT DO NOTHING
)
UPDATE core_outboxevent e SET fanned_out_at = now() FROM waiting w WHERE e.id = w.id
"""
_FAN_OUT_LOCK = 0x0FA


def fan_out(limit: int = 1000) -> int:
    """Turn waiting events into deliveries; returns how many events. Its commit waits for no disk: were it lost, the
    events would be waiting still, and whatever is done with the deliveries is written after it."""
    wired = [(topic, reaction) for topic, targets in reactions().items() for reaction in targets]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s), set_config('synchronous_commit', 'off', true)", [_FAN_OUT_LOCK]
        )
        cursor.execute(
            _FAN_OUT, {"limit": limit, "topics": [w[0] for w in wired], "reactions": [w[1] for w in wired]}
        )
        return cursor.rowcount


def due() -> list[str]:
    """Reactions that have something to do now, in the order of the wiring table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT reaction FROM core_delivery WHERE state = 'pending' AND due_at <= now()"
            " AND (leased_until IS NULL OR leased_until < now())"
        )
        waiting = {row[0] for row in cursor.fetchall()}
    order = [reaction for targets in reactions().values() for reaction in targets]
    return sorted(waiting, key=lambda r: order.index(r) if r in order else len(order))


def claim(reaction: str, limit: int = BATCH) -> list[int]:
    """Lease up to ``limit`` deliveries, at most one per subject, oldest first.

    The first of a subject is found by min(), one index probe each; as NOT EXISTS, old statistics made it a join
    of all that waits with itself. A lease that a crash of the database forgets is as good as one that ran out, so its
    commit waits for no disk.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE core_delivery SET leased_until = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
             WHERE id IN (
                SELECT d.id FROM core_delivery d
                 WHERE d.reaction = %(reaction)s AND d.state = 'pending' AND d.due_at <= now()
                   AND (d.leased_until IS NULL OR d.leased_until < now())
                   AND d.id = (SELECT min(e.id) FROM core_delivery e
                                WHERE e.reaction = d.reaction AND e.subject = d.subject AND e.state = 'pending')
                 ORDER BY d.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING id, set_config('synchronous_commit', 'off', true)
            """,
            {"lease": settings.LEASE_SECONDS, "reaction": reaction, "limit": limit},
        )
        return sorted(row[0] for row in cursor.fetchall())


def carry(reaction: str) -> Counter[str]:
    """Claim one batch and hand it to the reaction."""
    ids = claim(reaction)
    outcome: Counter[str] = Counter()
    if ids:
        _carry(reaction, ids, outcome)
    return outcome


def _carry(reaction: str, ids: list[int], outcome: Counter[str]) -> None:
    try:
        outcome["done"] += again(f"reaction {reaction}", lambda: _hand_over(reaction, ids))
        return
    except Exception as error:
        if len(ids) == 1:
            outcome[_set_aside(ids[0], reaction, error)] += 1
            return
    # Out here, so that the halves' errors do not drag those of the whole behind them into the log.
    middle = len(ids) // 2
    _carry(reaction, ids[:middle], outcome)
    _carry(reaction, ids[middle:], outcome)


@transaction.atomic
def _hand_over(reaction: str, ids: list[int]) -> int:
    """Those of the deliveries that still wait, to their reaction; how many."""
    rows = list(
        Delivery.objects.filter(pk__among=ids, state=Delivery.State.PENDING)
        .select_for_update(of=("self",))
        .order_by("pk")
        .values_list("pk", "event_id", "event__topic", "event__subject", "event__payload", "event__actor")
    )
    if rows:
        handler(reaction)([Told(*told) for _, *told in rows])
    Delivery.objects.filter(pk__among=[row[0] for row in rows]).update(
        state=Delivery.State.DONE, done_at=timezone.now(), leased_until=None, reason="", detail=""
    )
    return len(rows)


def _set_aside(delivery_id: int, reaction: str, error: Exception) -> str:
    row = Delivery.objects.get(pk=delivery_id)
    reason, parked = "error", row.attempts >= TRIES
    after: float | None = None
    if isinstance(error, Retry):
        reason, parked, after = "retry", False, error.after
    elif isinstance(error, Permanent):
        reason, parked = error.reason, True
    elif isinstance(error, Refused):
        reason, parked = error.reasons[0].code if error.reasons else "refused", True
    elif isinstance(error, OperationalError):  # a deadlock or a time-out: our own neighbours, so soon again
        reason, parked, after = "database_busy", False, 1.0
    else:
        log.exception("%s failed on delivery %s", reaction, delivery_id)
    wait = after if after is not None else min(3600.0, 2.0 ** min(row.attempts, 11))
    Delivery.objects.filter(pk=delivery_id, state=Delivery.State.PENDING).update(
        state=Delivery.State.PARKED if parked else Delivery.State.PENDING,
        due_at=timezone.now() + timedelta(seconds=wait),
        leased_until=None,
        reason=reason[:60],
        detail=f"{type(error).__name__}: {error}"[:2000],
    )
    return "parked" if parked else "retried"
