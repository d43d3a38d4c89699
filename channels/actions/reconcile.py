"""The nightly look at everything: orders of the last week, and every stock level, against the channel."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from channels.actions.confirm_stock import confirm_stock
from channels.actions.connect import able
from channels.actions.ingest import ingest
from channels.actions.pull import pull
from channels.adapters.base import Can
from channels.models import ChannelAccount

BACK = timedelta(days=7)


def reconcile(account: ChannelAccount) -> dict[str, int]:
    """What webhooks and pulls missed is taken in; stock that differs is sent again. Raises ``Retry``."""
    figures: dict[str, int] = {}
    if able(account, Can.PULL_ORDERS):
        figures["offered"] = pull(account, since=timezone.now() - BACK)
        while (done := ingest(account))["read"] or done["parked"]:
            for key in ("placed", "changed", "parked"):
                figures[key] = figures.get(key, 0) + done[key]
    if able(account, Can.PUSH_STOCK) and account.push_stock:
        figures.update(confirm_stock(account, everything=True))
    return figures
