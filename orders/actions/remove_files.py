"""Take files off orders: their bytes are gone then, and the journal says that there was one."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from orders.models import OrderFile


@transaction.atomic
def remove_files(file_ids: Collection[int], *, by: Actor) -> int:
    """Returns how many were there. What a person of an order is to be forgotten for goes by this, too."""
    rows = list(
        OrderFile.objects.filter(pk__in=file_ids)
        .select_related("order")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    OrderFile.objects.filter(pk__in=[row.pk for row in rows]).delete()
    lines = [
        Line.of(row.order, "remove_file", f"A file was taken off it ({row.size:,} bytes).") for row in rows
    ]
    journal.write(lines, by=by)
    return len(rows)
