"""A case for every button: a row on which it can be pressed, and what a person types into its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests
from django.core.files.uploadedfile import SimpleUploadedFile

from channels.actions.decide_change import decline_changes
from channels.actions.disown_listings import disown_listings
from channels.actions.fetch_orders import fetch_orders
from channels.actions.note_untold import note_untold
from channels.actions.pause_listings import pause_listings
from channels.actions.pull_listings import pull_listings
from channels.actions.reread import reread
from channels.actions.switch_channels import switch_channels
from channels.models import ChannelAccount, Listing
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.models import CarrierAccount, FulfillmentOrder, Shipment
from inventory.actions.receive_goods import Arrived, receive_goods
from inventory.actions.resolve_discrepancy import BOOKS, Resolution, resolve_discrepancies
from inventory.actions.switch_items import switch_items
from inventory.models import Discrepancy
from oms.core.actors import SYSTEM
from oms.core.models import OutboundEffect
from orders.actions.cancel import Cancelling, cancel_orders
from orders.actions.free_lines import free_lines
from orders.actions.request_refunds import request_refunds
from orders.actions.settle_refunds import settle_refund
from orders.models import Order, OrderChange
from returns.actions.authorise import authorise_returns
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.quote_return import Paying
from returns.actions.receive import Arrival, receive_returns
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.refund_returns import refund_return
from returns.models import Return
from tests import build, way
from tests.channels.shops import NOW
from tests.console.world import World

KEYS = {"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": "whsec"}
HOME = {
    "first_name": "Ada", "last_name": "Smith", "address_1": "12 Castle Gate", "city": "Nottingham",
    "postcode": "NG1 7AQ", "country": "GB",
}  # fmt: skip
CSV = b"""order,date,sku,title,quantity,unit_price,name,address1,city,postcode,country,currency,email
1,2026-11-20,71053,Lantern,1,10.00,Ada Smith,12 Castle Gate,Nottingham,NG1 7AQ,GB,GBP,ada@example.com
"""


Typing = Callable[[Any], Mapping[str, Any]]
"""What is typed for a row, beside what the button's form has in it already."""


def _why(row: Any) -> Mapping[str, Any]:
    return {"why": "Because she asked."}


def _first_line(prefix: str, **more: Any) -> Typing:
    return lambda row: {f"{prefix}_{row.lines.order_by('pk')[0].pk}": 1, **more}


def _looked_at(row: Any) -> Mapping[str, Any]:
    return {f"condition_{row.lines.get().pk}": "as_new"}


def _road(row: Any) -> Mapping[str, Any]:
    return {"account": CarrierAccount.objects.get(slug="road").pk}


TYPED: dict[str, Typing] = {
    "channels.enter_keys": lambda row: KEYS,
    "channels.import_file": lambda row: {"file": SimpleUploadedFile("orders.csv", CSV)},
    "channels.map": lambda row: {"item": "71053"},
    "core.drop_effect": _why,
    "fulfillment.buy_label": _road,
    "fulfillment.buy_labels": _road,
    "fulfillment.cancel_order": _why,
    "fulfillment.cancel_work": _why,
    "fulfillment.enter_keys": lambda row: {"api_key": "EZTKtwin"},
    "fulfillment.reject_work": lambda row: {"reason": "damaged"},
    "fulfillment.reship_parcel": _why,
    "fulfillment.settle_parcel": _why,
    "fulfillment.type_tracking": lambda row: {"carrier": "Post", "number": "RM999999999GB"},
    "fulfillment.unlabel": _why,
    "inventory.adjust": lambda row: {"change": -1, "note": "One lay broken."},
    "inventory.back_for_sale": lambda row: {"quantity": 1, "note": "It is fine."},
    "inventory.receive": lambda row: {"lines": "71053 3"},
    "inventory.receive_item": lambda row: {"quantity": 3},
    "inventory.set_aside": lambda row: {"quantity": 1, "note": "Its box is torn."},
    "inventory.set_safety_stock": lambda row: {"pieces": 7},
    "inventory.settle": lambda row: {"truth": "count", "counted": 0, "note": "Counted twice."},
    "inventory.to_supplier": lambda row: {"quantity": 1, "note": "They take it back."},
    "inventory.write_off": lambda row: {"quantity": 1, "note": "Past mending."},
    "orders.attach_file": lambda row: {"file": SimpleUploadedFile("letter.txt", b"It came broken.")},
    "orders.correct_address": lambda row: {"line1": "13 Castle Gate"},
    "orders.enter_chargeback": lambda row: {"reference": "CASE-1"},
    "orders.enter_payment": lambda row: {"reference": "STATEMENT-1"},
    "orders.give_up_refund": _why,
    "orders.hold": lambda row: {"type": "manual"},
    "orders.map_line": lambda row: {"item": "71053"},
    "orders.note": lambda row: {"text": "She rang."},
    "orders.refund": lambda row: {**_why(row), "goodwill": "1.00"},
    "orders.reopen": _why,
    "returns.cancel": _why,
    "returns.decline": _why,
    "returns.inspect": _looked_at,
    "returns.match": lambda row: {"order": Order.objects.get(external_id=BACK_OF).number},
    "returns.other_came": lambda row: {"what": "An old shoe"},
    "returns.open": _first_line("units", why="Too small"),
    "returns.receive": _first_line("units"),
    "returns.receive_unannounced": lambda row: {"lines": "71053 1"},
    "returns.refund": lambda row: {f"units_{row.lines.get().order_line_id}": 1},
    "returns.settle": lambda row: {"how": "a voucher"},
}  # fmt: skip
BACK_OF = "back-of"


def make_more(world: World, shop: str, carrier: str) -> None:
    """What the world has no row of yet: a shop and a carrier that answer (at these addresses), work, parcels and
    returns at each step."""
    _at_the_shop(shop)
    _in_the_house(carrier)
    _coming_back()
    unknown = build.order([("NOBODY-KNOWS-IT", 1), ("71053", 1)])
    free_lines([unknown.lines.get(sku="NOBODY-KNOWS-IT").pk], by=SYSTEM)
    switch_items([build.item("OUT-OF-FASHION").pk], on=False, by=SYSTEM)
    _done_with()
    torn = [Arrived(world.items[1].pk, 5, quarantined=3)]
    receive_goods(location_id=world.places[0].pk, arrived=torn, reference="torn", key="torn", by=SYSTEM)


def _at_the_shop(url: str) -> None:
    def ask(path: str, **given: Any) -> Any:
        reply = requests.post(f"{url}/_twin/{path}", json=given, timeout=30)
        assert reply.status_code == 200, reply.text[:500]
        return reply.json()

    ask("configure", https=True, home_url=url)
    products = [{"sku": sku, "price": "10.00", "stock": 50} for sku in ("71053", "84406B", "WRAP", "NEW")]
    ask("shopper/seed_products", products=products)
    account = ChannelAccount.objects.create(
        slug="shop-one", name="Shop One", kind="woocommerce", base_url=url, order_prefix="W", credentials=KEYS,
        options={"settle_seconds": NOW},
    )  # fmt: skip
    pull_listings(account)
    here = {row.sku: row.pk for row in Listing.objects.filter(account=account)}
    pause_listings([here["84406B"]], by=SYSTEM)
    disown_listings([here["WRAP"]], by=SYSTEM)
    number = ask(
        "shopper/place", email="ada@example.com", payment="paid", currency="GBP", billing_address=HOME,
        shipping_address=HOME, lines=[{"sku": "71053", "quantity": 2, "price": "10.00"}],
        placed_at="2026-11-20T09:00:00+00:00",
    )["id"]  # fmt: skip
    assert fetch_orders(account)["placed"] == 1
    order = Order.objects.get(source="shop-one")
    (work,) = way.work_of(order)
    start_pick([work.pk], by=SYSTEM)
    ask("shopper/change_address", order=number, shipping={"address_1": "1 New Street"})
    reread([order.pk], "release")
    assert OrderChange.objects.filter(order=order, state="proposed").exists()
    kept = build.order([("71053", 2)], source="shop-one", external_id="untold", number="untold")
    line = kept.lines.get()
    cancel_orders([Cancelling(kept.pk, "One is broken", {line.pk: 1})], by=SYSTEM)
    note_untold(kept.pk, {str(line.pk): 1})
    ChannelAccount.objects.create(
        slug="files", name="Files", kind="csv", order_prefix="F", options={"currency": "GBP"}
    )
    closed = ChannelAccount.objects.create(slug="closed", name="Closed", kind="woocommerce", order_prefix="C")
    switch_channels([closed.pk], on=False, by=SYSTEM)


def _work(**more: Any) -> FulfillmentOrder:
    (work,) = way.work_of(build.order([("71053", 1)], **more))
    return work


def _packed() -> Shipment:
    work = _work()
    start_pick([work.pk], by=SYSTEM)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    (parcel,) = pack([Packing(work.pk)], by=SYSTEM)
    return parcel


def _labelled() -> Shipment:
    parcel = _packed()
    type_tracking(parcel.pk, carrier="Royal Mail", number=f"RM{parcel.pk:09}GB", by=SYSTEM)
    return parcel


def _in_the_house(carrier: str) -> None:
    CarrierAccount.objects.filter(slug="post").update(active=False)
    CarrierAccount.objects.create(
        slug="road", name="Road", kind="easypost", base_url=carrier, credentials={"api_key": "EZTKtwin", "webhook_secret": "hush"},
        options={"label_hosts": ["127.0.0.1"]},
    )  # fmt: skip
    picked = _work()
    start_pick([picked.pk], by=SYSTEM)
    confirm_pick([Found(picked.pk)], by=SYSTEM)
    _packed()
    _labelled()
    ship([_labelled().fulfillment_order_id], by=SYSTEM)


def _sent_back(step: str, **more: Any) -> Return:
    """A delivered order's return, as far as this step."""
    order = way.delivered([("71053", 2)], **more)
    line = order.lines.get()
    (rma,) = open_returns([Opening(order.pk, [Wanted(line.pk, 1, "Too small")])], by=SYSTEM)
    if rma.state == "requested":
        authorise_returns([rma.pk], by=SYSTEM)
    part = rma.lines.get()
    if step != "authorised":
        receive_returns([Arrival(rma.pk, {part.pk: 1}, rma.location_id, f"in-{rma.pk}")], by=SYSTEM)
    if step in ("inspected", "paid"):
        looked = [Finding(part.pk, 1, "as_new", "restock")]
        inspect_returns([Inspection(rma.pk, looked, f"seen-{rma.pk}")], by=SYSTEM)
    if step == "paid":
        refund = refund_return(Paying(rma.pk, units={line.pk: 1}), by=SYSTEM)
        request_refunds([refund.pk], by=SYSTEM)
        settle_refund(refund.pk, external_id=f"paid-{rma.pk}", by=SYSTEM)
    return rma


def _coming_back() -> None:
    for step in ("authorised", "received", "inspected", "paid"):
        _sent_back(step)
    order = way.delivered([("71053", 2)], external_id=BACK_OF)
    item, place = build.item("71053"), build.location("NOTTINGHAM")
    lost, found = receive_unannounced(
        [Unannounced(place.pk, {item.pk: 1}, key, "A slip without a name") for key in ("lost", "found")],
        by=SYSTEM,
    )
    match_returns([Matching(found.pk, order.pk)], by=SYSTEM)
    assert lost.order_id is None


def _done_with() -> None:
    """What nothing is to be done with any more."""
    build.order([("71053", 1)], paid=False)
    cancel_orders([Cancelling(build.order([("71053", 1)]).pk, "Bought twice")], by=SYSTEM)
    build.location("CLOSED", active=False)
    settled = Discrepancy.objects.create(
        kind="shortage", item=build.item("71053"), location=build.location("LEEDS"), expected=1, found=0,
        words="Not found when picking.",
    )  # fmt: skip
    resolve_discrepancies([Resolution(settled.pk, BOOKS, "It lay behind.")], by=SYSTEM)
    order = build.order([("71053", 1)])
    change = OrderChange.objects.create(
        order=order, kind="address", words="The address was changed at the shop."
    )
    decline_changes([change.pk], by=SYSTEM)
    OutboundEffect.objects.create(
        target="heart-and-home", kind="tell_shipment", key="k2", subject=f"order:{order.pk}",
        thread=f"order:{order.pk}", state="confirmed", attempts=1,
    )  # fmt: skip
    shop = ChannelAccount.objects.get(slug="shop-one")
    Listing.objects.create(account=shop, external_id="0", sku="GONE", state="gone")
