"""A small shop in the middle of its day, for the kept database of a release: an order in every stage that a
newer version may have to go on with. Built by actions alone."""

from __future__ import annotations

from django.db import transaction

from channels.actions.map_listings import auto_map
from channels.models import ChannelAccount, Listing
from fulfillment.actions.pick import start_pick
from inventory.actions.adjust_stock import Correction, adjust_stock
from oms.core.actors import SYSTEM
from oms.core.relay import relay
from orders.actions.cancel import Cancelling, cancel_orders
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.receive import Arrival, receive_returns
from tests import build, way


def play() -> None:
    north, south = build.location("NORTH"), build.location("SOUTH")
    for sku in ("CUP", "POT", "TEA"):
        build.stock(build.item(sku), 40, north)
        build.stock(build.item(sku), 10, south)
    listed()
    cup = build.item("CUP")
    adjust_stock([Correction(cup.pk, north.pk, -2, "damaged", "fell from the shelf", "world-1")], by=SYSTEM)

    build.order([("CUP", 1), ("POT", 2)])  # taken in, and nothing has followed yet
    build.stock(build.item("JAR"), 3, south)
    build.order([("JAR", 5)])  # more than there is
    build.order([("CUP", 1), ("NO-SUCH-THING", 1)])  # an item nobody knows
    build.order([("POT", 1)], paid=False)
    for order in [build.order([("CUP", 2)]), build.order([("POT", 1), ("TEA", 3)])]:
        way.work_of(order)
    start_pick([way.work_of(build.order([("TEA", 1)]))[0].pk], by=SYSTEM)
    gone = build.order([("CUP", 3)])
    cancel_orders([Cancelling(gone.pk, "changed her mind")], by=SYSTEM)
    way.shipped([("CUP", 1)])
    came_back(way.delivered([("POT", 2)]), north.pk)
    way.delivered([("TEA", 1)])
    relay()
    build.order([("CUP", 1)])  # its event waits while the system is brought up to date


def listed() -> None:
    shop = ChannelAccount.objects.create(
        slug="web", name="Web shop", kind="woocommerce", order_prefix="W", base_url="http://127.0.0.1:9"
    )
    rows = [
        Listing.objects.create(account=shop, external_id=str(number), sku=sku, title=sku)
        for number, sku in enumerate(("CUP", "POT", "TEA"), 1)
    ]
    with transaction.atomic():
        auto_map(rows, by=SYSTEM)


def came_back(order: object, place: int) -> None:
    line = order.lines.get()  # type: ignore[attr-defined]
    (rma,) = open_returns(
        [Opening(order.pk, [Wanted(line.pk, 2, "too small")], authorise=True)], by=SYSTEM  # type: ignore[attr-defined]
    )  # fmt: skip
    mine = rma.lines.get().pk
    receive_returns([Arrival(rma.pk, {mine: 2}, place, "world-2")], by=SYSTEM)
    inspect_returns([Inspection(rma.pk, [Finding(mine, 1, "as_new", "restock")], "world-3")], by=SYSTEM)
