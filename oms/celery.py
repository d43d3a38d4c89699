"""The Celery app and BEAT: every scheduled job is a row here.

``manage.py sync_schedule`` brings the rows into django-celery-beat: missing ones are made, untouched ones
updated, and those that an operator retimed or switched off are left alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings")

app = Celery("oms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["oms.core", "inventory", "orders", "fulfillment", "returns", "channels"])


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
    Job("oms.core.backup", 86400, "Back up the database into one file, and look at it again"),
    Job("channels.pull", 60, "Fetch new and changed orders from every channel"),
    Job("channels.ingest", 10, "Read payloads that are stored but not yet processed"),
    Job("channels.effects", 5, "Send what the channels and shops still have to be told"),
    Job("channels.push_stock", 5, "Send changed stock levels to the channels"),
    Job("channels.confirm_stock", 120, "Read stock levels back from the channels"),
    Job("channels.listings", 900, "Fetch listings and map them to items"),
    Job("channels.reconcile", 86400, "Compare recent orders and all stock with every channel"),
    Job("channels.labels", 10, "Buy and give back the labels that were asked for"),
    Job("fulfillment.track", 300, "Ask the carriers where parcels are"),
    Job("fulfillment.manifests", 60, "Get the carriers' own lists of the end of a day"),
    Job("fulfillment.webhooks", 30, "Read what the carriers told by themselves"),
    Job("fulfillment.reroute", 60, "Route what is promised but not yet routed"),
    Job("orders.sweep", 300, "Finish orders that are done and expire holds whose time is over"),
    Job("inventory.reconcile", 86400, "Compare stock levels with the ledger and the reservations"),
)
