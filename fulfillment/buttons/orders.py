"""Orders that the warehouse has begun with: cancelled in part or whole, routed again."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_with_refund import cancel_with_refund, left, quote_cancelling, units_of
from fulfillment.actions.reroute import route_again
from fulfillment.buttons.asking import OPEN, told_work
from fulfillment.models import FulfillmentOrder
from fulfillment.places import places_of_orders
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import ask, by_key, person, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from orders.actions.cancel import Cancelling
from orders.actions.quote_refund import for_quote
from orders.models import Order, OrderLine, Refund
from orders.querysets import refund_limit

REFUNDS = ("orders.issue_refund", "orders.issue_large_refund")


def _not_cancel(order: Order) -> list[Reason]:
    if order.state in ("completed", "cancelled"):
        return [Reason("wrong_state", gettext("It is %(state)s.") % {"state": order.get_state_display()})]
    if not left(order):
        return [Reason("shipped_already", gettext("All of it is shipped; take it back as a return."))]
    return []


def _cancel_form(rows: Sequence[Order]) -> type[forms.Form]:
    why = forms.CharField(
        label=gettext("why"),
        max_length=200,
        help_text=gettext("The shop is told, where the whole order goes."),
    )
    refund = forms.BooleanField(
        label=gettext("pay it back at once"), required=False,
        help_text=gettext("What was paid for it, through the shop; with the whole order also its shipping and fees."),
    )  # fmt: skip
    if len(rows) != 1:
        return ask(why=why, refund=refund)
    units = {
        f"units_{x.pk}": pieces(x.title, n, given=n, help_text=gettext("%(n)s not sent yet") % {"n": n})
        for x, n in left(rows[0]).items()
    }
    return ask(**units, why=why, refund=refund)


def _cancellings(ids: Ids, data: Data) -> list[Cancelling]:
    """Everything that is not sent, or the pieces typed; an order of which something is sent loses its rest."""
    typed = by_key(data, "units")
    asked = any(name.startswith("units_") for name in data)
    if asked and not typed:
        # No units would mean everything to the action; here it means that nothing was chosen.
        raise Refused(Reason("nothing_chosen", gettext("Say which pieces shall be cancelled.")))
    found = []
    for order in Order.objects.filter(pk__in=ids).order_by("pk").prefetch_related("lines"):
        rest = {x.pk: n for x, n in left(order).items()}
        units = typed if asked else rest
        whole = units == rest and not any(x.shipped for x in order.lines.all())
        found.append(Cancelling(order.pk, data.get("why", ""), {} if whole else units))
    return found


def _cancel_preview(ids: Ids, data: Data) -> Preview:
    """Stock and money, by line for one order and by order for many."""
    orders = {o.pk: o for o in for_quote(list(ids))}
    facts: list[tuple[str, str]] = []
    refused: dict[str, list[Reason]] = {}
    count = freed = 0
    back: dict[str, Decimal] = {}
    for c in _cancellings(ids, data):
        order = orders[c.order_id]
        units = units_of(order, c)
        free = {x: _freed(x, n) for x, n in units.items()}
        count, freed = count + sum(units.values()), freed + sum(free.values())
        quote = quote_cancelling(order, c)
        paid = quote.total if quote and not quote.refusals else Decimal(0)
        back[order.currency] = back.get(order.currency, Decimal(0)) + paid
        if quote and quote.refusals and data.get("refund"):
            refused[order.number] = list(quote.refusals)
        if len(ids) == 1:
            facts += [(x.title, _told_units(n, free[x])) for x, n in units.items()]
        else:
            told = shown.pieces(sum(units.values())) + ("" if c.units else gettext(", the whole order"))
            facts.append(
                (
                    order.number,
                    gettext("%(told)s, %(money)s paid for it")
                    % {"told": told, "money": shown.money(paid, order.currency)},
                )
            )
    sums = gettext(" and ").join(shown.money(n, currency) for currency, n in sorted(back.items()) if n)
    money = (
        gettext("Nothing was paid for it.") if not sums
        else gettext("%(sums)s will be paid back through the shop.") % {"sums": sums} if data.get("refund")
        else gettext("%(sums)s was paid for it and stays here: tick “pay it back”, or refund it later.") % {"sums": sums}
    )  # fmt: skip
    works = FulfillmentOrder.objects.filter(order__in=ids, state__in=OPEN).count()
    work = (
        gettext(" Up to %(works)s taken back from the warehouse.") % {"works": told_work(works)}
        if works
        else ""
    )
    return Preview(
        gettext("%(pieces)s cancelled, %(freed)s of them free for others at once.%(work)s %(money)s") % {"pieces": shown.pieces(count), "freed": freed, "work": work, "money": money}, facts[:50], refused
    )  # fmt: skip


def _freed(line: OrderLine, n: int) -> int:
    """Those that hold no stock go first, then those that wait for it."""
    return max(0, n - line.unallocated - line.backordered) if line.stocked else 0


def _told_units(n: int, free: int) -> str:
    if free == n:
        return gettext("%(pieces)s, free for others") % {"pieces": shown.pieces(n)}
    return (
        gettext("%(pieces)s, %(free)s free for others") % {"pieces": shown.pieces(n), "free": free}
        if free
        else gettext("%(pieces)s, no stock was held for it") % {"pieces": shown.pieces(n)}
    )


def _cancel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    refunds: list[Refund] = []
    if data.get("refund"):
        user = person(actor)
        if not any(user.has_perm(name) for name in REFUNDS):
            raise Refused(
                Reason(
                    "not_allowed", gettext("You may cancel, but not pay back: leave that to somebody else.")
                )
            )
        rows, refunds = cancel_with_refund(
            _cancellings(ids, data), key=data["press"], limit=refund_limit(user), by=actor
        )
    else:
        rows = cancel_orders_in_work(_cancellings(ids, data), by=actor)
    whole = sum(1 for order in rows if order.state == "cancelled")
    told = ", ".join(shown.money(refund.amount, refund.currency) for refund in refunds[:5])
    paid = (
        gettext(" %(told)s will be paid back.") % {"told": told + (" …" if len(refunds) > 5 else "")}
        if refunds
        else ""
    )
    return Outcome(
        gettext("%(whole)s cancelled, %(n)s made smaller.%(paid)s")
        % {"whole": whole, "n": len(rows) - whole, "paid": paid},
        done=len(rows),
    )


def _route(ids: Ids, actor: Actor, data: Data) -> Outcome:
    works = route_again(ids, by=actor)
    return Outcome(gettext("Decided anew: %(works)s.") % {"works": told_work(len(works))}, done=len(ids))


def _not_route(order: Order) -> list[Reason]:
    if order.state != "open":
        return [Reason("wrong_state", gettext("It is %(state)s.") % {"state": order.get_state_display()})]
    waiting = any(line.promised for line in order.lines.all())
    if not waiting and not any(w.state == "released" for w in order.fulfillment_orders.all()):
        return [
            Reason("nothing_to_route", gettext("Nothing of it waits to be sent that nobody has begun with."))
        ]
    return []


BUTTONS = (
    Button(
        name="fulfillment.route", label=_("Route again"), model="orders.order", permission="fulfillment.route_order",
        run=_route, shown=lambda order: order.state == "open", reads=("lines", "fulfillment_orders"),
        refusals=each(_not_route), steps=frozenset({"routed"}), rank=50,
        words=_("Decide anew where it is sent from. Work that somebody has begun stays."), acts_at=places_of_orders,
    ),
    Button(
        name="fulfillment.cancel_order", label=_("Cancel"), model="orders.order", permission="orders.cancel_order",
        run=_cancel, shown=lambda order: order.state not in ("completed", "cancelled"), reads=("lines",),
        refusals=each(_not_cancel), form=_cancel_form, preview=_cancel_preview, dangerous=True, rank=100,
        words=_("What is not sent, in part or whole: stock and money are shown first."), acts_at=places_of_orders,
    ),
)  # fmt: skip
