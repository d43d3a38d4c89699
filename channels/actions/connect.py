"""The adapter of an account, and what its silence or its answer says about its health."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Coalesce
from django.utils import timezone

from channels import adapters
from channels.adapters.base import Account, Can
from channels.models import ChannelAccount
from oms.core.actors import Actor
from oms.core.errors import Retry
from oms.core.models import OutboundEffect


def adapter_of(account: ChannelAccount) -> Any:
    """Raises ``Permanent`` for an unknown kind or missing credentials."""
    return adapters.build(account.kind, plain(account))


def adapter_for(effect: OutboundEffect) -> Any:
    """The adapter of the channel that an effect is meant for. Raises ``Retry`` while that is switched off."""
    account = ChannelAccount.objects.get(slug=effect.target.removeprefix("channel:"))
    if not account.active:
        raise Retry(f"{account.name} is switched off", after=600)
    return adapter_of(account)


def actor_for(effect: OutboundEffect) -> Actor:
    return Actor.channel(effect.target.removeprefix("channel:"))


def reader_of(account: ChannelAccount) -> Any:
    """Its adapter for reading what is stored, which needs no keys. Raises ``Permanent`` for an unknown kind."""
    return adapters.reader(account.kind, plain(account))


def plain(account: ChannelAccount) -> Account:
    return Account(account.slug, account.base_url, account.credentials or {}, account.options)


def able(account: ChannelAccount, flag: Can) -> bool:
    return flag in adapters.adapter_class(account.kind).can


def answered(account: ChannelAccount) -> None:
    """The channel spoke to us: it is well."""
    ChannelAccount.objects.filter(pk=account.pk).update(
        last_contact_at=timezone.now(), failing_since=None, last_error="", last_reason=""
    )


def failed(account: ChannelAccount, error: Exception) -> None:
    """It did not: since when, and what it said."""
    ChannelAccount.objects.filter(pk=account.pk).update(
        failing_since=Coalesce("failing_since", timezone.now()),
        last_error=str(error)[:300],
        last_reason=getattr(error, "reason", "")[:60],
    )
