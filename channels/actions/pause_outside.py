"""After a restore nothing goes out by itself: the world has moved on, and a person looks first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from channels.actions.switch_channels import switch_channels
from channels.models import ChannelAccount
from fulfillment.models import CarrierAccount
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.models import OutboundEffect


@dataclass(frozen=True)
class Paused:
    channels: int
    carriers: int
    messages: int


@transaction.atomic
def pause_outside(*, why: str, by: Actor) -> Paused:
    """Switch every channel and carrier account off, and lay aside every message that was still to be sent.

    Those wait under "Could not be sent"; sent again, each is read back first, since it may have gone out after
    the moment that we are back at.
    """
    channels = switch_channels(list(ChannelAccount.objects.values_list("pk", flat=True)), on=False, by=by)
    carriers = list(CarrierAccount.objects.filter(active=True).select_for_update().order_by("pk"))
    CarrierAccount.objects.filter(pk__in=[c.pk for c in carriers]).update(active=False)
    journal.write([Line.of(c, "switch_off", f"Switched off: {why}") for c in carriers], by=by)
    messages = OutboundEffect.objects.filter(state__in=["pending", "sending"]).update(
        state="failed",
        reason="restored",
        detail=why[:2000],
        leased_until=None,
        attempts=Greatest(F("attempts"), 1),
    )
    return Paused(len(channels), len(carriers), messages)
