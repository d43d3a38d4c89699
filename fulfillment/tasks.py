"""Doors for the clock. Labels are bought by the floor above, which reads the order's channel again first."""

from __future__ import annotations

from celery import shared_task

from fulfillment.actions.fetch_manifests import fetch_manifests
from fulfillment.actions.receive_webhook import heard, read_webhooks
from fulfillment.actions.reroute import route_waiting
from fulfillment.actions.track import ask_carriers
from fulfillment.models import CarrierAccount
from oms.core import jobs


@shared_task(name="fulfillment.track")
def track() -> None:
    with jobs.exclusive("fulfillment.track") as figures:
        if figures is not None:
            figures.update(ask_carriers())


@shared_task(name="fulfillment.reroute")
def reroute() -> None:
    with jobs.exclusive("fulfillment.reroute") as figures:
        if figures is not None:
            figures["routed"] = route_waiting()


@shared_task(name="fulfillment.manifests")
def manifests() -> None:
    with jobs.exclusive("fulfillment.manifests") as figures:
        if figures is not None:
            figures.update(fetch_manifests())


@shared_task(name="fulfillment.webhooks")
def webhooks() -> None:
    for account in CarrierAccount.objects.filter(active=True).order_by("pk"):
        if not heard(account):
            continue
        with jobs.exclusive("fulfillment.webhooks", account.slug) as figures:
            if figures is not None:
                while heard(account):
                    figures.update(read_webhooks(account))
