"""Doors for the clock: the relay, the pruning, the seals, the partitions and the backup."""

from __future__ import annotations

from celery import shared_task

from oms.core import jobs
from oms.core.backups import back_up_and_tidy
from oms.core.partitions import make_ahead
from oms.core.prune import prune as prune_now
from oms.core.relay import relay as relay_now
from oms.core.seals import seal as seal_now


@shared_task(name="oms.core.relay")
def relay() -> None:
    # No exclusive lock: claims by lease let several workers share the work.
    relay_now()


@shared_task(name="oms.core.prune")
def prune() -> None:
    with jobs.exclusive("oms.core.prune") as figures:
        if figures is not None:
            figures.update(prune_now())


@shared_task(name="oms.core.seal")
def seal() -> None:
    with jobs.exclusive("oms.core.seal") as figures:
        if figures is not None:
            figures.update(seal_now())


@shared_task(name="oms.core.partitions")
def partitions() -> None:
    with jobs.exclusive("oms.core.partitions") as figures:
        if figures is not None:
            figures.update(make_ahead())


@shared_task(name="oms.core.backup")
def backup() -> None:
    with jobs.exclusive("oms.core.backup") as figures:
        if figures is not None:
            figures.update(back_up_and_tidy())
