"""Say which item an unknown line is: its stock is promised at once and the order goes on."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.fit_reservations import Need, fit_reservations
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.models import Order, OrderLine


@transaction.atomic
def map_lines(items: Mapping[int, int], *, by: Actor) -> list[int]:
    """``items``: line id → item id. Lines that have an item already are left alone. Returns order ids.

    Raises :class:`Refused` when a line's order is finished.
    """
    order_ids = sorted(set(OrderLine.objects.filter(pk__in=items).values_list("order_id", flat=True)))
    orders = {o.pk: o for o in Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk")}
    over = [o.number for o in orders.values() if o.state in {"completed", "cancelled"}]
    if over:
        raise Refused(
            Reason(
                "wrong_state",
                gettext("%(names)s: the order is finished or cancelled.") % {"names": ", ".join(over[:5])},
            )
        )
    lines = list(OrderLine.objects.filter(pk__in=items, item=None).order_by("pk"))
    for line in lines:
        line.item_id = items[line.pk]
    fitted = fit_reservations(
        [
            Need(line.demand_key, line.item_id, line.unallocated, orders[line.order_id].placed_at)
            for line in lines
            if line.item_id and line.stocked and line.unallocated
        ],
        by=by,
    )
    for line in lines:
        now = fitted.get(line.demand_key)
        if now:
            line.promised, line.backordered, line.unallocated = now.promised, now.backordered, 0
    OrderLine.objects.bulk_update(lines, ["item", "promised", "backordered", "unallocated"])
    journal.write(
        [
            Line.of(
                orders[line.order_id],
                "map_line",
                f"“{line.title}” is {line.item.sku if line.item else ''}; {line.promised} promised.",
            )
            for line in lines
        ],
        by=by,
    )
    clear_holds(
        order_ids, ["unmapped_sku"], by=by, note="the item is known now", line_ids=[line.pk for line in lines]
    )
    derive_statuses(order_ids)
    go_on(order_ids, by=by)
    return order_ids
