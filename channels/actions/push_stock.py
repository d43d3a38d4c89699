"""Send changed stock levels: only the newest number of each listing, compared and set where the shop can."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from channels.actions.connect import adapter_of, answered
from channels.adapters.base import StockResult, StockTarget
from channels.models import ChannelAccount, Listing, StockPush
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Permanent, Retry
from oms.core.lifecycle import move
from oms.core.steps import reached

_CLAIM = """
UPDATE channels_listing SET leased_until = now() + make_interval(secs => %(lease)s), attempts = attempts + 1
 WHERE id IN (
    SELECT id FROM channels_listing
     WHERE account_id = %(account)s AND state = 'active' AND desired_version > sent_version AND due_at <= now()
       AND (leased_until IS NULL OR leased_until < now())
     ORDER BY desired = 0 DESC, desired_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def push_stock(account: ChannelAccount) -> dict[str, int]:
    """Send one batch of an account's changed levels; sold-out ones first, then the oldest change.

    Raises ``Retry`` after giving the batch back when the whole call failed: what the shop may have taken is
    settled by reading back.
    """
    adapter = adapter_of(account)
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"lease": settings.LEASE_SECONDS, "account": account.pk, "limit": adapter.stock_batch}
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(Listing.objects.filter(pk__in=ids).order_by("pk"))
    if not rows:
        return {}
    targets = [_target(row) for row in rows]
    try:
        results = {result.external_id: result for result in adapter.push_stock(targets)}
        reached("pushed")
    except (Retry, Permanent) as error:
        wait = getattr(error, "after", None) or 2.0 ** min(max(row.attempts for row in rows), 9)
        Listing.objects.filter(pk__in=ids).update(
            leased_until=None, due_at=timezone.now() + timedelta(seconds=wait), detail=str(error)[:300]
        )
        raise
    figures = _record(account, rows, results)
    answered(account)
    return figures


def _target(row: Listing) -> StockTarget:
    expected = row.confirmed if row.confirmed_version >= row.sent_version else row.sent
    return StockTarget(
        row.external_id, row.ref, row.desired or 0, key=f"stock:{row.pk}:{row.desired_version}:{row.attempts}",
        expected=expected,
    )  # fmt: skip


@transaction.atomic
def _record(
    account: ChannelAccount, rows: Sequence[Listing], results: dict[str, StockResult]
) -> dict[str, int]:
    now = timezone.now()
    figures = {"sent": 0, "stale": 0, "refused": 0}
    pushes: list[StockPush] = []
    gone: list[int] = []
    told: list[Listing] = []
    fresh = {
        row.pk: row
        for row in Listing.objects.filter(pk__in=[r.pk for r in rows]).select_for_update().order_by("pk")
    }
    for pushed in rows:
        result = results.get(pushed.external_id) or StockResult(
            pushed.external_id, "retry", words="no answer for it"
        )
        pushes.append(
            StockPush(
                listing=pushed, version=pushed.desired_version, quantity=pushed.desired or 0, outcome=result.outcome,
                words=result.words[:300],
            )
        )  # fmt: skip
        if result.outcome == "missing":
            gone.append(pushed.pk)
            continue
        _tell(fresh[pushed.pk], pushed, result, now, figures)
        told.append(fresh[pushed.pk])
    write_columns(told, *_COLUMNS)
    StockPush.objects.bulk_create(pushes)
    if gone:
        move(
            Listing.objects.filter(pk__in=gone), "vanish", by=Actor.channel(account.slug),
            words="The shop has it no more.", sets={"health": "missing", "leased_until": None},
        )  # fmt: skip
    return figures


_COLUMNS = (
    "sent", "sent_version", "sent_at", "confirmed", "confirmed_version", "confirmed_at", "leased_until", "attempts",
    "health", "detail", "due_at",
)  # fmt: skip


def _tell(row: Listing, pushed: Listing, result: StockResult, now: datetime, figures: dict[str, int]) -> None:
    """Note on the row what came of the level that was ``pushed``. The row may want a newer one by now: that
    stays due, and only what this push was about is written."""
    row.leased_until = None
    newest = row.desired_version == pushed.desired_version
    # Somebody, most likely the shop itself by a sale we know of, may have made it right already.
    right = result.outcome == "stale" and result.actual == pushed.desired
    if result.outcome == "sent" or right:
        row.sent, row.sent_version, row.sent_at = pushed.desired, pushed.desired_version, now
        row.attempts, row.detail = 0, ""
        if right:
            row.confirmed, row.confirmed_version, row.confirmed_at = (
                result.actual,
                pushed.desired_version,
                now,
            )
        if newest:
            row.health = Listing.Health.IN_SYNC if right else Listing.Health.SENT
        figures["sent"] += 1
    elif result.outcome == "stale":
        row.confirmed, row.confirmed_version = result.actual, pushed.sent_version
        row.health, row.detail = Listing.Health.CONFLICT, f"the shop says {result.actual}"
        row.due_at = now + timedelta(seconds=min(60, 2 * pushed.attempts))
        figures["stale"] += 1
    else:
        row.health = Listing.Health.REJECTED if result.outcome == "rejected" else Listing.Health.PENDING
        row.due_at, row.detail = now + timedelta(seconds=2.0 ** min(pushed.attempts, 11)), result.words[:300]
        figures["refused"] += 1
