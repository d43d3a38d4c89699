"""Effects on the outside: call, then record, exactly once.

``intend`` writes the wish in the transaction of the change that causes it. A worker claims it with a lease,
calls outside any transaction, and records the result together with whatever follows from it. Before a
second try the outside is read back: what an earlier try achieved is taken as the result.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from oms.core import collisions
from oms.core.errors import Permanent, Retry
from oms.core.journal import NoTransaction
from oms.core.models import OutboundEffect
from oms.core.outbox import nudge_after_commit
from oms.core.transactions import in_transaction

log = logging.getLogger("oms.effects")


@dataclass(frozen=True)
class Intent:
    target: str
    kind: str
    key: str
    subject: str
    thread: str
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What the outside said: its id for the thing done, and anything worth keeping (JSON)."""

    remote_id: str = ""
    response: Mapping[str, Any] = field(default_factory=dict)


def intend(intents: Iterable[Intent], *, nudge: str = "") -> None:
    """Record wishes, each once by its key. Raises :class:`NoTransaction` outside a transaction."""
    if not in_transaction():
        raise NoTransaction("an effect belongs into the transaction of the change that causes it")
    rows = [
        OutboundEffect(
            target=i.target,
            kind=i.kind,
            key=i.key,
            subject=i.subject,
            thread=i.thread,
            request=dict(i.request),
        )
        for i in intents
    ]
    if rows:
        OutboundEffect.objects.bulk_create(rows, ignore_conflicts=True)
        if nudge:
            nudge_after_commit(nudge)


def due_targets(*kinds: str) -> list[str]:
    """Whom there is something to be told now: the targets of effects of these kinds that are due and in nobody's hands."""
    now = timezone.now()
    due = OutboundEffect.objects.filter(kind__in=kinds, state__in=["pending", "sending"], due_at__lte=now)
    return sorted(set(due.exclude(leased_until__gte=now).values_list("target", flat=True)))


def claim(kind: str, limit: int = 50, target: str | None = None) -> list[OutboundEffect]:
    """Lease due effects of one kind, of one target or of all, oldest first, one per subject at a time; others skip
    them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE core_outboundeffect SET state = 'sending', leased_until = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
             WHERE id IN (
                SELECT e.id FROM core_outboundeffect e
                 WHERE e.kind = %(kind)s AND e.state IN ('pending', 'sending') AND e.due_at <= now()
                   AND (%(target)s::text IS NULL OR e.target = %(target)s)
                   AND (e.leased_until IS NULL OR e.leased_until < now())
                   AND NOT EXISTS (
                        SELECT 1 FROM core_outboundeffect f
                         WHERE f.kind = e.kind AND f.subject = e.subject AND f.target = e.target
                           AND f.state IN ('pending', 'sending') AND f.id < e.id)
                 ORDER BY e.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            {"lease": settings.LEASE_SECONDS, "kind": kind, "limit": limit, "target": target},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(OutboundEffect.objects.filter(pk__in=ids).order_by("pk"))


def carry_out(
    effect: OutboundEffect,
    *,
    look: Callable[[OutboundEffect], Result | None],
    perform: Callable[[OutboundEffect], Result],
    then: Callable[[OutboundEffect, Result], None],
    failed: Callable[[OutboundEffect, Permanent], None] | None = None,
) -> str:
    """Do one claimed effect. ``look`` reads back an earlier try; ``then`` records what follows from
    success, ``failed`` what follows from a final refusal, each in the transaction that ends the effect.
    Returns confirmed, retried or failed."""
    try:
        result = (look(effect) if effect.attempts > 1 else None) or perform(effect)
    except Retry as error:
        wait = error.after if error.after is not None else min(1800.0, 2.0 ** min(effect.attempts, 10))
        _write(effect, "pending", due_at=timezone.now() + timedelta(seconds=wait), detail=str(error)[:2000])
        return "retried"
    except Permanent as error:
        why = error
        collisions.again(f"effect {effect.kind}", lambda: _fail(effect, why, failed))
        return "failed"
    except Exception as error:  # a fault of ours: nothing is lost, a person sees it after some tries
        log.exception("effect %s %s", effect.kind, effect.pk)
        state = "failed" if effect.attempts >= 8 else "pending"
        wait = 2.0 ** min(effect.attempts, 10)
        _write(effect, state, due_at=timezone.now() + timedelta(seconds=wait), reason="error",
               detail=f"{type(error).__name__}: {error}"[:2000])  # fmt: skip
        return "failed" if state == "failed" else "retried"
    collisions.again(f"effect {effect.kind}", lambda: _confirm(effect, result, then))
    return "confirmed"


@transaction.atomic
def _confirm(effect: OutboundEffect, result: Result, then: Callable[[OutboundEffect, Result], None]) -> None:
    confirmed = _write(
        effect, "confirmed", remote_id=result.remote_id[:160], response=dict(result.response),
        confirmed_at=timezone.now(), reason="", detail="",
    )  # fmt: skip
    if confirmed:
        then(effect, result)


@transaction.atomic
def _fail(
    effect: OutboundEffect, why: Permanent, failed: Callable[[OutboundEffect, Permanent], None] | None
) -> None:
    if _write(effect, "failed", reason=why.reason[:60], detail=str(why)[:2000]) and failed:
        failed(effect, why)


def _still_ours(effect: OutboundEffect) -> bool:
    """Begin its lease anew; False when the calls before it took so long that another worker has it by now."""
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    return bool(
        OutboundEffect.objects.filter(pk=effect.pk, state="sending", attempts=effect.attempts).update(
            leased_until=until
        )
    )


def _write(effect: OutboundEffect, state: str, **columns: Any) -> bool:
    """End our lease; False when another worker took over and ended it first."""
    return bool(
        OutboundEffect.objects.filter(pk=effect.pk, state="sending", attempts=effect.attempts).update(
            state=state, leased_until=None, **columns
        )
    )


def run(
    kind: str,
    *,
    look: Callable[[OutboundEffect], Result | None],
    perform: Callable[[OutboundEffect], Result],
    then: Callable[[OutboundEffect, Result], None],
    failed: Callable[[OutboundEffect, Permanent], None] | None = None,
    limit: int = 50,
    target: str | None = None,
) -> Counter[str]:
    """Claim and carry out a batch of one kind, for one target or for all."""
    counts: Counter[str] = Counter()
    for effect in claim(kind, limit, target):
        if not _still_ours(effect):
            continue
        counts[carry_out(effect, look=look, perform=perform, then=then, failed=failed)] += 1
    return counts


def again(ids: Iterable[int]) -> int:
    """Put failed effects back in the queue (they are read back first); returns how many."""
    return OutboundEffect.objects.filter(pk__in=list(ids), state="failed").update(
        state="pending", due_at=timezone.now(), reason="", detail=""
    )


def supersede(ids: Iterable[int]) -> int:
    """Give up effects that are no longer wanted and not on their way; returns how many."""
    return OutboundEffect.objects.filter(pk__in=list(ids), state__in=["pending", "failed"]).update(
        state="superseded", leased_until=None
    )
