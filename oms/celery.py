"""The Celery app and BEAT: every scheduled job is a row here.

``manage.py sync_schedule`` brings the rows into django-celery-beat: missing ones are made, untouched ones
updated, and those that an operator retimed or switched off are left alone.
"""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import worker_before_create_process, worker_process_init

from oms.memory import give_back, give_back_each_minute

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")
# A worker shows no page. Django's checks are made by ``migrate`` and ``make check``, and would load them all.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("oms", task_cls="oms.core.nudged.NudgedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["oms.core", "inventory", "orders", "fulfillment", "returns", "channels"])


@worker_before_create_process.connect
def keep_shared(**_: Any) -> None:
    """What is loaded stays in pages that the processes share: the collector of each would else write to all of them."""
    for wanted_by_each in ("fulfillment.rules.routing_large", "cffi.cparser"):
        import_module(wanted_by_each)
    gc.collect()
    give_back()
    gc.freeze()


@worker_process_init.connect
def stay_small(**_: Any) -> None:
    give_back_each_minute()


@dataclass(frozen=True)
class Job:
    """One scheduled job: the task's name, every how many seconds, and what it is for in an operator's words."""

    task: str
    every: int
    words: str


BEAT: tuple[Job, ...] = (
    Job("oms.core.relay", 5, "Carry out what recorded changes still have to set off"),
    Job("oms.core.prune", 3600, "Forget finished messages that are past their time"),
    Job("oms.core.seal", 300, "Seal the ledgers, so that a later change of them shows"),
    Job(
        "oms.core.partitions",
        3600,
        "Make the next partition of the journal and of the stock movements in good time",
    ),
    Job("oms.core.backup", 86400, "Back up the database into one file, and look at it again"),
    Job("channels.pull", 60, "Fetch new and changed orders from every channel"),
    Job("channels.ingest", 10, "Read payloads that are stored but not yet processed"),
    Job("channels.effects", 5, "Send what the channels and shops still have to be told"),
    Job("channels.push_stock", 5, "Send changed stock levels to the channels"),
    Job("channels.confirm_stock", 120, "Read stock levels back from the channels"),
    Job("channels.listings", 900, "Fetch listings and map them to items"),
    Job("channels.tax_rules", 86400, "Ask every shop by which rule it rounds tax"),
    Job("channels.reconcile", 86400, "Compare recent orders and all stock with every channel"),
    Job("channels.labels", 10, "Buy and give back the labels that were asked for"),
    Job("fulfillment.track", 300, "Ask the carriers where parcels are"),
    Job("fulfillment.manifests", 60, "Get the carriers' own lists of the end of a day"),
    Job("fulfillment.webhooks", 30, "Read what the carriers told by themselves"),
    Job("fulfillment.reroute", 60, "Route what is promised but not yet routed"),
    Job("orders.sweep", 300, "Finish orders that are done and expire holds whose time is over"),
    Job("inventory.reconcile", 86400, "Compare stock levels with the ledger and the reservations"),
)
