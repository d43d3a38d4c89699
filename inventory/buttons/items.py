"""Items are sold no more, or again."""

from __future__ import annotations

from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from inventory.actions.switch_items import switch_items
from inventory.buttons.base import pieces
from inventory.models import Reservation, StockLevel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.registry import Data, Ids


def _switch(on: bool) -> Any:
    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        rows = switch_items(ids, on=on, by=actor)
        what = ngettext("%(n)s item", "%(n)s items", len(rows)) % {"n": len(rows)}
        undo = "inventory.switch_item_off" if on else "inventory.switch_item_on"
        told = (
            gettext("%(what)s sold again.") % {"what": what}
            if on
            else gettext("%(what)s not sold any more.") % {"what": what}
        )
        return Outcome(told, done=len(rows), undo=(undo, [r.pk for r in rows]) if rows and not on else None)

    return run


def _off_preview(ids: Ids, data: Data) -> Preview:
    stock = StockLevel.objects.filter(item__in=ids).aggregate(n=Sum("on_hand", default=0))["n"]
    owed = Reservation.objects.filter(item__in=ids, state__in=["firm", "backordered"]).aggregate(
        n=Sum("quantity", default=0)
    )["n"]
    return Preview(
        gettext(
            "New orders and listings no longer find it by its SKU. Every shop that lists it is told that there is none;"
            " a listing whose stock is paused keeps its number."
        ),
        facts=[
            (gettext("still on the shelves"), pieces(stock)),
            (gettext("promised, and stays so"), pieces(owed)),
        ],
    )


BUTTONS = (
    Button(
        name="inventory.switch_item_off", label=_("Sell no more"), model="inventory.item",
        permission="inventory.change_item", run=_switch(False), shown=lambda item: item.active, preview=_off_preview,
        dangerous=True, rank=80, words=_("The shops get none of it. It stays in the books and in old orders."),
    ),
    Button(
        name="inventory.switch_item_on", label=_("Sell again"), model="inventory.item",
        permission="inventory.change_item", run=_switch(True), shown=lambda item: not item.active, rank=80,
        words=_("It is found for new orders and listings again, and the shops get what there is."),
    ),
)  # fmt: skip
