"""Forgetting: finished messages go after their time, in small batches that block nobody.

The journal, the ledger and payment facts are never pruned.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from oms.core.models import IdempotencyRecord, InboundMessage, JobRun, OutboxEvent

BATCH = 2000
KEEP_EVENTS = timedelta(days=30)
KEEP_HINTS = timedelta(days=14)
KEEP_KEYS = timedelta(days=30)
KEEP_RUNS = timedelta(days=60)


def prune() -> dict[str, int]:
    """Delete up to one batch of each kind; returns how many of each."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM core_delivery WHERE id IN (
                SELECT id FROM core_delivery WHERE state = 'done' AND done_at < %s ORDER BY id LIMIT %s)
            """,
            [now - KEEP_EVENTS, BATCH],
        )
        deliveries = cursor.rowcount
    old_events = OutboxEvent.objects.filter(fanned_out_at__lt=now - KEEP_EVENTS, deliveries=None)
    events = OutboxEvent.objects.filter(
        pk__in=list(old_events.order_by("pk").values_list("pk", flat=True)[:BATCH])
    )
    hints = InboundMessage.objects.filter(hint=True, state="done", received_at__lt=now - KEEP_HINTS)
    keys = IdempotencyRecord.objects.filter(created_at__lt=now - KEEP_KEYS)
    runs = JobRun.objects.filter(finished_at__lt=now - KEEP_RUNS)
    return {
        "deliveries": deliveries,
        "events": events._raw_delete(events.db),
        **{
            name: rows.model.objects.filter(
                pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
            ).delete()[0]
            for name, rows in (("hints", hints), ("keys", keys), ("runs", runs))
        },
    }
