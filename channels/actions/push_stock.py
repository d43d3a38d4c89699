"""Send changed stock levels: only the newest number of each listing, compared and set where the shop can."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from channels.actions.connect import adapter_of, answered
from channels.adapters.base import StockResult, StockTarget
from channels.models import ChannelAccount, Listing, StockPush
from oms.core.actors import Actor
from oms.core.errors import Permanent, Retry
from oms.core.lifecycle import move

LEASE = timedelta(minutes=3)

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
            _CLAIM, {"lease": LEASE.total_seconds(), "account": account.pk, "limit": adapter.stock_batch}
        )
        ids = [row[0] for row in cursor.fetchall()]
    rows = list(Listing.objects.filter(pk__in=ids).order_by("pk"))
    if not rows:
        return {}
    targets = [_target(row) for row in rows]
    try:
        results = {result.external_id: result for result in adapter.push_stock(targets)}
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
    # The row may have a newer desired number by now: only what this push was about is written.
    for row in rows:
        result = results.get(row.external_id) or StockResult(
            row.external_id, "retry", words="no answer for it"
        )
        mine = Listing.objects.filter(pk=row.pk)
        if result.outcome == "sent":
            mine.update(
                sent=row.desired, sent_version=row.desired_version, sent_at=now, leased_until=None, attempts=0,
                health="sent", detail="",
            )  # fmt: skip
            figures["sent"] += 1
        elif result.outcome == "stale" and result.actual == row.desired:
            # Somebody, most likely the shop itself by a sale we know of, made it right already.
            mine.update(
                sent=row.desired, sent_version=row.desired_version, sent_at=now, confirmed=result.actual,
                confirmed_version=row.desired_version, confirmed_at=now, leased_until=None, attempts=0,
                health="in_sync", detail="",
            )  # fmt: skip
            figures["sent"] += 1
        elif result.outcome == "stale":
            mine.update(
                confirmed=result.actual, confirmed_version=row.sent_version, leased_until=None, health="conflict",
                due_at=now + timedelta(seconds=min(60, 2 * row.attempts)), detail=f"the shop says {result.actual}",
            )  # fmt: skip
            figures["stale"] += 1
        elif result.outcome == "missing":
            gone.append(row.pk)
        else:
            wait = 2.0 ** min(row.attempts, 11)
            health = "rejected" if result.outcome == "rejected" else "pending"
            mine.update(
                leased_until=None,
                health=health,
                due_at=now + timedelta(seconds=wait),
                detail=result.words[:300],
            )
            figures["refused"] += 1
        pushes.append(
            StockPush(
                listing=row, version=row.desired_version, quantity=row.desired or 0, outcome=result.outcome,
                words=result.words[:300],
            )
        )  # fmt: skip
    StockPush.objects.bulk_create(pushes)
    if gone:
        move(
            Listing.objects.filter(pk__in=gone), "vanish", by=Actor.channel(account.slug),
            words="The shop has it no more.", sets={"health": "missing", "leased_until": None},
        )  # fmt: skip
    return figures
