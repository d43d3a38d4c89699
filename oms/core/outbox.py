"""The outbox: no event without the change it tells of."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import transaction

from oms.core.actors import SYSTEM, Actor
from oms.core.columns import insert
from oms.core.journal import NoTransaction
from oms.core.models import OutboxEvent
from oms.core.transactions import in_transaction

log = logging.getLogger("oms.outbox")

# A publish to a dead broker costs over half a second; after one failure we leave it to the clock for a while.
BROKER_PAUSE = 30.0
_broker_dead_until = 0.0
# A nudged task starts this much later, so that one run serves all who nudge meanwhile: a burst of webhooks
# would else start a run for each, and hardly any would find something to do.
GATHER = 0.2
_on_its_way_until: dict[str, float] = {}


@dataclasses.dataclass(frozen=True)
class Event:
    """Base of all events: ids and plain values, a topic, and the subject they speak of (``order:42``)."""

    topic: ClassVar[str]

    @property
    def subject(self) -> str:
        raise NotImplementedError

    def payload(self) -> dict[str, Any]:
        return dict(vars(self))


def emit(events: Iterable[Event], *, by: Actor = SYSTEM) -> None:
    """Write events beside their change; raises :class:`NoTransaction` when there is no transaction."""
    if not in_transaction():
        raise NoTransaction("an event belongs into the transaction of the change it tells of")
    actor = str(by)
    rows = [
        {"topic": event.topic, "subject": event.subject, "payload": event.payload(), "actor": actor}
        for event in events
    ]
    if rows:
        insert(OutboxEvent, rows)
        nudge_after_commit("oms.core.relay")


def nudge_after_commit(task: str, *, gather: float = GATHER) -> None:
    """Ask a worker to look, once a transaction. A lost nudge loses nothing: the clock sweeps. ``gather``: seconds in
    which the run waits for others who nudge; hardly any where a batch has been gathered before."""
    connection = transaction.get_connection()
    asked = {getattr(hook[1], "task", None) for hook in connection.run_on_commit}
    if task not in asked:
        transaction.on_commit(_Nudge(task, gather))


class _Nudge:
    def __init__(self, task: str, gather: float = GATHER):
        self.task, self.gather = task, gather

    def __call__(self) -> None:
        global _broker_dead_until
        now = time.monotonic()
        if now < _broker_dead_until or now < _on_its_way_until.get(self.task, 0.0):
            return
        from oms.celery import app
        from oms.core.broker import enough_wait
        from oms.core.nudged import UNTIL

        try:
            with app.producer_or_acquire() as producer:
                if not enough_wait(app, producer):
                    app.send_task(
                        self.task, producer=producer, retry=False, ignore_result=True, expires=60,
                        countdown=self.gather, headers={UNTIL: time.time() + self.gather},
                    )  # fmt: skip
            # Reckoned from before the call, so it never ends after the run has begun.
            _on_its_way_until[self.task] = now + self.gather
        except Exception as error:
            _broker_dead_until = time.monotonic() + BROKER_PAUSE
            log.warning("the broker does not answer (%s); the clock takes over", type(error).__name__)
