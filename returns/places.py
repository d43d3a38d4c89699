"""Which returns are of a place."""

from __future__ import annotations

from django.db.models import Q

from oms.core.places import Places, belongs
from returns.models import ReturnReceipt


def _there(places: Places) -> Q:
    """Expected there or nowhere in particular, or something of it lies there."""
    arrived = ReturnReceipt.objects.filter(location__in=places).values("line__rma_id")
    return Q(location__in=places) | Q(location=None) | Q(pk__in=arrived)


def register() -> None:
    belongs("returns.return", _there)
