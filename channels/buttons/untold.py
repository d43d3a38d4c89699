"""Cancelled here, not told to the shop: a person has done it there."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.note_untold import settle_untold
from channels.models import UntoldCancel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.registry import Data, Ids
from orders.models import Order


def stands(order: Order) -> bool:
    return any(row.settled_at is None for row in order.untold_cancels.all())


def _preview(ids: Ids, data: Data) -> Preview:
    rows = UntoldCancel.objects.filter(order__in=ids, settled_at=None).select_related("order", "line")
    return Preview(
        gettext("You have taken this off at the shop yourself. Nothing is sent there."),
        [(row.order.number, str(row)) for row in rows.order_by("order", "pk")[:50]],
    )


def _settle(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = settle_untold(ids, by=actor)
    done = len({row.order_id for row in rows})
    return Outcome(
        ngettext("%(n)s order is right at the shop.", "%(n)s orders are right at the shop.", done)
        % {"n": done},
        done=done,
    )


BUTTONS = (
    Button(
        name="channels.settle_untold", label=_("It is done at the shop"), model="orders.order",
        permission="orders.cancel_order", run=_settle, shown=stands, reads=("untold_cancels",), preview=_preview, rank=30,
        words=_("Pieces were cancelled here, and the shop was not told."),
    ),
)  # fmt: skip
