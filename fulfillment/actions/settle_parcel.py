"""A parcel is lost: the customer is paid back what was in it, and the order need not wait for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.models import Reshipment, Shipment
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from oms.core.money import Money
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.complete import complete_orders
from orders.actions.quote_refund import for_quote, quote_refund
from orders.models import Order, Refund
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote

NOT_UNDERWAY = frozenset({"delivered", "voided"})


@dataclass(frozen=True)
class Settling:
    """``shipping`` and ``goodwill`` on top of what was paid for the goods in it, in the order's currency,
    tax included. ``limit`` is the most this person may give back, ``None`` no limit."""

    shipment_id: int
    shipping: Decimal | None = None
    goodwill: Decimal | None = None
    reason: str = ""
    limit: Decimal | None = None


def refund_of(refunds: Iterable[Refund], shipment_id: int) -> Refund | None:
    """The refund that stands for this parcel, among its order's."""
    return next((r for r in refunds if r.state != "cancelled" and _parcel_of(r.cause) == shipment_id), None)


def _parcel_of(cause: str) -> int | None:
    """``parcel:7``, or ``parcel:7:2`` where the first was given up."""
    kind, _, rest = cause.partition(":")
    return int(rest.split(":")[0]) if kind == "parcel" else None


def _cause(refunds: Iterable[Refund], shipment_id: int) -> str:
    given_up = sum(1 for r in refunds if _parcel_of(r.cause) == shipment_id)
    return f"parcel:{shipment_id}" + (f":{given_up + 1}" if given_up else "")


def why_not_settle(parcel: Shipment) -> list[Reason]:
    """Why this parcel cannot be settled as lost. Reads ``reshipments__order``."""
    again = next((r.order for r in parcel.reshipments.all() if r.order.state != "cancelled"), None)
    if again:
        return [
            Reason(
                "sent_again",
                gettext("It is sent again as %(number)s; cancel that first to pay back.")
                % {"number": again.number},
            )
        ]
    if parcel.state == "returned_to_sender":
        return [Reason("comes_back", gettext("It comes back to us: open a return for it, and receive it."))]
    if parcel.shipped_at is None or parcel.state in NOT_UNDERWAY:
        told = f"This parcel is {parcel.get_state_display()}: nothing of it can be lost."
        return [Reason("wrong_state", told)]
    return []


def quote_settling(parcel: Shipment, settling: Settling) -> RefundQuote:
    """The preview: what would be paid back."""
    (order,) = for_quote([parcel.fulfillment_order.order_id])
    return quote_refund(order, _ask(parcel, settling, order.currency))


@transaction.atomic
def settle_parcel(settling: Settling, *, by: Actor) -> Refund:
    """Approve the refund of what was in a lost parcel; one that is only silent counts as lost from now on.
    Stock does not move: the goods left when it was shipped.

    A second call returns the refund that was made, unless it was given up. Raises :class:`Refused` for a parcel that arrived, did
    not leave or comes back to us, and with every reason of the quote.
    """
    orders = Order.objects.filter(fulfillment_orders__shipments=settling.shipment_id)
    list(orders.select_for_update(of=("self",)).values_list("pk"))
    parcel = (
        Shipment.objects.select_for_update(of=("self",))
        .select_related("fulfillment_order__order")
        .prefetch_related("lines__line", "reshipments__order")
        .get(pk=settling.shipment_id)
    )
    order = parcel.fulfillment_order.order
    refunds = list(order.refunds.all())
    made = refund_of(refunds, parcel.pk)
    if made:
        return made
    reasons = why_not_settle(parcel)
    if reasons:
        raise Refused(reasons)
    if parcel.state != "lost":
        move([parcel], "lose", by=by, words=f"Given up as lost. {settling.reason}".strip()).or_refuse()
    refund = approve_refund(
        Refunding(
            order_id=order.pk, ask=_ask(parcel, settling, order.currency),
            reason=settling.reason.strip() or f"Parcel {parcel} is lost", cause=_cause(refunds, parcel.pk),
            limit=settling.limit,
        ),
        by=by,
    )  # fmt: skip
    journal.write([Line.of(parcel, "settle", "Lost; what was in it is paid back.")], by=by)
    return refund


@transaction.atomic
def finish_settled(order_ids: Iterable[int], *, by: Actor) -> list[Order]:
    """Complete those of the orders of which nothing is on its way any more but parcels that were paid back as
    lost, or whose whole content is sent again by another order."""
    ids = list(order_ids)
    waiting: set[int] = set()
    settled: set[int] = set()
    refunds = Refund.objects.filter(order_id__in=ids, cause__startswith="parcel:", state="succeeded")
    paid = {_parcel_of(cause) for cause in refunds.values_list("cause", flat=True)}
    ours = Reshipment.objects.filter(shipment__fulfillment_order__order__in=ids, whole=True)
    again = set(ours.exclude(order__state="cancelled").values_list("shipment_id", flat=True))
    if not paid and not again:
        return []
    for parcel in Shipment.objects.filter(fulfillment_order__order__in=ids).select_related(
        "fulfillment_order"
    ):
        if parcel.pk in again or (parcel.state == "lost" and parcel.pk in paid):
            settled.add(parcel.fulfillment_order.order_id)
        elif parcel.state not in NOT_UNDERWAY:
            waiting.add(parcel.fulfillment_order.order_id)
    return complete_orders(settled - waiting, by=by, settled=True)


def _ask(parcel: Shipment, settling: Settling, currency: str) -> RefundAsk:
    units: Counter[int] = Counter()
    for part in parcel.lines.all():
        units[part.line.order_line_id] += part.quantity

    def of(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money(amount, currency)

    return RefundAsk(
        lines=[LineAsk(pk, n) for pk, n in sorted(units.items())],
        shipping=of(settling.shipping), goodwill=of(settling.goodwill),
    )  # fmt: skip
