"""A small shop with something in most queues: made by actions, and by what channels and carriers would store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from channels.models import ChannelAccount, Listing
from fulfillment.actions.make_manifests import make_manifests
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.carriers.base import Scan
from fulfillment.models import CarrierAccount, FulfillmentOrder, Shipment
from inventory.models import Barcode, Discrepancy, Item, Location
from oms.core import inbox
from oms.core.actors import SYSTEM
from oms.core.models import Delivery, InboundMessage, JobRun, OutboundEffect, OutboxEvent
from oms.core.money import Money
from oms.core.relay import relay
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.attach_file import attach_file
from orders.actions.fail_refunds import fail_refund
from orders.actions.hold_orders import hold_orders
from orders.actions.note import add_note
from orders.actions.request_refunds import request_refunds
from orders.models import Order, OrderChange
from orders.rules.refund_amount import RefundAsk
from returns.actions.open import Opening, Wanted, open_returns
from returns.models import Return
from tests import build


@dataclass
class World:
    items: list[Item]
    places: list[Location]
    waiting: Order
    shipped: Order
    held: Order
    unknown: Order
    short: Order
    message: InboundMessage
    effect: OutboundEffect
    delivery: Delivery
    account: ChannelAccount
    rma: Return
    listing: Listing


def make(orders: int = 2) -> World:
    places = [
        build.location("NOTTINGHAM"),
        build.location("LEEDS", latitude=53.8, longitude=-1.55, city="Leeds"),
    ]
    items = [build.item(sku, name=name) for sku, name in (
        ("85123A", "White hanging heart T-light holder"), ("71053", "White metal lantern"),
        ("84406B", "Cream cupid hearts coat hanger"), ("22423", "Regency cakestand 3 tier"))]  # fmt: skip
    Barcode.objects.create(item=items[0], code="5012345678900")
    for item in items[:3]:
        build.stock(item, 200, places[0])
    build.stock(items[1], 50, places[1])
    build.stock(items[3], 1, places[1])
    now = timezone.now().replace(microsecond=0)

    def placed(lines: list[tuple[str, int]], hours: float = 2, **kwargs: object) -> Order:
        at = now - timedelta(hours=hours)
        return build.order(lines, placed_at=at, updated_at=at, **kwargs)

    for n in range(orders):
        placed([("85123A", 1 + n), ("71053", 2)], hours=3 + 20 * n)
    shipped = placed([("85123A", 3)], hours=50, note="Please leave it with the neighbour, the dog bites.")
    waiting = placed([("85123A", 6), ("22423", 4), ("71053", 2)], hours=26)
    held = placed([("84406B", 5)], hours=5)
    unknown = placed([("NO-SUCH-THING", 2), ("71053", 1)], hours=6)
    short = placed([("22423", 3)], hours=1)
    relay()
    _send(shipped)
    make_manifests(list(Shipment.objects.values_list("pk", flat=True)), by=SYSTEM)
    hold_orders([held.pk], type="customer_request", words="Away until Monday", by=SYSTEM)
    add_note([held.pk], text="She rang: back on Monday.", by=SYSTEM)
    attach_file(held.pk, name="letter.txt", body=b"I am away until Monday.", by=SYSTEM)
    relay()

    line = shipped.lines.get()
    (rma,) = open_returns([Opening(shipped.pk, [Wanted(line.pk, 1, "Broken", faulty=True)])], by=SYSTEM)
    ask = RefundAsk(goodwill=Money(Decimal("2.50"), "GBP"))
    refund = approve_refund(Refunding(shipped.pk, ask, reason="For the trouble"), by=SYSTEM)
    with transaction.atomic():
        request_refunds([refund.pk], by=SYSTEM)
        fail_refund(refund.pk, why="The shop says the card has expired.", by=SYSTEM)
    OrderChange.objects.create(
        order=held, kind="address", words="The address was changed at the shop.", ours={"city": "Nottingham"},
        theirs={"city": "Derby"},
    )  # fmt: skip
    Discrepancy.objects.create(
        kind="shortage",
        item=items[3],
        location=places[1],
        expected=1,
        found=0,
        words="Not found when picking.",
    )

    account = ChannelAccount.objects.create(
        slug="heart-and-home", name="Heart & Home", kind="woocommerce", order_prefix="HH", failing_since=now,
        last_contact_at=now - timedelta(hours=2), last_error="503 Service Unavailable",
    )  # fmt: skip
    CarrierAccount.objects.create(slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9")
    listing = Listing.objects.create(
        account=account, external_id="991", sku="85123A", title="Hanging heart", item=items[0], state="active", desired=190,
        desired_version=7, desired_at=now - timedelta(minutes=30), sent=196, sent_version=6, confirmed=196,
        confirmed_version=6,
    )  # fmt: skip
    inbox.store([inbox.Incoming("heart-and-home", "order", "5001", b'{"id": 5001, "line_items": "oops"}')])
    message = InboundMessage.objects.get(external_id="5001")
    inbox.park(message.pk, "unreadable", "line_items: a list was expected")
    effect = OutboundEffect.objects.create(
        target="heart-and-home", kind="tell_shipment", key="k1", subject=f"order:{shipped.pk}",
        thread=f"order:{shipped.pk}", state="failed", attempts=3, reason="rejected",
        detail="404: the shop does not know this order", request={"order": "5001"},
    )  # fmt: skip
    event = OutboxEvent.objects.create(
        topic="orders.placed", subject=f"order:{held.pk}", payload={"order_id": held.pk}
    )
    delivery = Delivery.objects.create(
        event=event, reaction="orders.handlers.screen", subject=event.subject, state="parked", reason="error",
        detail="ValueError: bad",
    )  # fmt: skip
    JobRun.objects.create(name="channels.pull", scope="heart-and-home", state="failed", error="503")
    for order in (shipped, waiting, held, unknown, short):
        order.refresh_from_db()
    return World(
        items,
        places,
        waiting,
        shipped,
        held,
        unknown,
        short,
        message,
        effect,
        delivery,
        account,
        rma,
        listing,
    )


def _send(order: Order) -> None:
    for n, work in enumerate(FulfillmentOrder.objects.filter(order=order).order_by("pk")):
        start_pick([work.pk], by=SYSTEM)
        confirm_pick([Found(work.pk)], by=SYSTEM)
        for parcel in pack([Packing(work.pk)], by=SYSTEM):
            type_tracking(parcel.pk, carrier="Royal Mail", number=f"RM12345678{n}GB", by=SYSTEM)
        ship([work.pk], by=SYSTEM)
    record_scans([Scan("RM123456780GB", "in_transit", "Sorted in Nottingham", timezone.now())], by=SYSTEM)
