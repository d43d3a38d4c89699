"""After a restore nothing goes out by itself: the world has moved on, and a person looks first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from channels.actions.switch_channels import switch_channels
from channels.models import ChannelAccount
from fulfillment.models import CarrierAccount
from oms.core import journal
from oms.core.actions.lay_aside_effects import lay_aside_effects
from oms.core.actors import Actor
from oms.core.journal import Line


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
    messages = lay_aside_effects(why=why)
    return Paused(len(channels), len(carriers), messages)
