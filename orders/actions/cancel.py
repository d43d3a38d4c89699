"""Cancel lines or whole orders on which no work stands. What is released to a warehouse is taken back first:
that verb lives in fulfillment and calls this one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from inventory.actions.fit_reservations import Need, fit_reservations
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.outbox import emit
from orders.actions.clear_holds import clear_holds
from orders.actions.complete import complete_orders
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.events import LinesCancelled, OrderCancelled
from orders.models import Order, OrderChange, OrderLine
from orders.rules.holds import HOLDS


@dataclass(frozen=True)
class Cancelling:
    """What to cancel of an order: ``units`` by line id, or everything that is not shipped when empty.

    ``tell`` says whether the channel has to be told (not when it was the channel that told us).
    """

    order_id: int
    reason: str
    units: Mapping[int, int] = field(default_factory=dict)
    tell: bool = True


@transaction.atomic
def cancel_orders(cancellings: Sequence[Cancelling], *, by: Actor) -> list[Order]:
    """Cancel units: first their demand is detached, then stock is given back and offered to others by its
    own event. An order with all units cancelled is cancelled.

    Raises :class:`Refused` when units are in a warehouse's hands (``work_released``), shipped, or when the
    order is finished.
    """
    wanted = {c.order_id: c for c in cancellings}
    orders = list(
        Order.objects.filter(pk__in=wanted).select_for_update().order_by("pk").prefetch_related("lines")
    )
    reasons: list[Reason] = []
    needs: list[Need] = []
    touched: list[OrderLine] = []
    gone: dict[int, dict[str, int]] = defaultdict(dict)
    for order in orders:
        if order.state in {"cancelled", "completed"}:
            reasons.append(
                Reason(
                    "wrong_state",
                    gettext("%(number)s is %(state)s already.")
                    % {"number": order.number, "state": order.get_state_display()},
                )
            )
            continue
        units = wanted[order.pk].units or {
            line.pk: line.unallocated + line.backordered + line.promised for line in order.lines.all()
        }
        if not wanted[order.pk].units and any(line.shipped for line in order.lines.all()):
            reasons.append(
                Reason(
                    "shipped_already",
                    gettext("Something of %(number)s is shipped; cancel the remaining lines instead.")
                    % {"number": order.number},
                )
            )
            continue
        for line in order.lines.all():
            quantity = units.get(line.pk, 0)
            idle = line.unallocated + line.backordered + line.promised
            busy = line.released + line.picked + line.packed
            if quantity > idle or (not wanted[order.pk].units and busy):
                reasons.append(
                    Reason(
                        "work_released",
                        gettext("%(title)s: %(busy)s pieces of %(number)s are in a warehouse's hands.")
                        % {"title": line.title, "busy": busy, "number": order.number},
                    )
                    if busy
                    else Reason(
                        "too_many",
                        gettext("%(title)s: only %(idle)s pieces are left to cancel.")
                        % {"title": line.title, "idle": idle},
                    )
                )
            elif quantity:
                touched.append(line)
                gone[order.pk][str(line.pk)] = quantity
                _uncount(line, quantity)
                if line.item_id and line.stocked:
                    # What work stands on is held too, and stays: it is part of the need.
                    held = line.backordered + line.promised + line.released + line.picked + line.packed
                    needs.append(Need(line.demand_key, line.item_id, held, order.placed_at))
    if reasons:
        raise Refused(reasons)
    fitted = fit_reservations(needs, by=by)
    for line in touched:
        now = fitted.get(line.demand_key)
        if now:
            line.backordered = now.backordered
            line.promised = now.promised - line.released - line.picked - line.packed
    write_columns(touched, "cancelled", "unallocated", "backordered", "promised")
    whole = [o for o in orders if all(line.cancelled == line.ordered for line in o.lines.all())]
    move(
        whole, "cancel", by=by, words=lambda o: wanted[o.pk].reason, sets={"closed_at": timezone.now()}
    ).or_refuse()
    part = [o for o in orders if o not in whole]
    journal.write(
        [
            Line.of(
                o, "cancel_lines",
                f"{sum(wanted[o.pk].units.values()) or 'All open'} pieces cancelled: {wanted[o.pk].reason}",
                data={"units": {str(k): v for k, v in wanted[o.pk].units.items()}},
            )
            for o in part
        ],
        by=by,
    )  # fmt: skip
    dead_lines = [line.pk for line in touched if line.cancelled == line.ordered]
    clear_holds([o.pk for o in part], HOLDS, by=by, note="the line is cancelled", line_ids=dead_lines)
    clear_holds([o.pk for o in whole], HOLDS, by=by, note="the order is cancelled")
    undecided = OrderChange.objects.filter(order__in=whole, state="proposed")
    move(undecided, "supersede", by=by, words=lambda change: f"{change.words}: the order is cancelled")
    derive_statuses([o.pk for o in orders])
    emit([OrderCancelled(o.pk, tell=wanted[o.pk].tell) for o in whole], by=by)
    emit([LinesCancelled(o.pk, tell=wanted[o.pk].tell, units=gone[o.pk]) for o in part], by=by)
    go_on([o.pk for o in part], by=by)
    # What was left to send was all that some of them waited for.
    complete_orders([o.pk for o in part], by=by)
    return orders


def _uncount(line: OrderLine, quantity: int) -> None:
    """Take units off the counters: those that hold no stock first, then those that wait, then the promised."""
    for name in ("unallocated", "backordered", "promised"):
        take = min(quantity, getattr(line, name))
        setattr(line, name, getattr(line, name) - take)
        quantity -= take
        line.cancelled += take
