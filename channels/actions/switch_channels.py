"""A channel is switched off, or on again."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from channels.actions.mark_listings import mark_listings
from channels.models import ChannelAccount, Listing
from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line


@transaction.atomic
def switch_channels(account_ids: Collection[int], *, on: bool, by: Actor) -> list[ChannelAccount]:
    """Returns those that changed. One that is off is not asked for orders and gets no stock levels; one that
    comes back is asked from where it was left, and gets every level that changed meanwhile."""
    rows = list(
        ChannelAccount.objects.filter(pk__in=account_ids)
        .exclude(active=on)
        .select_for_update()
        .order_by("pk")
    )
    ChannelAccount.objects.filter(pk__in=[row.pk for row in rows]).update(active=on)
    words = "Switched on." if on else "Switched off: no orders are fetched, no stock is sent."
    journal.write([Line.of(row, "switch_on" if on else "switch_off", words) for row in rows], by=by)
    for row in rows:
        row.active = on
    if on:
        listed = dict(
            Listing.objects.filter(account__in=rows, state="active", item__isnull=False).values_list(
                "pk", "item_id"
            )
        )
        mark_listings(set(listed.values()), by=by, only=list(listed))
    return rows
