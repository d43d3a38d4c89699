"""Fetch what a channel lists, and map what is plainly one of our items."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from channels.actions.connect import adapter_of, answered
from channels.actions.map_listings import auto_map
from channels.adapters.base import RemoteListing
from channels.models import ChannelAccount, Listing
from oms.core.actors import Actor
from oms.core.lifecycle import move


def pull_listings(account: ChannelAccount) -> dict[str, int]:
    """Bring the listings of an account up to date; those not seen any more are gone. Raises ``Retry``."""
    adapter, cursor, began = adapter_of(account), None, timezone.now()
    by = Actor.channel(account.slug)
    figures = {"seen": 0, "mapped": 0, "gone": 0}
    while True:
        page = adapter.pull_listings(cursor)
        figures["mapped"] += _store(account, page.items, by)
        figures["seen"] += len(page.items)
        cursor = page.next
        if cursor is None:
            break
    with transaction.atomic():
        lost = Listing.objects.filter(account=account, seen_at__lt=began).exclude(
            state__in=["gone", "not_ours"]
        )
        figures["gone"] = len(
            move(lost, "vanish", by=by, words="The shop lists it no more.", sets={"health": "missing"}).done
        )
    answered(account)
    return figures


@transaction.atomic
def _store(account: ChannelAccount, remote: Sequence[RemoteListing], by: Actor) -> int:
    now = timezone.now()
    Listing.objects.bulk_create(
        [
            Listing(
                account=account, external_id=r.external_id, external_product_id=r.external_product_id, sku=r.sku[:100],
                title=r.title[:250], barcode=r.barcode[:64], ref=dict(r.ref), tracked=r.tracked, confirmed=r.quantity,
                seen_at=now,
            )
            for r in remote
        ],
        update_conflicts=True, unique_fields=["account", "external_id"],
        update_fields=["external_product_id", "sku", "title", "barcode", "ref", "tracked", "seen_at"],
    )  # fmt: skip
    rows = list(
        Listing.objects.filter(account=account, external_id__in=[r.external_id for r in remote])
        .select_related("account")
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    move([row for row in rows if row.state == "gone"], "come_back", by=by, words="The shop lists it again.")
    return auto_map(rows, by=by)
