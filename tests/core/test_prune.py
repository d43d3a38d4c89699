"""What is finished goes after its time, batch by batch; what waits, needs a person or is a book stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from oms.core import prune as prunes
from oms.core.actors import SYSTEM
from oms.core.audits import run
from oms.core.journal import Line, write
from oms.core.models import (
    Collision,
    Delivery,
    IdempotencyRecord,
    InboundMessage,
    JobRun,
    JournalEntry,
    OutboundEffect,
    OutboxEvent,
)
from oms.core.prune import prune

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LONG_AGO = NOW - timedelta(days=400)


def event(state: str, at: object = LONG_AGO) -> OutboxEvent:
    made = OutboxEvent.objects.create(topic="t", subject="x:1", at=at, fanned_out_at=at)
    done = at if state == "done" else None
    Delivery.objects.create(event=made, reaction="r", subject="x:1", state=state, done_at=done)
    return made


def payload(
    thing: str, body: bytes, state: str, at: object = LONG_AGO, *, hint: bool = False
) -> InboundMessage:
    return InboundMessage.objects.create(
        source="shop", kind="order", external_id=thing, digest=body, body=InboundMessage.pack(body), state=state,
        received_at=at, hint=hint,
    )  # fmt: skip


def test_only_what_is_finished_and_past_its_time_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prunes, "BATCH", 2)
    for _ in range(5):
        event("done")
    stays = {event("pending").pk, event("parked").pk, event("done", NOW).pk}
    for n in range(3):
        payload("1", b"old %d" % n, "done")
    kept = {
        payload("1", b"newest", "done").pk,
        payload("2", b"only", "done").pk,
        payload("1", b"parked", "parked").pk,
        payload("1", b"waits", "received").pk,
        payload("1", b"fresh hint", "done", NOW, hint=True).pk,
    }
    payload("1", b"hint", "done", hint=True)
    IdempotencyRecord.objects.create(owner="o", key="k", fingerprint="f", created_at=LONG_AGO)
    JobRun.objects.create(name="j", state="succeeded", finished_at=LONG_AGO)
    JobRun.objects.create(name="j", state="running")
    for hour in (LONG_AGO, NOW):
        Collision.objects.create(hour=hour, kind="deadlock", door="d", met=1, given_up=0)
    OutboundEffect.objects.create(
        target="t", kind="k", key="k", subject="s", thread="s", state="confirmed", created_at=LONG_AGO, confirmed_at=LONG_AGO
    )  # fmt: skip
    with transaction.atomic():
        write([Line("x:1", "x:1", "tested")], by=SYSTEM)

    assert prune() == {
        "deliveries": 5, "events": 5, "hints": 1, "payloads": 3, "keys": 1, "runs": 1, "collisions": 1,
    }  # fmt: skip
    assert set(OutboxEvent.objects.values_list("pk", flat=True)) == stays
    assert Delivery.objects.count() == 3
    assert set(InboundMessage.objects.values_list("pk", flat=True)) == kept
    assert JobRun.objects.get().state == "running"
    assert OutboundEffect.objects.count() == JournalEntry.objects.count() == 1
    assert not any(prune().values())
    assert not run(["core.events"])["core.events"]


def test_no_book_has_a_policy() -> None:
    """Whatever is append-only in the database has no business among the policies."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
            " WHERE tgname = 'append_only' AND NOT c.relispartition"
        )
        books = {row[0] for row in cursor.fetchall()}
    assert len(books) == 5
    assert not books & {policy.table for policy in prunes.policies()}


def test_it_ends_in_time() -> None:
    event("done")
    assert not any(prune(seconds=0).values())
    assert Delivery.objects.count() == 1
