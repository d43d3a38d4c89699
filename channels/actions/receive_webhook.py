"""A webhook arrives: verified, stored raw, answered. It is only a hint to read again."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext

from channels.actions.connect import able, adapter_of
from channels.adapters.base import Can
from channels.models import ChannelAccount
from oms.core import inbox
from oms.core.errors import Reason, Refused
from oms.core.inbox import Incoming

KEPT_HEADERS = ("content-type", "x-wc-webhook-topic", "x-wc-webhook-delivery-id", "x-shopify-topic",
                "x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-triggered-at")  # fmt: skip


def receive_webhook(account: ChannelAccount, headers: Mapping[str, str], body: bytes) -> str:
    """Returns ``stored`` or ``ignored`` (a ping, or a topic that is nothing to us). Raises :class:`Refused`
    (``bad_signature``) and stores nothing when it is not from the channel."""
    if not able(account, Can.RECEIVE_WEBHOOKS):
        raise Refused(Reason("no_webhooks", gettext("This channel sends no webhooks.")))
    adapter = adapter_of(account)
    hint = None
    if not adapter.verify(headers, body):
        # An unsigned ping has nothing in it; anything else without a good signature is nobody's word.
        if adapter.ping(headers, body) if hasattr(adapter, "ping") else False:
            return "ignored"
        raise Refused(Reason("bad_signature", gettext("The signature is not right.")))
    hint = adapter.hint(headers, body)
    if hint is None:
        return "ignored"
    lower = {key.lower(): value for key, value in headers.items()}
    with transaction.atomic():
        inbox.store(
            [
                Incoming(
                    account.slug, f"hint-{hint.kind}", hint.external_id, body, hint=True,
                    headers={key: lower[key] for key in KEPT_HEADERS if key in lower},
                )
            ],
            nudge="channels.ingest",
        )  # fmt: skip
    return "stored"
