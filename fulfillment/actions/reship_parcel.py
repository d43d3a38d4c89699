"""What was in a parcel is sent again at no charge: an order of its own, linked to the parcel it stands in for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.actions.settle_parcel import finish_settled, refund_of
from fulfillment.models import Reshipment, Shipment
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move
from orders.actions.place import Placing, place_orders
from orders.drafts import AddressDraft, Amount, LineDraft, OrderDraft
from orders.models import Order, OrderLine, Refund

SOURCE = "sent-again"
"""Where such an order comes from: no channel account has this name, so no shop is told of it as of an order. The
shop of the first order is told the number of its parcel."""
NOTHING = Amount(Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Reshipping:
    """``units`` by order line id; all that was in it where none are named."""

    shipment_id: int
    reason: str
    units: Mapping[int, int] = field(default_factory=dict)


def units_of(parcel: Shipment) -> Counter[int]:
    """What was in it, by order line id. Reads ``lines__line``."""
    units: Counter[int] = Counter()
    for part in parcel.lines.all():
        units[part.line.order_line_id] += part.quantity
    return units


def why_not_reship(parcel: Shipment, refunds: Iterable[Refund]) -> list[Reason]:
    """Why it is not sent again. Reads ``reshipments__order``; ``refunds`` are its order's."""
    again = next((r.order for r in parcel.reshipments.all() if r.order.state != "cancelled"), None)
    if again:
        return [Reason("sent_again", gettext("It is sent again as %(number)s.") % {"number": again.number})]
    if refund_of(refunds, parcel.pk):
        return [Reason("settled", gettext("What was in it is paid back, or being paid back, already."))]
    if parcel.shipped_at is None or parcel.state == "voided":
        return [Reason("not_shipped", gettext("It has not left yet: nothing has to be sent again."))]
    return []


@transaction.atomic
def reship_parcel(reshipping: Reshipping, *, by: Actor) -> Reshipment:
    """Place an order for the same units at no charge; stock is promised at once or as soon as there is some. A
    parcel that is only silent counts as lost from now on; its order need not wait for it.

    What was shipped stays counted as shipped, and is never counted twice: the new units are lines of the new
    order. Raises :class:`Refused` for a parcel that did not leave, was paid back or is being sent again, and for
    units that were not in it.
    """
    orders = Order.objects.filter(fulfillment_orders__shipments=reshipping.shipment_id)
    list(orders.select_for_update(of=("self",)).values_list("pk"))
    parcel = (
        Shipment.objects.select_for_update(of=("self",))
        .select_related("fulfillment_order__order")
        .prefetch_related("lines__line", "reshipments__order")
        .get(pk=reshipping.shipment_id)
    )
    order = parcel.fulfillment_order.order
    inside = units_of(parcel)
    units = {pk: n for pk, n in (reshipping.units or inside).items() if n}
    reasons = why_not_reship(parcel, order.refunds.all())
    if not units or any(not 0 < n <= inside[pk] for pk, n in units.items()):
        reasons.append(Reason("units_unknown", gettext("Only what was in the parcel can be sent again.")))
    if reasons:
        raise Refused(reasons)
    if parcel.state in {"labelled", "in_transit", "out_for_delivery", "exception"}:
        move([parcel], "lose", by=by, words=f"Given up as lost. {reshipping.reason}".strip()).or_refuse()
    (key,) = place_orders([_placing(order, parcel, units)], by=by)
    made = Order.objects.get(pk=key)
    row = Reshipment(
        shipment=parcel,
        order=made,
        reason=reshipping.reason[:200],
        whole=units == dict(inside),
        made_by=str(by)[:150],
    )
    insert_rows([row])
    journal.write(
        [
            Line.of(
                parcel, "reship", f"Sent again at no charge as {made.number}. {reshipping.reason}".strip()
            ),
            Line.of(made, "reship", f"Stands in for {parcel} of {order.number}. {reshipping.reason}".strip()),
        ],
        by=by,
    )
    finish_settled([order.pk], by=by)
    return row


def _placing(order: Order, parcel: Shipment, units: Mapping[int, int]) -> Placing:
    tries = Reshipment.objects.filter(shipment__fulfillment_order__order=order).count() + 1
    lines = {line.pk: line for line in OrderLine.objects.filter(pk__in=units)}
    items = {part.line.order_line_id: part.line.item_id for part in parcel.lines.all()}
    now = timezone.now()
    draft = OrderDraft(
        source=SOURCE, external_id=f"{order.pk}-{tries}", number=f"{order.number}-R{tries}", placed_at=now, updated_at=now,
        currency=order.currency, shop_currency=order.shop_currency, total=NOTHING, email=order.email, phone=order.phone,
        customer_name=order.customer_name, shipping_address=AddressDraft(**order.shipping_address),
        billing_address=AddressDraft(**order.billing_address), shipping_method=order.shipping_method, repeats=order.number,
        lines=tuple(
            LineDraft(
                external_id=str(pk), title=lines[pk].title, quantity=n, net=NOTHING, unit_price=lines[pk].unit_price,
                sku=lines[pk].sku, kind=lines[pk].kind, requires_shipping=lines[pk].requires_shipping,
            )
            for pk, n in sorted(units.items())
        ),
    )  # fmt: skip
    return Placing(draft, f"{order.number}-R{tries}"[:40], {str(pk): items[pk] for pk in units})
