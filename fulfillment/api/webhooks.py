"""What carriers tell us by themselves."""

from __future__ import annotations

from django.http import Http404

from fulfillment.actions.receive_webhook import receive_webhook
from fulfillment.models import CarrierAccount
from oms.core.api.webhooks import Webhook


class CarrierWebhook(Webhook):
    """A carrier's webhook: the scans of our parcels.

    Its signature is verified as that carrier signs; then it is stored and answered. What carries no good
    signature is answered with 401 and not stored.
    """

    def receive(self, slug: str, headers: dict[str, str], body: bytes) -> str:
        account = CarrierAccount.objects.filter(slug=slug).first()
        if account is None:
            raise Http404
        return receive_webhook(account, headers, body)
