"""Holds: typed reasons that stop named steps until a person or an event lifts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.events import OrderHeld, OrderReady
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


@transaction.atomic
def hold_orders(order_ids: Sequence[int], *, type: str = "manual", words: str = "", until: datetime | None = None,
                by: Actor) -> list[Hold]:  # fmt: skip
    """A person stops orders: ``manual``, ``customer_request`` or ``scheduled_until`` (with ``until``)."""
    if type not in {"manual", "customer_request", "scheduled_until"}:
        raise Refused(Reason("hold_type", "Only a hold by hand can be placed here."))
    if type == "scheduled_until" and (until is None or until <= timezone.now()):
        raise Refused(Reason("until_missing", "Choose a date in the future."))
    locked = list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk"))
    done = [order.number for order in locked if order.state in {"completed", "cancelled"}]
    if done:
        raise Refused(Reason("wrong_state", f"{', '.join(done[:5])} cannot be held: finished or cancelled."))
    reason = Reason(type, words.strip() or HOLDS[type].words)
    return place_holds([Holding(o.pk, Finding(type, reason), until=until) for o in locked], by=by)


@transaction.atomic
def release_holds(hold_ids: Sequence[int], *, by: Actor, note: str = "") -> list[int]:
    """Lift holds; orders with nothing left to decide go on by themselves. Returns the orders' ids.

    The caller has checked the permission of each type (``HOLDS[type].permission``). Raises
    :class:`Refused` when one is not in force any more.
    """
    order_ids = sorted(set(Hold.objects.filter(pk__in=hold_ids).values_list("order_id", flat=True)))
    list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk").values_list("pk"))
    _lift(Hold.objects.filter(pk__in=hold_ids), "release", by=by, note=note)
    go_on(order_ids, by=by)
    return order_ids


def clear_holds(
    order_ids: Iterable[int],
    types: Iterable[str],
    *,
    by: Actor,
    note: str,
    line_ids: Iterable[int] | None = None,
) -> None:
    """What a hold waited for has happened: it is over. Quietly does nothing where none stands. Needs a
    transaction and the orders locked; ``go_on`` follows."""
    holds = Hold.objects.filter(order_id__in=list(order_ids), type__in=list(types), state="active")
    if line_ids is not None:
        holds = holds.filter(line_id__in=list(line_ids))
    _lift(holds, "expire", by=by, note=note)


def _lift(holds: Any, command: str, *, by: Actor, note: str) -> None:
    move(
        holds, command, by=by, words=lambda hold: f"{hold.words}: {note}" if note else hold.words,
        sets={"ended_by": str(by)[:150], "ended_at": timezone.now(), "note": note[:300]},
    ).or_refuse()  # fmt: skip


def go_on(order_ids: Iterable[int], *, by: Actor) -> None:
    """Accept orders with nothing left to decide, and say which are ready for routing. Needs a transaction."""
    order_ids = sorted(order_ids)
    move(
        Order.objects.filter(pk__in=order_ids, state__in=["received", "review"]).prefetch_related("holds"), "accept",
        by=by, words="Nothing stands in its way.",
    )  # fmt: skip
    ready = (
        Order.objects.filter(pk__in=order_ids, state="open", lines__promised__gt=0)
        .distinct()
        .values_list("pk", flat=True)
    )
    emit([OrderReady(pk) for pk in ready], by=by)
