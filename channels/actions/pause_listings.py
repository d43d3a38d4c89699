"""A person stops the stock updates of listings, and lets them go on."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from channels.actions.mark_listings import mark_listings
from channels.models import Listing
from oms.core.actors import Actor
from oms.core.lifecycle import move


@transaction.atomic
def pause_listings(listing_ids: Collection[int], *, by: Actor) -> list[Listing]:
    """Their numbers stay at the shop as they are; orders of them are still taken in. Raises :class:`Refused`
    when one of them is not kept in stock."""
    rows = Listing.objects.filter(pk__in=listing_ids)
    return move(rows, "pause", by=by, words="Its stock is not sent any more.").or_refuse()


@transaction.atomic
def resume_listings(listing_ids: Collection[int], *, by: Actor) -> list[Listing]:
    """Their numbers are sent again, also those that did not change here: at the shop they may have. Raises
    :class:`Refused` when one of them is not paused."""
    rows = Listing.objects.filter(pk__in=listing_ids)
    done = move(rows, "resume", by=by, words="Its stock is sent again.").or_refuse()
    mark_listings(
        {row.item_id for row in done if row.item_id}, by=by, again=True, only=[row.pk for row in done]
    )
    return done
