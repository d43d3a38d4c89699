"""A tracking number typed by hand counts as a label: the shop is asked first, at each of the three doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.models import FulfillmentOrder, Shipment
from oms.core.actors import SYSTEM
from oms.core.models import JournalEntry
from oms.core.tokens import issue_token
from orders.models import Order
from tests.channels.shops import Shop
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = {"carrier": "Post", "number": "RM1"}


def packed(shop: Shop) -> tuple[Order, Shipment]:
    order = shop.buy("A")
    (work,) = FulfillmentOrder.objects.filter(order=order, state="released")
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    (parcel,) = pack([Packing(work.pk)], by=SYSTEM)
    return order, parcel


def at_the_console(parcel: Shipment, anyway: bool) -> tuple[int, str]:
    hand = Hand("warehouse")
    typed = {**NUMBER, **({"unasked": "on"} if anyway else {})}
    return hand.press("fulfillment.type_tracking", parcel, **typed), hand.told


def at_the_dock(parcel: Shipment, anyway: bool) -> tuple[int, str]:
    hand = Hand("warehouse")
    page = reverse("dock:work", args=[parcel.fulfillment_order_id])
    form = {
        "at": "label",
        "step": "type",
        "press": "p1",
        "parcel": parcel.pk,
        "carrier": "Post",
        "code": "RM1",
    }
    hand.answer = hand.client.post(page, form)
    if hand.answer.status_code == 409 and anyway:
        # What was typed is kept, and the tick is offered.
        html, silent = hand.told, "could not be asked" in hand.told
        assert ('value="RM1"' in html, 'name="unasked"' in html) == (silent, silent)
        form["press"] = hand.answer.context["press"]
        hand.answer = hand.client.post(page, {**form, "unasked": "on"})
    return hand.answer.status_code, hand.told


def by_the_api(parcel: Shipment, anyway: bool) -> tuple[int, str]:
    caller = APIClient()
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_token(f'till-{anyway}', ['*'], by=SYSTEM)[1]}")
    address = f"/api/v1/parcels/{parcel.pk}/type-tracking"
    answers = [
        caller.post(address, {**NUMBER, "unasked": anyway}, format="json", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert answers[0].status_code == answers[1].status_code, "a repeat is answered as before"
    return answers[0].status_code, answers[0].content.decode()


DOORS = pytest.mark.parametrize("door", [at_the_console, at_the_dock, by_the_api])
Door = Callable[[Shipment, bool], tuple[int, str]]


def books(parcel: Shipment) -> Any:
    parcel.refresh_from_db()
    typed = JournalEntry.objects.filter(subject=f"shipment:{parcel.pk}").count()
    return parcel.state, parcel.carrier, parcel.tracking_number, typed


@DOORS
def test_an_order_cancelled_at_the_shop_a_moment_ago_does_not_leave(shop: Shop, door: Door) -> None:
    order, parcel = packed(shop)
    before = books(parcel)
    shop.act("cancel", order=int(order.external_id) if shop.kind == "woocommerce" else order.external_id)
    for anyway in (False, True):
        status, told = door(parcel, anyway)
        assert status == 409 and "cancelled" in told.lower(), told
    assert books(parcel) == before and parcel.state == "draft"
    assert order.holds.filter(type="changed_at_shop", state="active").exists()


@DOORS
def test_a_shop_that_does_not_answer_is_said_so_and_a_person_decides(shop: Shop, door: Door) -> None:
    _, parcel = packed(shop)
    before = books(parcel)
    shop.down(True)
    status, told = door(parcel, False)
    assert status == 409 and "could not be asked" in told, told
    assert books(parcel) == before and parcel.state == "draft"
    status, told = door(parcel, True)
    assert status in (200, 302), told
    assert books(parcel)[:3] == ("labelled", "Post", "RM1")
    (line,) = JournalEntry.objects.filter(subject=f"shipment:{parcel.pk}", verb="label_unasked")
    assert "without asking the shop" in line.words


@DOORS
def test_an_order_that_stands_takes_its_number(shop: Shop, door: Door) -> None:
    _, parcel = packed(shop)
    status, told = door(parcel, False)
    assert status in (200, 302), told
    assert books(parcel)[:3] == ("labelled", "Post", "RM1")
    assert not JournalEntry.objects.filter(verb="label_unasked").exists()
