"""A carrier tells us of its parcels by itself: verified and stored raw at once, read a moment later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Can
from fulfillment.models import CarrierAccount
from oms.core import inbox
from oms.core.actors import Actor
from oms.core.errors import OmsError, Permanent, Reason, Refused
from oms.core.inbox import Incoming
from oms.core.models import InboundMessage

KIND = "tracking"
TASK = "fulfillment.webhooks"
BATCH = 200


def receive_webhook(account: CarrierAccount, headers: Mapping[str, str], body: bytes) -> str:
    """Returns ``stored``. Raises :class:`Refused` (``bad_signature``, ``no_webhooks``) and stores nothing when
    it is not from the carrier; ``Permanent`` for an unknown kind of carrier."""
    carrier = carrier_for(account)
    if Can.RECEIVE_WEBHOOKS not in carrier.can:
        raise Refused(Reason("no_webhooks", gettext("This carrier sends no webhooks.")))
    if not carrier.verify(headers, body):
        raise Refused(Reason("bad_signature", gettext("The signature is not right.")))
    external_id = hashlib.sha256(body).hexdigest()[:32]
    with transaction.atomic():
        inbox.store([Incoming(source_of(account), KIND, external_id, body, hint=True)], nudge=TASK)
    return "stored"


def source_of(account: CarrierAccount) -> str:
    """How the inbox names a carrier: apart from the channels, which may have the same slug."""
    return f"carrier:{account.slug}"


def heard(account: CarrierAccount) -> bool:
    """Is there anything of this carrier's to be read?"""
    came = InboundMessage.objects.filter(
        source=source_of(account), state="received", due_at__lte=timezone.now()
    )
    return came.exists()


def read_webhooks(account: CarrierAccount, limit: int = BATCH) -> dict[str, int]:
    """Read one batch of what a carrier told us. A payload that cannot be read is parked with its reason; a
    repeated one changes nothing."""
    figures = {"read": 0, "moved": 0, "parked": 0}
    carrier = carrier_for(account)
    with transaction.atomic():
        good: list[int] = []
        scans = []
        for message in inbox.waiting(source_of(account), KIND, limit):
            try:
                scans += carrier.read_webhook(message.raw)
                good.append(message.pk)
            except (OmsError, ValueError, KeyError, TypeError) as error:
                reason = error.reason if isinstance(error, Permanent) else "unreadable"
                inbox.park(message.pk, reason, f"{type(error).__name__}: {error}")
                figures["parked"] += 1
        figures["read"] = len(good)
        figures["moved"] = record_scans(scans, by=Actor.carrier(account.slug)) if scans else 0
        inbox.finish(good)
    return figures
