"""Read orders again at their shop right before something is done that cannot be undone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.utils.translation import gettext

from channels.actions.connect import able, adapter_of, answered, failed
from channels.actions.ingest import ingest
from channels.actions.pull import keep
from channels.adapters.base import Can
from channels.models import ChannelAccount
from oms.core.errors import Permanent, Retry
from oms.core.models import InboundMessage
from orders.models import Hold, Order


def reread(order_ids: Collection[int], step: str) -> dict[int, str]:
    """Bring these orders up to date with their shops, then say which may not take ``step`` (release, ship,
    refund) after all, and why in words. Raises ``Retry`` when a shop does not answer: better late than wrong.
    """
    by_source: dict[str, list[str]] = defaultdict(list)
    for source, external_id in Order.objects.filter(pk__in=order_ids).values_list("source", "external_id"):
        by_source[source].append(external_id)
    for account in ChannelAccount.objects.filter(slug__in=by_source, active=True):
        if not able(account, Can.PULL_ORDERS):
            continue
        try:
            adapter = adapter_of(account)
            raws = [adapter.fetch_order(external_id) for external_id in by_source[account.slug]]
        except Retry as error:
            failed(account, error)
            raise
        except Permanent as error:
            failed(account, error)
            raise Retry(f"{account.name} cannot be read: {error}", after=300) from error
        answered(account)
        keep(account, [raw for raw in raws if raw])
        while ingest(account)["read"]:
            pass
    unread = InboundMessage.objects.filter(
        source__in=by_source,
        external_id__in=[e for ids in by_source.values() for e in ids],
        kind="order",
        state="received",
    )
    if unread.exists():  # another worker has it in hands: what it finds may matter
        raise Retry("the order is being read by another worker", after=1)
    blocked: dict[int, str] = {}
    for order_id, words, blocks in Hold.objects.filter(
        order_id__in=order_ids, state="active", line=None
    ).values_list("order_id", "words", "blocks"):
        if step in blocks:
            blocked.setdefault(order_id, words)
    for pk in Order.objects.filter(pk__in=order_ids, state="cancelled").values_list("pk", flat=True):
        if step != "refund":
            blocked[pk] = gettext("The order is cancelled.")
    return blocked
