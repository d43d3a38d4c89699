"""Ask a channel to tell us by itself when something changes."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse

from channels.actions.connect import adapter_of, answered
from channels.models import ChannelAccount


def subscribe(account: ChannelAccount) -> Sequence[str]:
    """Make the webhooks that are missing and wake those that sleep; returns their topics. Idempotent."""
    path = reverse("channel-webhook", args=[account.slug])
    topics = adapter_of(account).ensure_webhooks(f"{settings.BASE_URL}{path}")
    answered(account)
    return topics
