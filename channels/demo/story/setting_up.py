"""The first hour of a new shopkeeper: places, items, stock, two shops and a carrier connected, by her hands."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict

from channels.demo.cases import CLOCK
from channels.demo.purchases import products
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE
from channels.demo.story.stage import PREFIXES, Stage

SECRET = "story-webhook-secret"  # noqa: S105 - between two programs of this very demo
LAST_PIECES = frozenset({CLOCK})
LINES = 500
QUICK = '{"settle_seconds": 1}'


def set_up(stage: Stage) -> None:
    """Do what is not done yet; a second time there is nothing to do."""
    stage.say("Setting up: two shops, a carrier, three places, the items and their opening stock.")
    _outside(stage)
    _places(stage)
    _items(stage)
    _stock(stage)
    _carrier(stage)
    for shop in (WOOCOMMERCE, SHOPIFY):
        _channel(stage, shop)


def _outside(stage: Stage) -> None:
    """What the shops and the carrier are before anybody is connected with them."""
    plan = stage.plan
    stage.woocommerce.configure(
        title="Shop One", prices_include_tax=True, tax_rates={"GB": "20"}, shipment_tracking=True,
        home_url=stage.woocommerce.url,
    )  # fmt: skip
    stage.shopify.configure(
        shop_name="Shop Two", taxes_included=False, throttle_maximum=100_000, throttle_restore=50_000
    )
    stage.easypost.configure(
        webhook_url=f"{stage.base_url}/api/v1/webhooks/carriers/easypost", webhook_secret=SECRET,
        index_per_second=0,
    )  # fmt: skip
    for shop in (WOOCOMMERCE, SHOPIFY):
        stage.shop(shop).act(
            "seed_products", products=products(shop, plan.items, plan.strangers, LAST_PIECES)
        )


def _places(stage: Stage) -> None:
    known = {place["code"] for place in stage.program.each("locations")}
    for rank, place in enumerate(stage.plan.places, 1):
        if place.code in known:
            continue
        at = place.address
        stage.desk("manager").add(
            "inventory/location", code=place.code, name=place.name, type=place.kind, line1=at.line1, city=at.city,
            postcode=at.postcode, country=at.country, latitude=at.latitude, longitude=at.longitude,
            phone="+44 115 496 0100" if at.country == "GB" else "+31 10 555 0100", handling_cost="0", rank=rank * 10,
            label_paper="4x6", ships="on", active="on",
        )  # fmt: skip


def _items(stage: Stage) -> None:
    items = stage.plan.items
    known = {item["sku"] for item in stage.program.each("items")}
    if not set(items) - known:
        return
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["sku", "name", "weight_g", "barcode", "hs_code", "origin_country"])
    writer.writerows(
        [item.sku, item.title, item.weight_g, item.barcode, item.hs_code, item.origin_country]
        for item in items.values()
    )
    told = stage.desk("manager").upload(
        "/admin/inventory/item/import/", "file", "items.csv", table.getvalue().encode()
    )
    stage.say(f"  Items from a file: {told}")


def _stock(stage: Stage) -> None:
    """The opening stock is received as a delivery at each place; a delivery booked before is not booked again."""
    by_place: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for (sku, place), units in stage.plan.opening.items():
        by_place[place].append((sku, units))
    for place, lines in by_place.items():
        for start in range(0, len(lines), LINES):
            receive(stage, f"Opening stock {start // LINES + 1}", place, lines[start : start + LINES])


def receive(stage: Stage, name: str, place: str, lines: list[tuple[str, int]]) -> None:
    """Book goods in, once by name and place."""
    known = stage.program.each("receipts")
    if not any((row["reference"], row["location"]) == (name, place) for row in known):
        stage.program.post(
            "receipts", location=place, reference=name,
            lines=[{"item": sku, "quantity": units} for sku, units in lines],
        )  # fmt: skip


def _carrier(stage: Stage) -> None:
    if any(carrier["slug"] == "easypost" for carrier in stage.program.each("carriers")):
        return
    boss = stage.desk("manager")
    account = boss.add(
        "fulfillment/carrieraccount", name="EasyPost", slug="easypost", kind="easypost",
        base_url=stage.easypost.url, options='{"label_hosts": ["127.0.0.1"]}',
    )  # fmt: skip
    boss.press("fulfillment.enter_keys", [account], api_key="EZTKtwin", webhook_secret=SECRET)
    stage.say(f"  {boss.press_and_read('fulfillment.try_connection', [account])}")


KEYS = {
    WOOCOMMERCE: {"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": SECRET},
    SHOPIFY: {"access_token": "shpat_twin", "webhook_secret": "shpss_twin"},
}
NAMES = {WOOCOMMERCE: "Shop One", SHOPIFY: "Shop Two"}


def account_of(stage: Stage, shop: str) -> int:
    """The id of our account at this shop, 0 where there is none: by the list that the console shows."""
    page = stage.desk("manager").page("/admin/channels/channelaccount/")
    found = re.search(rf"/admin/channels/channelaccount/(\d+)/change/[^>]*>\s*{NAMES[shop]}\s*<", page)
    return int(found[1]) if found else 0


def _channel(stage: Stage, shop: str) -> None:
    boss = stage.desk("manager")
    if account_of(stage, shop):
        return
    account = boss.add(
        "channels/channelaccount", name=NAMES[shop], slug=shop, kind=shop, base_url=stage.shop(shop).url,
        order_prefix=PREFIXES[shop], options=QUICK,
    )  # fmt: skip
    boss.press("channels.enter_keys", [account], **KEYS[shop])
    stage.say(f"  {boss.press_and_read('channels.try_connection', [account])}")
    stage.say(f"  {boss.press_and_read('channels.fetch_listings', [account])}")
    boss.press("channels.subscribe", [account])
