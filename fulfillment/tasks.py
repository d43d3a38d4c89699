"""Doors for the clock. Labels are bought by the floor above, which reads the order's channel again first."""

from __future__ import annotations

from celery import shared_task

from fulfillment.actions.fetch_manifests import fetch_manifests
from fulfillment.actions.make_manifests import FORM
from fulfillment.actions.receive_webhook import heard, read_webhooks
from fulfillment.actions.reroute import route_waiting
from fulfillment.actions.track import ask_carriers
from fulfillment.models import CarrierAccount
from oms.core import jobs
from oms.core.effects import due_targets


def _carriers() -> list[CarrierAccount]:
    return list(CarrierAccount.objects.filter(active=True).order_by("pk"))


@shared_task(name="fulfillment.track")
def track() -> None:
    jobs.for_each("fulfillment.track", [a.slug for a in _carriers()], lambda slug: ask_carriers(only=slug))


@shared_task(name="fulfillment.reroute")
def reroute() -> None:
    with jobs.exclusive("fulfillment.reroute") as figures:
        if figures is not None:
            figures["routed"] = route_waiting()


@shared_task(name="fulfillment.manifests")
def manifests() -> None:
    jobs.for_each("fulfillment.manifests", due_targets(FORM), lambda target: fetch_manifests(target=target))


@shared_task(name="fulfillment.webhooks")
def webhooks() -> None:
    told = {account.slug: account for account in _carriers() if heard(account)}
    jobs.for_each("fulfillment.webhooks", told, lambda slug: _read(told[slug]))


def _read(account: CarrierAccount) -> dict[str, int]:
    figures: dict[str, int] = {}
    while heard(account):
        figures.update(read_webhooks(account))
    return figures
