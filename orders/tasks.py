"""Doors for the clock."""

from __future__ import annotations

from celery import shared_task

from oms.core import jobs
from orders.actions.sweep import sweep as sweep_now


@shared_task(name="orders.sweep")
def sweep() -> None:
    with jobs.exclusive("orders.sweep") as figures:
        if figures is not None:
            figures.update(sweep_now())
