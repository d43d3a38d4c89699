"""Orders that the warehouse has begun with: cancelled in part or whole, routed again."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.reroute import route_again
from fulfillment.buttons.asking import OPEN, Data, Ids, each, told_work
from fulfillment.models import FulfillmentOrder
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import ask, by_key, pieces
from oms.core.errors import Reason, Refused
from orders.actions.cancel import Cancelling
from orders.models import Order, OrderLine


def _left(order: Order) -> dict[OrderLine, int]:
    open_units = {x: x.ordered - x.cancelled - x.shipped for x in order.lines.all()}
    return {x: n for x, n in open_units.items() if n}


def _not_cancel(order: Order) -> list[Reason]:
    if order.state in ("completed", "cancelled"):
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    if not _left(order):
        return [Reason("shipped_already", "All of it is shipped; take it back as a return.")]
    return []


def _cancel_form(rows: Sequence[Order]) -> type[forms.Form]:
    why = forms.CharField(label="why", max_length=200, help_text="The shop is told.")
    if len(rows) != 1:
        return ask(why=why)
    units = {
        f"units_{x.pk}": pieces(x.title, n, given=n, help_text=f"{n} not sent yet")
        for x, n in _left(rows[0]).items()
    }
    return ask(**units, why=why)


def _cancellings(ids: Ids, data: Data) -> list[Cancelling]:
    """Everything that is not sent, or the pieces typed; an order of which something is sent loses its rest."""
    typed = by_key(data, "units")
    asked = any(name.startswith("units_") for name in data)
    if asked and not typed:
        # No units would mean everything to the action; here it means that nothing was chosen.
        raise Refused(Reason("nothing_chosen", "Say which pieces shall be cancelled."))
    found = []
    for order in Order.objects.filter(pk__in=ids).order_by("pk").prefetch_related("lines"):
        left = {x.pk: n for x, n in _left(order).items()}
        units = typed if asked else left
        whole = units == left and not any(x.shipped for x in order.lines.all())
        found.append(Cancelling(order.pk, data.get("why", ""), {} if whole else units))
    return found


def _cancel_preview(ids: Ids, data: Data) -> Preview:
    orders = {o.pk: o for o in Order.objects.filter(pk__in=ids).prefetch_related("lines")}
    facts = []
    for c in _cancellings(ids, data):
        units = sum(c.units.values()) if c.units else sum(_left(orders[c.order_id]).values())
        facts.append(
            (orders[c.order_id].number, shown.pieces(units) + ("" if c.units else ", the whole order"))
        )
    works = FulfillmentOrder.objects.filter(order__in=ids, state__in=OPEN).count()
    told = f" Up to {told_work(works)} taken back from the warehouse." if works else ""
    return Preview(f"Stock is free for others at once; the shop is told.{told}", facts=facts[:50])


def _cancel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_orders_in_work(_cancellings(ids, data), by=actor)
    whole = sum(1 for order in rows if order.state == "cancelled")
    return Outcome(f"{whole} cancelled, {len(rows) - whole} made smaller.", done=len(rows))


def _route(ids: Ids, actor: Actor, data: Data) -> Outcome:
    works = route_again(ids, by=actor)
    return Outcome(f"Decided anew: {told_work(len(works))}.", done=len(ids))


def _not_route(order: Order) -> list[Reason]:
    if order.state != "open":
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    waiting = any(line.promised for line in order.lines.all())
    if not waiting and not any(w.state in ("planned", "released") for w in order.fulfillment_orders.all()):
        return [Reason("nothing_to_route", "Nothing of it waits to be sent that nobody has begun with.")]
    return []


BUTTONS = (
    Button(
        name="fulfillment.route", label="Route again", model="orders.order", permission="fulfillment.route_order",
        run=_route, shown=lambda order: order.state == "open", reads=("lines", "fulfillment_orders"),
        refusals=each(_not_route), steps=frozenset({"routed"}), rank=50,
        words="Decide anew where it is sent from. Work that somebody has begun stays.",
    ),
    Button(
        name="fulfillment.cancel_order", label="Cancel", model="orders.order", permission="orders.cancel_order",
        run=_cancel, shown=lambda order: order.state not in ("completed", "cancelled"), reads=("lines",),
        refusals=each(_not_cancel), form=_cancel_form, preview=_cancel_preview, dangerous=True, rank=100,
        words="What is not sent, in part or whole. The shop is told.",
    ),
)  # fmt: skip
