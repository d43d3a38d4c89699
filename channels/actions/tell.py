"""What a channel has to be told: wishes written down beside nothing but their key, each once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction

from channels.actions.connect import able
from channels.adapters.base import Can
from channels.models import ChannelAccount
from fulfillment.models import Shipment
from oms.core import effects
from oms.core.actors import SYSTEM
from oms.core.effects import Intent
from oms.core.models import OutboundEffect
from orders.actions.fail_refunds import fail_refunds
from orders.actions.request_refunds import request_refunds
from orders.models import Order, Refund

SHIPMENT, REPLACEMENT, REFUND, CANCEL = "confirm_shipment", "tell_replacement", "issue_refund", "cancel_order"
TASK = "channels.effects"


def _accounts(sources: Collection[str], flag: Can) -> dict[str, ChannelAccount]:
    found = ChannelAccount.objects.filter(slug__in=set(sources))
    return {account.slug: account for account in found if able(account, flag)}


@transaction.atomic
def tell_shipments(shipment_ids: Sequence[int]) -> None:
    """Note that the channels of these parcels' orders are to be told that they left."""
    parcels = list(Shipment.objects.filter(pk__in=shipment_ids).select_related("fulfillment_order__order"))
    accounts = _accounts({p.fulfillment_order.order.source for p in parcels}, Can.CONFIRM_SHIPMENT)
    effects.intend(
        [
            Intent(
                target=f"channel:{p.fulfillment_order.order.source}", kind=SHIPMENT, key=f"shipment:{p.key}",
                subject=f"order:{p.fulfillment_order.order_id}", thread=f"order:{p.fulfillment_order.order_id}",
                request={"shipment": p.pk},
            )
            for p in parcels
            if p.fulfillment_order.order.source in accounts
        ],
        nudge=TASK,
    )  # fmt: skip


@transaction.atomic
def tell_replacements(shipment_ids: Sequence[int]) -> None:
    """Note that the channels of the orders these parcels stand in for are to be told their numbers: an order that
    is sent again is no order of theirs. Parcels without a number, and of ordinary orders, are left alone."""
    found = Shipment.objects.filter(pk__in=shipment_ids, fulfillment_order__order__replaces__isnull=False)
    first = {p.pk: _first(p) for p in found.exclude(tracking_number="").order_by("pk")}
    accounts = _accounts({p.fulfillment_order.order.source for p in first.values()}, Can.TELL_REPLACEMENT)
    keys = dict(Shipment.objects.filter(pk__in=first).values_list("pk", "key"))
    effects.intend(
        [
            Intent(
                target=f"channel:{p.fulfillment_order.order.source}", kind=REPLACEMENT, key=f"replacement:{keys[pk]}",
                subject=f"order:{p.fulfillment_order.order_id}", thread=f"order:{p.fulfillment_order.order_id}",
                request={"shipment": pk, "first": p.pk},
            )
            for pk, p in first.items()
            if p.fulfillment_order.order.source in accounts
        ],
        nudge=TASK,
    )  # fmt: skip


def _first(parcel: Shipment) -> Shipment:
    """The parcel of the shop's own order that this one stands in for, however often it was sent again."""
    while True:
        before = Shipment.objects.filter(reshipments__order__fulfillment_orders__shipments=parcel)
        found = before.select_related("fulfillment_order__order").first()
        if found is None:
            return parcel
        parcel = found


@transaction.atomic
def tell_refunds(refund_ids: Sequence[int]) -> None:
    """Note that the channels are to pay these refunds; where a channel cannot, a person is told to do it."""
    refunds = list(
        Refund.objects.filter(pk__in=refund_ids, state__in=["approved", "failed"]).select_related("order")
    )
    accounts = _accounts({r.order.source for r in refunds}, Can.ISSUE_REFUND)
    request_refunds([r.pk for r in refunds], by=SYSTEM)
    fail_refunds(
        [r.pk for r in refunds if r.order.source not in accounts],
        why="This channel cannot pay back by itself: do it there, then note it here.",
        by=SYSTEM,
    )
    ours = [r for r in refunds if r.order.source in accounts]
    # Asked for again after a failure: the same wish is taken up again, so it can never be paid twice.
    effects.again(
        OutboundEffect.objects.filter(key__in=[f"refund:{r.key}" for r in ours], state="failed").values_list(
            "pk", flat=True
        )
    )
    effects.intend(
        [
            Intent(
                target=f"channel:{r.order.source}", kind=REFUND, key=f"refund:{r.key}", subject=f"order:{r.order_id}",
                thread=f"order:{r.order_id}", request={"refund": r.pk},
            )
            for r in ours
        ],
        nudge=TASK,
    )  # fmt: skip


@transaction.atomic
def tell_cancels(order_ids: Sequence[int]) -> None:
    """Note that the channels are to be told that these orders are cancelled."""
    orders = list(Order.objects.filter(pk__in=order_ids, state="cancelled"))
    accounts = _accounts({o.source for o in orders}, Can.CANCEL_ORDER)
    effects.intend(
        [
            Intent(
                target=f"channel:{o.source}", kind=CANCEL, key=f"cancel:{o.source}:{o.external_id}", subject=f"order:{o.pk}",
                thread=f"order:{o.pk}", request={"order": o.pk},
            )
            for o in orders
            if o.source in accounts
        ],
        nudge=TASK,
    )  # fmt: skip
