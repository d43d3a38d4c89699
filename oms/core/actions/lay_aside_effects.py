"""Outgoing messages of a time that is over wait for a person."""

from __future__ import annotations

from django.db.models import F
from django.db.models.functions import Greatest

from oms.core.models import OutboundEffect


def lay_aside_effects(*, why: str) -> int:
    """Let every message that was still to be sent need a person; returns how many. Each counts as tried once, so
    that sending it again begins with reading back what was achieved. Needs a transaction."""
    return OutboundEffect.objects.filter(state__in=["pending", "sending"]).update(
        state="failed",
        reason="restored",
        detail=why[:2000],
        leased_until=None,
        attempts=Greatest(F("attempts"), 1),
    )
