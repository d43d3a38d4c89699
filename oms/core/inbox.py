"""The inbox: what the outside sends is stored raw first, then processed once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from oms.core.columns import insert
from oms.core.errors import Reason
from oms.core.models import InboundMessage
from oms.core.outbox import nudge_after_commit


@dataclass(frozen=True)
class Incoming:
    """One payload to keep. ``hint`` marks a webhook, which may repeat and only means "read it again";
    ``fault`` one that is known to be unreadable, and is kept parked with this reason."""

    source: str
    kind: str
    external_id: str
    body: bytes = field(repr=False)
    remote_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    hint: bool = False
    fault: Reason | None = None


def store(messages: Iterable[Incoming], *, nudge: str = "") -> int:
    """Keep all messages in one statement; a pulled payload already kept is left as it is. Returns how many
    rows were offered. The caller owns the transaction, so that a cursor moves with what it covers."""
    rows = [
        {
            "source": m.source, "kind": m.kind, "external_id": m.external_id,
            "digest": hashlib.sha256(m.body).digest(), "hint": m.hint, "body": InboundMessage.pack(m.body),
            "headers": dict(m.headers), "remote_at": m.remote_at, "state": "parked" if m.fault else "received",
            "reason": m.fault.code[:60] if m.fault else "", "detail": m.fault.words[:4000] if m.fault else "",
        }
        for m in messages
    ]  # fmt: skip
    if rows:
        insert(InboundMessage, rows, known="skip")
        if nudge:
            nudge_after_commit(nudge)
    return len(rows)


def waiting(source: str, kind: str, limit: int = 200) -> list[InboundMessage]:
    """Lock the next messages to process, oldest first; others skip them. Needs a transaction."""
    return list(
        InboundMessage.objects.filter(
            source=source, kind=kind, state=InboundMessage.State.RECEIVED, due_at__lte=timezone.now()
        )
        .select_for_update(skip_locked=True)
        .defer("headers", "digest", "reason", "detail")
        .order_by("id")[:limit]
    )


def finish(ids: Iterable[int], state: str = InboundMessage.State.DONE) -> None:
    ids = list(ids)
    if not ids:
        return
    InboundMessage.objects.filter(pk__among=ids).update(
        state=state, processed_at=timezone.now(), reason="", detail="", attempts=F("attempts") + 1
    )


def park(message_id: int, reason: str, detail: str) -> None:
    """Lay it aside with its reason, for a person; it can be replayed."""
    InboundMessage.objects.filter(pk=message_id).update(
        state=InboundMessage.State.PARKED, reason=reason[:60], detail=detail[:4000],
        processed_at=timezone.now(), attempts=F("attempts") + 1,
    )  # fmt: skip


def later(message_id: int, detail: str, seconds: float) -> None:
    InboundMessage.objects.filter(pk=message_id).update(
        due_at=timezone.now() + timedelta(seconds=seconds), detail=detail[:4000], attempts=F("attempts") + 1
    )


def replay(ids: Iterable[int]) -> int:
    """Put parked messages back in the queue; returns how many."""
    return InboundMessage.objects.filter(pk__among=list(ids), state=InboundMessage.State.PARKED).update(
        state=InboundMessage.State.RECEIVED, due_at=timezone.now(), reason="", detail=""
    )
