"""Read stock levels back: what we sent is believed only when the shop says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from channels.actions.connect import adapter_of, answered
from channels.adapters.base import StockTarget
from channels.models import ChannelAccount, Listing
from oms.core.columns import write_columns

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
    asked = {row.pk: row for row in rows if row.external_id in found}
    changed: list[Listing] = []
    right: list[Listing] = []
    for row in Listing.objects.filter(pk__in=asked).select_for_update().order_by("pk"):
        before = asked[row.pk]
        if (row.sent_version, row.desired_version) != (before.sent_version, before.desired_version):
            continue  # something newer was sent while we asked
        actual = found[row.external_id]
        if actual is None:
            row.health, row.detail = Listing.Health.MISSING, "the shop does not know it any more"
        elif actual == row.desired and row.sent_version == row.desired_version:
            if (row.confirmed_version, row.confirmed, row.health) == (row.sent_version, actual, "in_sync"):
                continue
            row.confirmed_at, row.health, row.detail = now, Listing.Health.IN_SYNC, ""
            right.append(row)
        elif row.desired_version == row.sent_version:
            row.health, row.detail = Listing.Health.CONFLICT, f"the shop says {actual}, we say {row.desired}"
            row.confirmed_at = row.due_at = now
            row.desired_version += 1
            figures["differ"] += 1
        # else a newer number is on its way; this only tells what it will meet
        if actual is not None:
            row.confirmed, row.confirmed_version = actual, before.sent_version
        changed.append(row)
    write_columns(
        changed,
        "confirmed",
        "confirmed_version",
        "confirmed_at",
        "health",
        "detail",
        "desired_version",
        "due_at",
    )
    _note_pushes(right, now)
    figures["confirmed"] += len(right)


def _note_pushes(rows: Sequence[Listing], now: datetime) -> None:
    """The pushes that these levels came from are confirmed."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE channels_stockpush p SET confirmed_at = %s FROM unnest(%s::bigint[], %s::int[]) AS k(id, version)"
                " WHERE p.listing_id = k.id AND p.version = k.version AND p.confirmed_at IS NULL",
                [now, [row.pk for row in rows], [row.sent_version for row in rows]],
            )
