"""Fetch what changed at a channel: an overlapping window, closed above, the cursor saved after its pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from channels.actions.connect import able, adapter_of, answered
from channels.adapters.base import Can, RawOrder
from channels.models import ChannelAccount
from oms.core import inbox
from oms.core.inbox import Incoming
from oms.core.models import InboundMessage
from oms.core.steps import reached

OVERLAP = timedelta(minutes=15)
SETTLE = 120
FIRST = timedelta(days=7)


def pull(account: ChannelAccount, *, since: datetime | None = None) -> int:
    """Store every order changed since the cursor (less an overlap) up to a little before now; returns how
    many payloads were offered to the inbox. ``since`` looks further back without moving the cursor.

    A page is stored in a transaction of its own; the cursor moves only after the last page. Raises
    ``Retry`` or ``Permanent``; what was stored till then is kept, and offered again does no harm.
    """
    adapter = adapter_of(account)
    until = timezone.now() - timedelta(seconds=int(account.options.get("settle_seconds", SETTLE)))
    start = since or (account.cursor - OVERLAP if account.cursor else account.orders_from or until - FIRST)
    stored, cursor = 0, None
    while True:
        page = adapter.pull_orders(start, until, cursor)
        if page.items:
            reached("pulled")
        stored += keep(account, page.items)
        cursor = page.next
        if cursor is None:
            break
    if able(account, Can.PULL_REFUNDS):
        stored += _pull_refunds(account, adapter, since or (account.refund_cursor or start) - OVERLAP, until)
    if since is None:
        ChannelAccount.objects.filter(pk=account.pk).update(cursor=until, refund_cursor=until)
    answered(account)
    return stored


def _pull_refunds(account: ChannelAccount, adapter: Any, since: datetime, until: datetime) -> int:
    """Where a refund does not touch its order, the orders of new refunds are read one by one."""
    ids: list[str] = []
    cursor = None
    while True:
        page = adapter.pull_refunded_orders(since, until, cursor)
        ids += page.items
        cursor = page.next
        if cursor is None:
            break
    raws = [adapter.fetch_order(pk) for pk in dict.fromkeys(ids)]
    return keep(account, [raw for raw in raws if raw])


def keep(account: ChannelAccount, raws: list[RawOrder]) -> int:
    """Store payloads raw; those already stored are left alone."""
    with transaction.atomic():
        offered = inbox.store(
            [
                Incoming(account.slug, "order", raw.external_id, raw.body, remote_at=raw.updated_at)
                for raw in raws
            ],
            nudge="channels.ingest",
        )
        if raws:
            reached("stored")
        return offered


def read_hints(account: ChannelAccount, limit: int = 200) -> int:
    """Webhooks said "look again": fetch each order named once, then forget the hints. Returns how many."""
    hints = list(
        InboundMessage.objects.filter(
            source=account.slug,
            kind__in=["hint-order", "hint-refund"],
            state="received",
            due_at__lte=timezone.now(),
        )
        .order_by("pk")
        .values_list("pk", "external_id")[:limit]
    )
    if not hints:
        return 0
    adapter = adapter_of(account)
    raws = [adapter.fetch_order(external_id) for external_id in dict.fromkeys(name for _, name in hints)]
    with transaction.atomic():
        keep(account, [raw for raw in raws if raw])
        inbox.finish([pk for pk, _ in hints])
    answered(account)
    return len(hints)
