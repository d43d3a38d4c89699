"""Listings that are no item of ours, and items that are sold no more, at both shops over their real protocols."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from channels.actions.pull_listings import pull_listings
from channels.actions.push_stock import push_stock
from channels.models import Listing
from inventory.actions.receive_goods import Arrived, receive_goods
from oms.core.actors import SYSTEM
from oms.core.lifecycle import move
from oms.core.models import JournalEntry, OutboxEvent
from oms.core.relay import relay
from orders.models import Hold, Order, OrderLine
from tests import build, way
from tests.channels.shops import Shop
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wrap(shop: Shop) -> Listing:
    return Listing.objects.get(sku="WRAP")


def books() -> tuple[Any, ...]:
    return (
        list(Listing.objects.order_by("pk").values()),
        list(OrderLine.objects.order_by("pk").values()),
        list(Hold.objects.order_by("pk").values()),
        list(Order.objects.order_by("pk").values("state", "fulfillment_status")),
        JournalEntry.objects.count(),
        OutboxEvent.objects.count(),
    )


def test_no_item_of_ours_sticks_and_holds_up_no_order(shop: Shop, wrap: Listing) -> None:
    clerk = Hand("clerk")
    order = shop.buy("A", "WRAP")
    parked = order.lines.get(sku="WRAP")
    assert parked.holds.get().state == "active"
    before = books()
    assert Hand("support").press("channels.disown", wrap) == 403
    assert clerk.look("channels.disown", wrap).context["preview"].facts == [(str(wrap), "1 order line")]
    assert books() == before

    assert clerk.press("channels.disown", wrap) == 302, clerk.told
    wrap.refresh_from_db()
    parked.refresh_from_db()
    assert (wrap.state, wrap.item, parked.kind, parked.holds.get().state) == (
        "not_ours",
        None,
        "custom",
        "expired",
    )
    assert list(clerk.offers(wrap)) == ["channels.map", "channels.ask_again"]

    # An item of this very SKU comes up, the shop lists all anew: no rule guesses against a person.
    build.stock(build.item("WRAP"), 5)
    pull_listings(shop.account)
    wrap.refresh_from_db()
    assert (wrap.state, wrap.item) == ("not_ours", None)
    again = shop.buy("A", "WRAP")
    assert again.lines.get(sku="WRAP").kind == "custom" and again.lines.get(sku="WRAP").item is None
    assert not Hold.objects.filter(state="active").exists()

    # What is ours goes its way to the end; the free text is nothing that is sent.
    for work in way.work_of(order):
        way.send(work)
    order = way.deliver(order)
    assert (order.state, order.fulfillment_status) == ("completed", "delivered")
    way.sound()
    before = books()
    assert clerk.press("channels.disown", wrap) == 409
    assert books() == before


def test_the_decision_can_be_taken_back(shop: Shop, wrap: Listing) -> None:
    clerk = Hand("clerk")
    order = shop.buy("WRAP")
    assert clerk.press("channels.disown", wrap) == 302, clerk.told
    order.refresh_from_db()
    assert (order.state, order.fulfillment_status) == ("open", "not_required")
    assert clerk.press("channels.ask_again", wrap) == 302, clerk.told
    wrap.refresh_from_db()
    line = order.lines.get()
    assert (wrap.state, wrap.mapped_by, line.kind) == ("unmapped", "", "item")
    assert line.holds.get(state="active").type == "unmapped_sku"
    before = books()
    assert clerk.press("channels.ask_again", wrap) == 409
    assert books() == before

    # Where a rule finds the item, nobody is asked; and a person may also say it at once.
    build.stock(build.item("WRAP"), 5)
    assert clerk.press("channels.disown", wrap) == 302
    assert clerk.press("channels.ask_again", wrap) == 302 and "1 found by SKU" in clerk.told
    wrap.refresh_from_db()
    line.refresh_from_db()
    assert (wrap.state, line.kind, line.promised) == ("active", "item", 2)
    assert not line.holds.filter(state="active").exists()
    way.sound()


def test_one_line_alone_can_be_called_no_item_of_ours(shop: Shop, wrap: Listing) -> None:
    clerk = Hand("clerk")
    line = shop.buy("WRAP").lines.get()
    before = books()
    assert Hand("warehouse").press("orders.free_line", line) == 403
    assert books() == before
    assert clerk.press("orders.free_line", line) == 302, clerk.told
    line.refresh_from_db()
    wrap.refresh_from_db()
    assert (line.kind, line.order.state, wrap.state) == ("custom", "open", "unmapped")
    assert clerk.press("orders.ask_line", line) == 302, clerk.told
    line.refresh_from_db()
    assert line.kind == "item" and line.holds.filter(state="active").count() == 1


def test_a_person_may_map_what_was_no_item_of_ours(shop: Shop, wrap: Listing) -> None:
    clerk = Hand("clerk")
    order = shop.buy("WRAP")
    clerk.press("channels.disown", wrap)
    build.stock(build.item("PAPER"), 5)
    assert clerk.press("channels.map", wrap, item="PAPER") == 302, clerk.told
    line = order.lines.get()
    assert (line.kind, line.item.sku, line.promised) == ("item", "PAPER", 2)
    assert not line.holds.filter(state="active").exists()
    way.sound()


def test_what_a_person_said_holds_when_the_shop_lists_it_again(shop: Shop, wrap: Listing) -> None:
    clerk = Hand("clerk")
    build.stock(build.item("PAPER"), 5)
    assert clerk.press("channels.map", wrap, item="PAPER") == 302, clerk.told
    with transaction.atomic():
        move(Listing.objects.filter(pk=wrap.pk), "vanish", by=SYSTEM)
    pull_listings(shop.account)
    wrap.refresh_from_db()
    assert (wrap.state, wrap.item.sku, wrap.mapped_by) == ("active", "PAPER", "user:clerk-hand")


def test_an_item_sold_no_more_is_none_at_the_shops_and_comes_back(shop: Shop) -> None:
    boss = Hand("manager")
    listing = Listing.objects.select_related("item").get(sku="A")
    push_stock(shop.account)
    assert shop.stock(listing) == 10
    assert (
        "told that there is none"
        in boss.look("inventory.switch_item_off", listing.item).context["preview"].words
    )
    assert boss.press("inventory.switch_item_off", listing.item) == 302, boss.told
    relay()
    listing.refresh_from_db()
    assert (listing.desired, listing.health, listing.state) == (0, "pending", "active")
    push_stock(shop.account)
    assert shop.stock(listing) == 0
    # Goods that arrive meanwhile change nothing there; switched on, the shop gets what there is by then.
    receive_goods(
        location_id=build.location().pk,
        arrived=[Arrived(listing.item_id, 5)],
        reference="",
        key="more",
        by=SYSTEM,
    )
    relay()
    listing.refresh_from_db()
    assert listing.desired == 0
    assert boss.press("inventory.switch_item_on", listing.item) == 302
    relay()
    push_stock(shop.account)
    assert shop.stock(listing) == 15
