"""Doors for the clock: one job per channel account, apart from the others', so that a slow shop delays no other. They
are nudged far more often than there is anything to do, so each looks first, without a lock, whether there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from functools import partial

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from channels.actions.confirm_stock import confirm_stock as confirm_now
from channels.actions.connect import able, failed
from channels.actions.ingest import ingest as ingest_now
from channels.actions.pull import pull as pull_now
from channels.actions.pull import read_hints
from channels.actions.pull_listings import pull_listings
from channels.actions.push_stock import push_stock as push_now
from channels.actions.read_tax_rule import read_tax_rule
from channels.actions.reconcile import reconcile as reconcile_now
from channels.actions.reread import reread
from channels.actions.send import send
from channels.actions.tell import CANCEL, REFUND, REPLACEMENT, SHIPMENT
from channels.adapters.base import Can
from channels.models import ChannelAccount, Listing
from fulfillment.actions.ask_labels import BUY
from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.hand_back_labels import hand_back_labels
from fulfillment.actions.void_labels import VOID
from oms.core import jobs
from oms.core.apart import apart
from oms.core.collisions import again
from oms.core.effects import due_targets
from oms.core.errors import Permanent, Retry
from oms.core.models import InboundMessage

Waits = Callable[[ChannelAccount], bool]
TOLD = (SHIPMENT, REPLACEMENT, REFUND, CANCEL)


def for_each(
    job: str,
    work: Callable[[ChannelAccount], dict[str, int]],
    needs: Can | None = None,
    waits: Waits | None = None,
) -> None:
    """Run ``work`` for every active account that can do it and for which something ``waits``, each under its
    own lock. An account that fails is noted with its error and stops no other."""
    accounts = [
        account
        for account in ChannelAccount.objects.filter(active=True).order_by("pk")
        if not (needs and not able(account, needs)) and (waits is None or waits(account))
    ]
    apart(job, {account.slug: partial(_alone, job, account, work, waits) for account in accounts})


def _alone(
    job: str, account: ChannelAccount, work: Callable[[ChannelAccount], dict[str, int]], waits: Waits | None
) -> None:
    def tried() -> Mapping[str, object]:
        try:
            return work(account)
        except (Retry, Permanent) as error:
            failed(account, error)
            return {"error": str(error)[:300]}

    jobs.alone(job, account.slug, tried, waits and partial(waits, account))


def _add(total: MutableMapping[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count


def _came(account: ChannelAccount) -> bool:
    """Is there anything from this account to be read?"""
    came = InboundMessage.objects.filter(source=account.slug, state="received", due_at__lte=timezone.now())
    return came.exists()


def _drain(account: ChannelAccount) -> dict[str, int]:
    """Hints first, then everything stored, until nothing came meanwhile."""
    total: dict[str, int] = {}
    while True:
        hints = 0
        if able(account, Can.PULL_ORDERS):
            try:
                hints = read_hints(account)
            except (Retry, Permanent) as error:  # what is stored already needs no network
                failed(account, error)
        _add(total, {"hints": hints})
        while (done := again("job channels.ingest", lambda: ingest_now(account)))["read"] or done["parked"]:
            _add(total, done)
        if not hints:
            return total


def _changed(account: ChannelAccount) -> bool:
    """Is there a level that this account should be sent?"""
    now = timezone.now()
    rows = Listing.objects.filter(
        account=account, state="active", desired_version__gt=F("sent_version"), due_at__lte=now
    )
    return account.push_stock and rows.exclude(leased_until__gte=now).exists()


def _push(account: ChannelAccount) -> dict[str, int]:
    total: dict[str, int] = {}
    while account.push_stock and (done := push_now(account)):
        _add(total, done)
    return total


def _send(target: str) -> dict[str, int]:
    total: dict[str, int] = {}
    while ended := send(target=target):
        _add(total, ended)
    return total


def _buy_and_void(target: str) -> dict[str, int]:
    total: dict[str, int] = {}
    while True:
        ended: dict[str, int] = {}
        _add(ended, buy_labels(blocked=lambda ids: reread(ids, "ship"), target=target))
        _add(ended, hand_back_labels(target=target))
        if not any(ended.values()):
            return total
        _add(total, ended)


@shared_task(name="channels.pull")
def pull() -> None:
    for_each("channels.pull", lambda account: {"offered": pull_now(account)}, Can.PULL_ORDERS)


@shared_task(name="channels.ingest")
def ingest() -> None:
    for_each("channels.ingest", _drain, waits=_came)


@shared_task(name="channels.effects")
def effects() -> None:
    jobs.for_each("channels.effects", due_targets(*TOLD), _send, lambda target: target in due_targets(*TOLD))


@shared_task(name="channels.labels")
def labels() -> None:
    jobs.for_each(
        "channels.labels",
        due_targets(BUY, VOID),
        _buy_and_void,
        lambda target: target in due_targets(BUY, VOID),
    )


@shared_task(name="channels.push_stock")
def push_stock() -> None:
    for_each("channels.push_stock", _push, Can.PUSH_STOCK, waits=_changed)


@shared_task(name="channels.confirm_stock")
def confirm_stock() -> None:
    for_each("channels.confirm_stock", confirm_now, Can.PUSH_STOCK)


@shared_task(name="channels.listings")
def listings() -> None:
    for_each("channels.listings", pull_listings, Can.PULL_LISTINGS)


@shared_task(name="channels.tax_rules")
def tax_rules() -> None:
    for_each("channels.tax_rules", read_tax_rule, Can.TELL_TAX_RULE)


@shared_task(name="channels.reconcile")
def reconcile() -> None:
    for_each("channels.reconcile", reconcile_now)
