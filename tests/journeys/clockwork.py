"""The system's own clock, without Celery: the very task bodies that a worker runs, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from django.db import close_old_connections, connection
from django.utils import timezone

import channels.tasks
import fulfillment.tasks
import inventory.tasks
import oms.core.tasks
import orders.tasks
from channels.actions.confirm_stock import confirm_stock
from channels.models import ChannelAccount, Listing
from oms.core.errors import Permanent, Retry
from oms.core.models import Delivery, InboundMessage, OutboundEffect, OutboxEvent

# What Beat and the nudges start all the time, in the order in which work flows.
ROUND: tuple[Callable[[], None], ...] = (
    oms.core.tasks.relay, channels.tasks.ingest, channels.tasks.effects, channels.tasks.labels, channels.tasks.push_stock,
    fulfillment.tasks.reroute, fulfillment.tasks.webhooks,
)  # fmt: skip


def once(*, pull: bool = False) -> None:
    """One round of the clock."""
    if pull:
        channels.tasks.pull()
    for task in ROUND:
        task()


def waiting() -> dict[str, int]:
    """What is due now and not done yet, by kind."""
    now = timezone.now()
    effects = OutboundEffect.objects.filter(state__in=["pending", "sending"])
    listings = Listing.objects.filter(state="active", account__active=True, account__push_stock=True)
    return {
        "events": OutboxEvent.objects.filter(fanned_out_at=None).count(),
        "deliveries": Delivery.objects.filter(state="pending", due_at__lte=now).count(),
        "messages": InboundMessage.objects.filter(state="received", due_at__lte=now).count(),
        "effects": effects.filter(due_at__lte=now).count(),
        "levels to send": sum(
            1 for row in listings.only("desired_version", "sent_version", "due_at")
            if row.desired_version > row.sent_version and row.due_at <= now
        ),
    }  # fmt: skip


def tick(seconds: float = 20.0, *, pull: bool = True) -> None:
    """Pull, then work until nothing is due. Fails, naming what is left, when that takes too long."""
    until = time.monotonic() + seconds
    if pull:
        channels.tasks.pull()
    while True:
        once()
        left = {name: count for name, count in waiting().items() if count}
        if not left:
            return
        assert time.monotonic() < until, f"still to do after {seconds} s: {left}"
        time.sleep(0.02)


def confirm() -> dict[str, int]:
    """Read all levels back at every shop; returns how many were right and how many not."""
    total = {"confirmed": 0, "differ": 0}
    for account in ChannelAccount.objects.filter(active=True, push_stock=True):
        for name, count in confirm_stock(account, rest=timedelta(0)).items():
            total[name] += count
    return total


class Clock(threading.Thread):
    """Runs by itself, as worker and scheduler do, until stopped. What goes wrong is kept in ``errors``."""

    def __init__(self, every: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.every = every
        self.errors: list[BaseException] = []
        self._stop_asked = threading.Event()

    def run(self) -> None:
        rounds = 0
        try:
            while not self._stop_asked.wait(self.every):
                self._round(rounds)
                rounds += 1
        finally:
            connection.close()

    def _round(self, number: int) -> None:
        jobs = list(ROUND)
        if number % 10 == 0:
            jobs = [channels.tasks.pull, *jobs, orders.tasks.sweep, confirm]
        for job in jobs:
            if self._stop_asked.is_set():
                return
            close_old_connections()
            try:
                job()
            except (Retry, Permanent):
                continue
            except Exception as error:
                self.errors.append(error)

    def stop(self) -> None:
        self._stop_asked.set()
        self.join(30)


__all__ = ["Clock", "confirm", "inventory", "once", "tick", "waiting"]
