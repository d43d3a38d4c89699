"""What is sent again is an order of its own; the shop hears its number once, on the order that it knows."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from channels import tasks
from channels.actions.tell import REPLACEMENT
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel
from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, Shipment
from oms.core import effects
from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry, OutboundEffect
from oms.core.relay import relay
from orders.models import Order
from tests import way
from tests.channels.shops import Shop

pytestmark = pytest.mark.django_db(transaction=True)


def send(order: Order) -> Shipment:
    """Route, pick, pack, label and ship what is still to be sent of it, and tell the shop."""
    relay()
    (work,) = FulfillmentOrder.objects.filter(order=order, state="released")
    (parcel,) = way.send(work)
    relay()
    tasks.effects()
    return Shipment.objects.get(pk=parcel.pk)


def lose(parcel: Shipment, units: dict[int, int] | None = None) -> Order:
    record_scans([Scan(parcel.tracking_number, "lost", "", timezone.now())], by=SYSTEM)
    return reship_parcel(Reshipping(parcel.pk, "lost in the snow", units or {}), by=SYSTEM).order


def records(shop: Shop) -> Any:
    return shop.ask("GET", "records")


def told(shop: Shop) -> list[str]:
    """What the shop's customer was told after the first parcel, one row a message."""
    if shop.kind == "shopify":
        log = records(shop)["log"]
        return [" ".join(r["tracking"]) for r in log if r["operation"] == "fulfillmentTrackingInfoUpdate"]
    (order,) = records(shop)["orders"]
    return [n["note"] for n in order["notes"] if n["customer_note"] and n["note"].startswith("Sent again")]


STEP = {"woocommerce": "notes.create", "shopify": "UpdateTracking"}


def test_the_shop_hears_the_number_of_what_was_sent_again_once(shop: Shop) -> None:
    first = send(shop.buy("A"))
    assert told(shop) == []
    second = send(lose(first))
    (words,) = told(shop)
    assert second.tracking_number in words and first.tracking_number not in words
    for _ in range(2):
        relay()
        tasks.effects()
    effect = OutboundEffect.objects.get(kind=REPLACEMENT)
    assert effect.state == "confirmed" and len(told(shop)) == 1
    standing = JournalEntry.objects.filter(verb="tell_replacement").values_list("subject", flat=True)
    assert sorted(standing) == sorted(f"shipment:{p.pk}" for p in (first, second))
    assert Order.objects.count() == 2, "the shop's order is changed at the shop, and nothing comes of it here"

    third = send(lose(second))  # and once more: the shop knows only the very first
    (_, words) = told(shop)
    assert third.tracking_number in words and second.tracking_number not in words


def test_what_is_sent_again_in_part_stands_beside_the_first(shop: Shop) -> None:
    order = shop.buy("A")
    first = send(order)
    second = send(lose(first, {order.lines.get().pk: 1}))
    if shop.kind == "shopify":
        assert told(shop) == [f"{first.tracking_number} {second.tracking_number}"]
    else:
        (words,) = told(shop)
        assert second.tracking_number in words


def test_a_notice_whose_answer_was_lost_is_not_told_twice(shop: Shop) -> None:
    first = send(shop.buy("A"))
    again = lose(first)
    fault = {"kind": "error_500_after", "step": STEP[shop.kind], "times": 1}
    shop.ask("POST", "faults", {"rules": [fault], "seed": 1})
    send(again)
    OutboundEffect.objects.filter(kind=REPLACEMENT, state="pending").update(due_at=timezone.now())
    tasks.effects()
    assert OutboundEffect.objects.get(kind=REPLACEMENT).state == "confirmed"
    assert len(told(shop)) == 1


def test_without_a_first_notice_there_is_no_second(shop: Shop) -> None:
    """The shop refused the first parcel's: a person sees both, and has them told in turn."""
    first = send(shop.buy("A"))
    before = OutboundEffect.objects.filter(key=f"shipment:{first.key}")
    before.update(state="failed", reason="not_fulfillable")
    send(lose(first))
    effect = OutboundEffect.objects.get(kind=REPLACEMENT)
    assert (effect.state, effect.reason) == ("failed", "first_untold") and told(shop) == []
    effects.again(before.values_list("pk", flat=True))
    effects.again([effect.pk])
    tasks.effects()
    assert set(OutboundEffect.objects.values_list("state", flat=True)) == {"confirmed"}
    assert len(told(shop)) == 1
