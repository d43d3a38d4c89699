"""Doors for the clock."""

from __future__ import annotations

from celery import shared_task

from inventory.actions.reconcile import reconcile_stock
from oms.core import jobs


@shared_task(name="inventory.reconcile")
def reconcile() -> None:
    with jobs.exclusive("inventory.reconcile") as figures:
        if figures is not None:
            figures["differences"] = reconcile_stock()
