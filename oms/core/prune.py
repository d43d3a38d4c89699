"""Forgetting: finished messages go after their time, in small batches that block nobody.

Each batch is a transaction of its own and skips rows that somebody holds. The journal, the ledger, payment
facts and seals are never pruned, nor outgoing messages (their keys keep things from being done twice), nor
anything that waits or needs a person.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

BATCH = 2000


@dataclass(frozen=True)
class Policy:
    """Rows of ``table`` that are ``finished`` (SQL on alias r), ``days`` after the moment ``since`` at the earliest."""

    name: str
    table: str
    finished: str
    since: str
    days: int


def policies() -> tuple[Policy, ...]:
    """What is forgotten, in this order: an event goes after its deliveries."""
    days = settings.KEEP_DAYS
    return (
        Policy("deliveries", "core_delivery", "r.state = 'done'", "r.done_at", days["events"]),
        Policy(
            "events", "core_outboxevent", "NOT EXISTS (SELECT FROM core_delivery d WHERE d.event_id = r.id)",
            "r.fanned_out_at", days["events"],
        ),
        Policy("hints", "core_inboundmessage", "r.hint AND r.state = 'done'", "r.received_at", days["hints"]),
        # The newest payload of each thing stays: the next one is held against it.
        Policy(
            "payloads", "core_inboundmessage",
            "NOT r.hint AND r.state IN ('done', 'superseded') AND EXISTS (SELECT FROM core_inboundmessage n"
            " WHERE n.source = r.source AND n.external_id = r.external_id AND n.kind = r.kind AND NOT n.hint"
            " AND n.state = 'done' AND n.id > r.id)",
            "r.received_at", days["payloads"],
        ),
        Policy("keys", "core_idempotencyrecord", "true", "r.created_at", days["keys"]),
        Policy("runs", "core_jobrun", "true", "r.finished_at", days["runs"]),
        Policy("collisions", "core_collision", "true", "r.hour", days["runs"]),
    )  # fmt: skip


def prune(*, seconds: float = 50.0) -> dict[str, int]:
    """Delete batch after batch until nothing is past its time or ``seconds`` have passed; how many of each kind."""
    until = time.monotonic() + seconds
    gone = {}
    for policy in policies():
        gone[policy.name] = 0
        while time.monotonic() < until:
            count = _batch(policy)
            gone[policy.name] += count
            if count < BATCH:
                break
    return gone


def _batch(policy: Policy) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {policy.table} WHERE id IN (SELECT r.id FROM {policy.table} r"  # noqa: S608 - our own words
            f" WHERE {policy.since} < now() - make_interval(days => %s) AND {policy.finished}"
            " ORDER BY r.id LIMIT %s FOR UPDATE OF r SKIP LOCKED)",
            [policy.days, BATCH],
        )
        count: int = cursor.rowcount
        return count
