"""Carry out what the channels have to be told: read the order again, look for an earlier try, call, record."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from channels.actions.connect import actor_for, adapter_for
from channels.actions.mark_listings import mark_listings
from channels.actions.note_untold import settle_cancelled
from channels.actions.reread import reread
from channels.actions.send_replacements import send_replacements
from channels.actions.tell import CANCEL, REFUND, SHIPMENT
from channels.adapters.base import (
    CancelRequest,
    RefundCharge,
    RefundLine,
    RefundRequest,
    ShipmentNotice,
    ShippedLine,
)
from fulfillment.models import Shipment
from oms.core import effects, journal
from oms.core.effects import Result
from oms.core.errors import Permanent, Retry
from oms.core.journal import Line
from oms.core.models import OutboundEffect
from oms.core.steps import reached
from orders.actions.fail_refunds import fail_refund
from orders.actions.settle_refunds import settle_refund
from orders.models import Order, Refund


def send(limit: int = 50, target: str | None = None) -> Counter[str]:
    """One batch of each kind, for one channel (``channel:`` and its slug) or for all; returns how they ended."""
    total: Counter[str] = Counter()
    total += effects.run(
        SHIPMENT,
        look=_find_shipment,
        perform=_confirm_shipment,
        then=_told_shipment,
        limit=limit,
        target=target,
    )
    total += send_replacements(limit)
    total += effects.run(
        REFUND,
        look=_find_refund,
        perform=_issue_refund,
        then=_refunded,
        failed=_not_refunded,
        limit=limit,
        target=target,
    )
    total += effects.run(
        CANCEL, look=_find_cancel, perform=_cancel, then=_told_cancel, limit=limit, target=target
    )
    return total


# ------------------------------------------------------------------------------------------------ shipments


def _notice(effect: OutboundEffect) -> ShipmentNotice:
    parcel = (
        Shipment.objects.select_related("fulfillment_order__order")
        .prefetch_related("lines__line__order_line", "fulfillment_order__order__lines")
        .get(pk=effect.request["shipment"])
    )
    order = parcel.fulfillment_order.order
    return ShipmentNotice(
        key=str(parcel.key), external_order_id=order.external_id, carrier=parcel.carrier,
        lines=[ShippedLine(part.line.order_line.external_id, part.quantity) for part in parcel.lines.all()],
        tracking_number=parcel.tracking_number, tracking_url=parcel.tracking_url,
        shipped_at=parcel.shipped_at or parcel.created_at,
        completes_order=all(line.shipped + line.cancelled == line.ordered for line in order.lines.all()),
    )  # fmt: skip


def _find_shipment(effect: OutboundEffect) -> Result | None:
    found = adapter_for(effect).find_shipment(_notice(effect))
    return Result(found) if found else None


def _confirm_shipment(effect: OutboundEffect) -> Result:
    # The parcel has left, so nothing stops the notice; but the shop's side must be known when it is told.
    order_id = Shipment.objects.values_list("fulfillment_order__order_id", flat=True).get(
        pk=effect.request["shipment"]
    )
    reread([order_id], "ship")
    told = adapter_for(effect).confirm_shipment(_notice(effect))
    reached("told")
    return Result(told)


def _told_shipment(effect: OutboundEffect, result: Result) -> None:
    parcel = Shipment.objects.select_related("fulfillment_order").get(pk=effect.request["shipment"])
    number = parcel.tracking_number or "a parcel without tracking"
    journal.write(
        [Line.of(parcel, "tell_shipment", f"The shop was told that {number} left.")], by=actor_for(effect)
    )


# -------------------------------------------------------------------------------------------------- refunds


def _request(effect: OutboundEffect) -> RefundRequest:
    refund = (
        Refund.objects.select_related("order")
        .prefetch_related("lines__line", "order__charges")
        .get(pk=effect.request["refund"])
    )
    parts = list(refund.lines.all())
    # As it stands now: what the shop changed since is not given back whole any more.
    paid = {c.external_id: c.net + c.tax for c in refund.order.charges.all()}

    def of(kind: str, name: str) -> Decimal:
        return sum((getattr(p, name) for p in parts if p.kind == kind), Decimal(0))

    return RefundRequest(
        key=str(refund.key), external_order_id=refund.order.external_id, currency=refund.currency, amount=refund.amount,
        lines=[RefundLine(p.line.external_id, p.quantity, p.net, p.tax) for p in parts if p.line is not None],
        shipping=of("shipping", "net"), shipping_tax=of("shipping", "tax"),
        charges=of("charge", "net"), charges_tax=of("charge", "tax"), reason=refund.reason,
        named_charges=[
            RefundCharge(p.charge, p.net, p.tax, whole=paid.get(p.charge) == p.net + p.tax) for p in parts if p.charge
        ],
    )  # fmt: skip


def _find_refund(effect: OutboundEffect) -> Result | None:
    found = adapter_for(effect).find_refund(_request(effect))
    return Result(found.external_id, {"amount": str(found.amount), "status": found.status}) if found else None


def _issue_refund(effect: OutboundEffect) -> Result:
    refund = Refund.objects.get(pk=effect.request["refund"])
    if refund.state == "cancelled":
        raise Permanent("not_wanted", "The refund was given up.")
    why = reread([refund.order_id], "refund").get(refund.order_id)
    if why:
        raise Permanent("order_held", why)
    paid = adapter_for(effect).issue_refund(_request(effect))
    reached("refunded")
    if paid.status == "pending":
        raise Retry("the shop has not paid yet", after=60)
    if paid.status == "failed":
        raise Permanent("payment_failed", "The shop could not pay it back.")
    return Result(paid.external_id, {"amount": str(paid.amount), "status": paid.status})


def _refunded(effect: OutboundEffect, result: Result) -> None:
    settle_refund(effect.request["refund"], external_id=result.remote_id, by=actor_for(effect))


def _not_refunded(effect: OutboundEffect, error: Permanent) -> None:
    fail_refund(effect.request["refund"], why=str(error), by=actor_for(effect))


# -------------------------------------------------------------------------------------------- cancellations


def _cancel_request(effect: OutboundEffect) -> CancelRequest:
    order = Order.objects.get(pk=effect.request["order"])
    return CancelRequest(effect.key, order.external_id)


def _find_cancel(effect: OutboundEffect) -> Result | None:
    return Result("cancelled") if adapter_for(effect).find_cancel(_cancel_request(effect)) else None


def _cancel(effect: OutboundEffect) -> Result:
    adapter, request = adapter_for(effect), _cancel_request(effect)
    if not adapter.find_cancel(request):  # the shop may have cancelled it of itself
        adapter.cancel_order(request)
    return Result("cancelled")


def _told_cancel(effect: OutboundEffect, result: Result) -> None:
    order = Order.objects.prefetch_related("lines").get(pk=effect.request["order"])
    # Some shops put the goods back on their own shelf when an order is cancelled, after our number was sent:
    # it is sent once more, since ours already holds them.
    mark_listings(
        {line.item_id for line in order.lines.all() if line.item_id}, by=actor_for(effect), again=True
    )
    journal.write(
        [Line.of(order, "tell_cancel", "The shop was told that the order is cancelled.")],
        by=actor_for(effect),
    )
    settle_cancelled([order.pk])
