"""Send these listings' stock now, also where the number did not change."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from channels.actions.mark_listings import mark_listings
from channels.actions.push_stock import push_stock
from channels.models import ChannelAccount, Listing
from oms.core.actors import Actor


def resend_stock(listing_ids: Collection[int], *, by: Actor) -> list[Listing]:
    """Give each a new version and send what is due at their channels. Returns the listings as they are then:
    ``health`` and ``detail`` say how it went. Calls the channels, so never in a transaction. Raises ``Retry``
    or ``Permanent`` when one does not answer: the numbers are then sent by the clock."""
    rows = Listing.objects.filter(pk__in=listing_ids, state="active", item__isnull=False)
    listed = dict(rows.values_list("pk", "item_id"))
    with transaction.atomic():
        mark_listings({item for item in listed.values() if item}, by=by, again=True, only=list(listed))
    for account in ChannelAccount.objects.filter(
        listings__in=listed, active=True, push_stock=True
    ).distinct():
        while push_stock(account):
            pass
    return list(Listing.objects.filter(pk__in=listing_ids).select_related("account").order_by("pk"))
