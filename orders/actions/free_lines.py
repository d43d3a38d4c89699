"""Lines that are no item of ours: from now on free text, which needs no stock and blocks nothing."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import derive_statuses
from orders.actions.go_on import go_on
from orders.models import Order, OrderLine

FINISHED = ("completed", "cancelled")


@transaction.atomic
def free_lines(line_ids: Collection[int], *, by: Actor) -> list[int]:
    """Make lines whose item is unknown free text; the hold that asked for their item is over and their
    orders go on. Lines that have an item are left alone. Returns order ids.

    Raises :class:`Refused` when a line's order is finished. :func:`orders.actions.ask_lines.ask_lines` is the
    way back.
    """
    order_ids = sorted(set(OrderLine.objects.filter(pk__in=line_ids).values_list("order_id", flat=True)))
    orders = {o.pk: o for o in Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk")}
    over = [o.number for o in orders.values() if o.state in FINISHED]
    if over:
        raise Refused(
            Reason(
                "wrong_state",
                gettext("%(names)s: the order is finished or cancelled.") % {"names": ", ".join(over[:5])},
            )
        )
    lines = list(OrderLine.objects.filter(pk__in=line_ids, item=None, kind="item").order_by("pk"))
    OrderLine.objects.filter(pk__in=[line.pk for line in lines]).update(kind=OrderLine.Kind.CUSTOM)
    journal.write(
        [
            Line.of(orders[line.order_id], "free_line", f"“{line.title}” is no item of ours: nothing is sent for it.")
            for line in lines
        ],
        by=by,
    )  # fmt: skip
    clear_holds(
        order_ids, ["unmapped_sku"], by=by, note="it is no item of ours", line_ids=[line.pk for line in lines]
    )
    derive_statuses(order_ids)
    go_on(order_ids, by=by)
    return order_ids
