"""The relay: every event reaches every reaction once, in order, and one bad event stops no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from oms.core import relay as relays
from oms.core.actors import SYSTEM
from oms.core.errors import Permanent, Retry
from oms.core.journal import Line, NoTransaction, write
from oms.core.models import Delivery, JournalEntry, OutboxEvent
from oms.core.outbox import Event, emit

pytestmark = pytest.mark.django_db(transaction=True)

SEEN: list[tuple[str, int]] = []
FAIL: dict[int, Exception] = {}


@dataclass(frozen=True)
class Happened(Event):
    topic = "test.happened"
    thing: int
    step: int = 0

    @property
    def subject(self) -> str:
        return f"thing:{self.thing}"


def react(events: Sequence[relays.Told]) -> None:
    for event in events:
        # Written before the failure, so that the savepoint has something to undo.
        with_transaction([Line(event.subject, event.subject, "seen")])
        if event.payload["thing"] in FAIL:
            raise FAIL[event.payload["thing"]]
    SEEN.extend((event.subject, event.payload["step"]) for event in events)


def with_transaction(lines: list[Line]) -> None:
    write(lines, by=SYSTEM)


@pytest.fixture(autouse=True)
def wired(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(relays, "reactions", lambda: {"test.happened": [f"{__name__}.react"]})
    SEEN.clear()
    FAIL.clear()
    yield


def tell(*events: Happened) -> None:
    with transaction.atomic():
        emit(events)


def soon() -> None:
    Delivery.objects.filter(state="pending").update(due_at=timezone.now(), leased_until=None)


def test_an_event_without_a_transaction_is_refused() -> None:
    with pytest.raises(NoTransaction):
        emit([Happened(1)])
    assert not OutboxEvent.objects.exists()


def test_what_is_rolled_back_never_happened() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        emit([Happened(1)])
        raise ZeroDivisionError
    relays.relay()
    assert SEEN == []


def test_every_event_arrives_once_and_in_order_per_subject() -> None:
    tell(*(Happened(thing, step) for step in range(3) for thing in range(4)))
    relays.relay()
    assert len(SEEN) == 12
    for thing in range(4):
        assert [step for subject, step in SEEN if subject == f"thing:{thing}"] == [0, 1, 2]
    relays.relay()
    assert len(SEEN) == 12


def test_one_bad_event_is_parked_and_the_batch_goes_on() -> None:
    FAIL[3] = Permanent("broken", "cannot be")
    tell(*(Happened(thing) for thing in range(8)))
    relays.relay()
    assert sorted(SEEN) == sorted((f"thing:{n}", 0) for n in range(8) if n != 3)
    parked = Delivery.objects.get(state="parked")
    assert (parked.subject, parked.reason) == ("thing:3", "broken")
    # What the bad one wrote before it failed is undone; the others' lines stand once each.
    assert JournalEntry.objects.filter(verb="seen").count() == 7


def test_retry_waits_and_keeps_the_order() -> None:
    FAIL[1] = Retry("not now", after=60)
    tell(Happened(1, 0), Happened(1, 1), Happened(2, 0))
    relays.relay()
    assert SEEN == [("thing:2", 0)]
    FAIL.clear()
    relays.relay()
    assert SEEN == [("thing:2", 0)]  # not due yet, and what comes after it waits too
    soon()
    relays.relay()
    assert SEEN[1:] == [("thing:1", 0), ("thing:1", 1)]


def test_a_fault_of_ours_is_tried_again_and_then_given_to_a_person() -> None:
    FAIL[1] = ValueError("a bug")
    tell(Happened(1))
    for _ in range(relays.TRIES):
        soon()
        relays.relay()
    parked = Delivery.objects.get()
    assert (parked.state, parked.reason, parked.attempts) == ("parked", "error", relays.TRIES)
    assert "ValueError: a bug" in parked.detail


def test_a_worker_that_died_lets_go_when_its_lease_ends() -> None:
    tell(Happened(1))
    relays.fan_out()
    (claimed,) = relays.claim(f"{__name__}.react")
    assert relays.claim(f"{__name__}.react") == []
    Delivery.objects.filter(pk=claimed).update(leased_until=timezone.now() - timedelta(seconds=1))
    relays.relay()
    assert SEEN == [("thing:1", 0)]
