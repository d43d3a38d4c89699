"""What shops tell us by themselves."""

from __future__ import annotations

from django.http import Http404

from channels.actions.receive_webhook import receive_webhook
from channels.models import ChannelAccount
from oms.core.api.webhooks import Webhook


class ChannelWebhook(Webhook):
    """A shop's webhook.

    Its signature is verified as that shop signs; then it is stored as a hint to read again, and answered.
    What carries no good signature is answered with 401 and not stored. A ping is answered.
    """

    def receive(self, slug: str, headers: dict[str, str], body: bytes) -> str:
        account = ChannelAccount.objects.filter(slug=slug).first()
        if account is None:
            raise Http404
        return receive_webhook(account, headers, body)
