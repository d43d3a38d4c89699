"""Place holds: typed reasons that stop named steps until a person or an event lifts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from oms.core import journal
from oms.core.actors import Actor
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.events import OrderHeld
from orders.models import Hold, Order
from orders.rules.holds import HOLDS, Finding, Step


@dataclass(frozen=True)
class Holding:
    """A hold to place. The finding's ``line`` is the order line's primary key, or ``None``."""

    order_id: int
    finding: Finding
    data: Mapping[str, Any] = field(default_factory=dict)
    until: datetime | None = None


def place_holds(holdings: Sequence[Holding], *, by: Actor) -> list[Hold]:
    """Place holds that do not stand yet (one of each type per order and line). Needs a transaction.

    Orders that now have something to decide go to review where they can; work already released is told.
    """
    if not holdings:
        return []
    standing: set[tuple[int, int | None, str]] = set(
        Hold.objects.filter(order_id__in={h.order_id for h in holdings}, state="active").values_list(
            "order_id", "line_id", "type"
        )
    )
    rows: list[Hold] = []
    for h in holdings:
        line_id = cast("int | None", h.finding.line)
        key = (h.order_id, line_id, h.finding.hold)
        if key in standing:
            continue
        standing.add(key)
        kind = HOLDS[h.finding.hold]
        rows.append(
            Hold(
                order_id=h.order_id, line_id=line_id, type=kind.code, blocks=sorted(kind.blocks),
                reviews=kind.review and h.finding.line is None, words=h.finding.reason.words[:300],
                data={"code": h.finding.reason.code, **h.data}, placed_by=str(by), until=h.until,
            )
        )  # fmt: skip
    Hold.objects.bulk_create(rows)
    journal.write([Line.of(row, "hold", row.words, data={"type": row.type}) for row in rows], by=by)
    reviewed = {row.order_id for row in rows if row.reviews}
    if reviewed:
        open_orders = Order.objects.filter(pk__in=reviewed, state="open").prefetch_related("holds")
        move(open_orders, "ask", by=by, words="Something has to be decided before it goes on.")
    emit([OrderHeld(pk) for pk in sorted({r.order_id for r in rows if Step.RELEASE in r.blocks})], by=by)
    return rows
