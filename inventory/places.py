"""What of inventory lies at a place, and which places are a person's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from oms.core.places import belongs, told_by

AT_A_PLACE = ("stocklevel", "stockmovement", "stockadjustment", "receipt", "discrepancy")


def _places(user: Any) -> Iterable[int]:
    return user.places.values_list("pk", flat=True)


def register() -> None:
    told_by(_places)
    belongs("inventory.location", "pk")
    # What is backordered waits at no place yet: everybody's.
    belongs("inventory.reservation", lambda places: Q(location__in=places) | Q(location=None))
    for model in AT_A_PLACE:
        belongs(f"inventory.{model}", "location")
