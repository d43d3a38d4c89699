"""Speak with a channel once, to see whether address and keys are right."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from channels.actions.connect import able, adapter_of, answered, failed
from channels.actions.read_tax_rule import read_tax_rule
from channels.adapters.base import Can
from channels.models import ChannelAccount
from oms.core.errors import Permanent, Retry


def try_connection(account: ChannelAccount) -> str:
    """What it answered, in words. Changes nothing there; how it rounds tax is kept here. Raises ``Retry`` or ``Permanent`` with its no."""
    adapter = adapter_of(account)
    try:
        if able(account, Can.PULL_LISTINGS):
            page = adapter.pull_listings()
            more = "more than " if page.next else ""
            words = f"{account.name} answers. It lists {more}{len(page.items)} things."
        elif able(account, Can.PULL_ORDERS):
            until = timezone.now()
            page = adapter.pull_orders(until - timedelta(days=1), until)
            words = f"{account.name} answers. {len(page.items)} orders changed there since yesterday."
        else:
            return f"{account.name} is not called by us: its orders come as files."
    except (Retry, Permanent) as error:
        failed(account, error)
        raise
    answered(account)
    if able(account, Can.TELL_TAX_RULE):
        read_tax_rule(account)
    return words
