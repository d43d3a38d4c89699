"""Lines that were called no item of ours are one after all: their item is asked for again."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason
from oms.core.journal import Line
from orders.actions.derive import derive_statuses
from orders.actions.place_holds import Holding, place_holds
from orders.models import Order, OrderLine
from orders.rules.holds import Finding


@transaction.atomic
def ask_lines(line_ids: Collection[int], *, by: Actor) -> list[int]:
    """Make free-text lines of unfinished orders item lines again, each held until its item is known. Lines of
    finished orders stay what they were then. Returns order ids."""
    orders = {
        o.pk: o
        for o in Order.objects.filter(
            pk__in=OrderLine.objects.filter(pk__in=line_ids).values("order_id"),
            state__in=["received", "review", "open"],
        )
        .select_for_update()
        .order_by("pk")
    }
    lines = list(
        OrderLine.objects.filter(pk__in=line_ids, order__in=orders, kind=OrderLine.Kind.CUSTOM, item=None)
        .order_by("pk")
    )  # fmt: skip
    OrderLine.objects.filter(pk__in=[line.pk for line in lines]).update(kind=OrderLine.Kind.ITEM)
    journal.write(
        [Line.of(orders[x.order_id], "ask_line", f"“{x.title}” may be an item of ours after all.") for x in lines],
        by=by,
    )  # fmt: skip
    place_holds(
        [
            Holding(
                line.order_id,
                Finding("unmapped_sku", Reason("unmapped_sku", f"“{line.title}” is not known here"), line.pk),
            )
            for line in lines
            if line.ordered > line.cancelled
        ],
        by=by,
    )
    derive_statuses(orders)
    return sorted(orders)
