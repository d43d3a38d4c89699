"""Read stock levels back: what we sent is believed only when the shop says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from channels.actions.connect import adapter_of, answered
from channels.adapters.base import StockTarget
from channels.models import ChannelAccount, Listing, StockPush

BATCH = 250


def confirm_stock(
    account: ChannelAccount,
    *,
    everything: bool = False,
    rest: timedelta = timedelta(seconds=2),
    only: Collection[int] | None = None,
) -> dict[str, int]:
    """Read back levels that were sent and not yet confirmed (or, with ``everything``, of all
    listings; ``only`` asks about none but these).

    The same number: confirmed. Another one: the shop sold or somebody typed; the listing is sent again, with
    what was read as the number to compare with. Raises ``Retry`` when the channel does not answer.
    """
    rows = Listing.objects.filter(account=account, state="active", tracked=True, desired__isnull=False)
    if only is not None:
        rows = rows.filter(pk__in=only)
    if not everything:
        rows = rows.filter(sent_version__gt=F("confirmed_version"), sent_at__lt=timezone.now() - rest)
    figures = {"confirmed": 0, "differ": 0}
    adapter = adapter_of(account)
    last = 0
    while True:
        part = list(rows.filter(pk__gt=last).order_by("pk")[:BATCH])
        if not part:
            break
        last = part[-1].pk
        found = adapter.read_stock([StockTarget(r.external_id, r.ref, r.desired or 0, key="") for r in part])
        _compare(part, found, figures)
        if not everything and len(part) < BATCH:
            break
    if last:
        answered(account)
    return figures


@transaction.atomic
def _compare(rows: Sequence[Listing], found: dict[str, int | None], figures: dict[str, int]) -> None:
    now = timezone.now()
    for row in rows:
        if row.external_id not in found:
            continue
        actual = found[row.external_id]
        if actual is None:
            Listing.objects.filter(pk=row.pk).update(
                health="missing", detail="the shop does not know it any more"
            )
            continue
        # Only if nothing newer was sent while we asked.
        mine = Listing.objects.filter(
            pk=row.pk, sent_version=row.sent_version, desired_version=row.desired_version
        )
        if actual == row.desired and row.sent_version == row.desired_version:
            done = mine.exclude(
                confirmed_version=row.sent_version, confirmed=actual, health="in_sync"
            ).update(
                confirmed=actual,
                confirmed_version=row.sent_version,
                confirmed_at=now,
                health="in_sync",
                detail="",
            )
            if done:
                StockPush.objects.filter(listing=row, version=row.sent_version, confirmed_at=None).update(
                    confirmed_at=now
                )
            figures["confirmed"] += done
        elif row.desired_version == row.sent_version:
            figures["differ"] += mine.update(
                confirmed=actual, confirmed_version=row.sent_version, confirmed_at=now,
                desired_version=F("desired_version") + 1, due_at=now, health="conflict",
                detail=f"the shop says {actual}, we say {row.desired}",
            )  # fmt: skip
        else:  # a newer number is on its way; this only tells what it will meet
            mine.update(confirmed=actual, confirmed_version=row.sent_version)
