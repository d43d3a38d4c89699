"""A few orders through every floor, over the real protocols at both ends."""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from django.db import OperationalError, connection

import channels.tasks
from channels.actions.push_stock import push_stock  # noqa: F401
from channels.demo import plan as plans
from channels.demo.purchases import products, purchase
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE
from channels.models import Listing
from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.models import FulfillmentOrder, Shipment
from fulfillment.tasks import track
from inventory.models import Item, Location, StockLevel
from oms.core.actors import Actor
from oms.core.audits import run as audit
from oms.core.collisions import TRIES
from oms.core.models import Collision, InboundMessage, OutboundEffect
from orders.models import Order
from tests import build
from tests.impatient import impatient
from tests.journeys.clockwork import confirm, tick

pytestmark = pytest.mark.django_db(transaction=True)
ANN = Actor("user", "ann")


@pytest.fixture
def plan():
    return plans.build(ordinary=6, heaviest_kg=25)


@pytest.fixture
def shops(plan, parties, connected):
    """Both shops sell the plan's items, and know what we have of them."""
    for name, shop in ((WOOCOMMERCE, parties.woocommerce), (SHOPIFY, parties.shopify)):
        shop.act("seed_products", products=products(name, plan.items, (), frozenset()))
    for place in plan.places:
        at = place.address
        build.location(
            place.code, name=place.name, line1=at.line1, city=at.city, postcode=at.postcode, country=at.country,
            latitude=at.latitude, longitude=at.longitude, phone="0115 496 0000",
        )  # fmt: skip
    for sku, item in plan.items.items():
        build.item(
            sku,
            name=item.title,
            weight_g=item.weight_g,
            hs_code=item.hs_code,
            origin_country=item.origin_country,
        )
    for (sku, place), units in plan.opening.items():
        build.stock(Item.objects.get(sku=sku), units, Location.objects.get(code=place))
    connected.listings()
    tick(pull=False)
    return parties


def ordinary(plan, shop: str, count: int = 3):
    return [order for order in plan.orders if order.shop == shop and not order.case][:count]


def through_the_warehouse(works, connected) -> list[Shipment]:
    ids = [work.pk for work in works]
    start_pick(ids, by=ANN)
    confirm_pick([Found(pk) for pk in ids], by=ANN)
    parcels = pack([Packing(pk) for pk in ids], by=ANN)
    ask_labels([p.pk for p in parcels], account_id=connected.easypost.pk, by=ANN)
    tick(pull=False)
    ship(ids, by=ANN)
    tick(pull=False)
    return list(Shipment.objects.filter(pk__in=[p.pk for p in parcels]))


def test_a_busy_database_parks_no_order(plan, shops) -> None:
    """Somebody else holds the shelf for longer than a lock is waited for: the order waits, nobody has to look."""
    (bought,) = ordinary(plan, WOOCOMMERCE, 1)
    shops.woocommerce.act("place", **purchase(bought))
    channels.tasks.pull()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT FROM inventory_stocklevel FOR UPDATE")
        with impatient("200ms"), pytest.raises(OperationalError, match="lock timeout"):
            channels.tasks.ingest()
        other.rollback()
    assert not Order.objects.exists()
    assert set(InboundMessage.objects.values_list("kind", "state")) >= {("order", "received")}
    assert not InboundMessage.objects.filter(state="parked").exists()
    # The whole batch was begun anew a few times before it was left for the next run.
    (met,) = Collision.objects.filter(door="job channels.ingest")
    assert (met.kind, met.met, met.given_up) == ("lock_timeout", TRIES, 1)
    channels.tasks.ingest()
    assert Order.objects.get().total == bought.total


def test_orders_go_the_whole_way(plan, shops, connected) -> None:
    confirm()
    assert not Listing.objects.exclude(health="in_sync").exists()
    bought = [*ordinary(plan, WOOCOMMERCE), *ordinary(plan, SHOPIFY)]
    for order in bought:
        (shops.woocommerce if order.shop == WOOCOMMERCE else shops.shopify).act("place", **purchase(order))
    tick()
    orders = list(Order.objects.order_by("pk"))
    assert len(orders) == len(bought)
    assert not InboundMessage.objects.filter(state="parked").exists()
    for order in orders:
        assert order.state == "open", [hold.words for hold in order.holds.all()]
    by_number = {order.number[2:]: order for order in orders}
    for planned in bought:
        assert by_number[planned.number].total == planned.total
        assert by_number[planned.number].shop_total == planned.shop_total
    works = list(FulfillmentOrder.objects.filter(state="released"))
    assert {work.order_id for work in works} == {order.pk for order in orders}
    parcels = through_the_warehouse(works, connected)
    assert all(p.tracking_number for p in parcels)
    assert not OutboundEffect.objects.exclude(state="confirmed").exists(), list(
        OutboundEffect.objects.exclude(state="confirmed").values("kind", "state", "detail")
    )
    shops.easypost.act("advance_many", tracking_codes=[p.tracking_number for p in parcels], to="delivered")
    track()
    assert set(Order.objects.values_list("state", flat=True)) == {"completed"}

    told = shops.woocommerce.records()["orders"]
    assert {str(order["status"]) for order in told} == {"completed"}
    tick()
    figures = confirm()
    assert figures["differ"] == 0
    assert not {slug: found for slug, found in audit().items() if found}
    for row in Listing.objects.select_related("item"):
        have = sum(level.available for level in StockLevel.objects.filter(item=row.item))
        assert row.confirmed == have
    assert sum(StockLevel.objects.values_list("reserved", flat=True)) == 0
    assert Decimal(0) < Order.objects.first().total
