"""Channels at the console, over the real protocol: every verb allowed and refused; a refusal changes nothing."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from channels import tasks
from channels.actions.pull import pull
from channels.actions.pull_listings import pull_listings
from channels.models import ChannelAccount, Listing, StockPush
from channels.twins.woocommerce.twin import WooCommerce
from fulfillment.actions.pick import start_pick
from inventory.models import StockLevel
from oms.core.actors import SYSTEM
from oms.core.models import InboundMessage, JobRun, JournalEntry, OutboxEvent
from oms.core.relay import relay
from oms.core.tokens import issue_token
from oms.twinkit.server import serve
from orders.models import Order, OrderChange, OrderLine
from tests import build, way
from tests.api.conftest import Caller
from tests.channels.shops import NOW
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": "whsec"}
HOME = {
    "first_name": "Ada", "last_name": "Smith", "address_1": "12 Castle Gate", "city": "Nottingham",
    "postcode": "NG1 7AQ", "country": "GB",
}  # fmt: skip


class Shop:
    """A simulated shop on a real port, from the shopper's side, and our account at it."""

    def __init__(self, url: str):
        self.url = url
        self.account = ChannelAccount.objects.create(
            slug="shop-one", name="Shop One", kind="woocommerce", base_url=url, order_prefix="W", credentials=KEYS,
            options={"settle_seconds": NOW},
        )  # fmt: skip

    def _post(self, path: str, given: Any) -> Any:
        reply = requests.post(f"{self.url}/_twin/{path}", json=given, timeout=30)
        assert reply.status_code == 200, reply.text[:500]
        return reply.json()

    def act(self, verb: str, **args: Any) -> Any:
        return self._post(f"shopper/{verb}", args)

    def down(self, yes: bool) -> None:
        self._post("configure", {"down": yes})

    def buy(self, sku: str = "A", quantity: int = 2) -> int:
        """A paid order."""
        return int(
            self.act(
                "place", email="ada@example.com", payment="paid", currency="GBP", billing_address=HOME,
                shipping_address=HOME, lines=[{"sku": sku, "quantity": quantity, "price": "10.00"}],
                placed_at="2026-11-20T09:00:00+00:00",
            )["id"]
        )  # fmt: skip

    def stock(self, sku: str) -> int:
        found = requests.get(
            f"{self.url}/wp-json/wc/v3/products", params={"sku": sku, **_auth()}, timeout=30
        ).json()
        return int(found[0]["stock_quantity"])


def _auth() -> dict[str, str]:
    return {"consumer_key": "ck_twin", "consumer_secret": "cs_twin"}


@pytest.fixture
def shop(transactional_db: None) -> Iterator[Shop]:
    running = serve(WooCommerce(":memory:", name="woocommerce"))
    made = Shop(running.url)
    made._post("configure", {"https": True, "home_url": running.url})
    made.act("seed_products", products=[{"sku": s, "price": "10.00", "stock": 50} for s in ("A", "B")])
    build.stock(build.item("A"), 10)
    yield made
    running.stop()


@pytest.fixture
def listed(shop: Shop) -> Listing:
    pull_listings(shop.account)
    return Listing.objects.get(sku="A")


def books() -> tuple[Any, ...]:
    made = (Order, OrderLine, InboundMessage, JournalEntry, OutboxEvent, StockPush)
    return (
        list(ChannelAccount.objects.order_by("pk").values_list("active", "cursor", "options", "push_stock")),
        list(
            Listing.objects.order_by("pk").values(
                "state", "item", "desired_version", "sent_version", "mapped_by"
            )
        ),
        list(OrderChange.objects.order_by("pk").values("state", "decided_by")),
        list(StockLevel.objects.order_by("pk").values_list("on_hand", "reserved")),
        *(model._default_manager.count() for model in made),
    )


# -- orders


def test_orders_are_fetched_now_and_once(shop: Shop) -> None:
    shop.buy()
    clerk = Hand("clerk")
    before = books()
    assert Hand("support").press("channels.fetch_orders", shop.account) == 403
    assert books() == before
    assert clerk.press("channels.fetch_orders", shop.account) == 302, clerk.told
    assert "1 new, 0 read again" in clerk.told
    assert Order.objects.get().source == "shop-one"
    assert JobRun.objects.get(name="channels.pull").state == "succeeded"
    assert clerk.press("channels.fetch_orders", shop.account) == 302 and "0 new" in clerk.told


@pytest.mark.parametrize("lost", ["taken out", "another OMS_FIELD_KEY", "no OMS_FIELD_KEY"])
def test_what_is_stored_needs_no_keys(shop: Shop, settings: Any, lost: str) -> None:
    """An order that came before the keys went is taken in; only asking for more fails, and says that it is the keys.
    Typed in again, they work again."""
    shop.buy()
    pull(shop.account)
    assert not Order.objects.exists()
    if lost == "taken out":
        ChannelAccount.objects.update(credentials={})
    else:
        settings.FIELD_KEYS = [Fernet.generate_key().decode()] if lost.startswith("another") else []
    tasks.ingest()
    assert Order.objects.get().source == "shop-one"
    account = ChannelAccount.objects.get()
    assert account.failing_since is None

    tasks.pull()
    account.refresh_from_db()
    assert account.failing_since and account.last_reason == "no_credentials"
    assert "whsec" not in account.last_error + repr(account.credentials)
    clerk = Hand("manager")
    assert clerk.offers(account)["channels.fetch_listings"].startswith("Enter its keys first")

    if lost != "no OMS_FIELD_KEY":
        assert clerk.press("channels.enter_keys", account, **KEYS) == 302, clerk.told
        shop.buy()
        tasks.pull()
        tasks.ingest()
        account.refresh_from_db()
        assert account.failing_since is None and Order.objects.count() == 2


def test_saving_an_account_keeps_keys_that_cannot_be_read(shop: Shop, settings: Any) -> None:
    right, settings.FIELD_KEYS = settings.FIELD_KEYS, [Fernet.generate_key().decode()]
    account = ChannelAccount.objects.get()
    account.name = "Shop One, renamed"
    account.save()
    settings.FIELD_KEYS = right
    assert dict(ChannelAccount.objects.get(name="Shop One, renamed").credentials) == KEYS


def test_a_shop_that_does_not_answer_says_so_and_what_to_do(shop: Shop) -> None:
    shop.buy()
    shop.down(True)
    clerk = Hand("clerk")
    before = books()
    for button in ("channels.fetch_orders", "channels.compare"):
        assert clerk.press(button, shop.account) == 409, button
        assert "does not answer now" in clerk.told and "tried by itself" in clerk.told
    assert books() == before
    shop.account.refresh_from_db()
    assert shop.account.failing_since and shop.account.last_error
    shop.down(False)
    assert clerk.press("channels.fetch_orders", shop.account) == 302, clerk.told
    shop.account.refresh_from_db()
    assert shop.account.failing_since is None


def test_wrong_keys_are_told_with_what_mends_it(shop: Shop) -> None:
    ChannelAccount.objects.update(credentials={**KEYS, "consumer_secret": "cs_wrong"})
    clerk = Hand("clerk")
    before = books()
    assert clerk.press("channels.fetch_orders", shop.account) == 409 and "its keys" in clerk.told
    ChannelAccount.objects.update(credentials=None)
    assert "Enter its keys first" in clerk.offers(shop.account)["channels.fetch_orders"]
    assert clerk.press("channels.fetch_orders", shop.account) == 409
    assert books() == before


def test_what_runs_already_is_not_run_beside_itself(shop: Shop) -> None:
    shop.buy()
    clerk, other = Hand("clerk"), connection.copy()
    lock = [0x0A5, zlib.crc32(b"channels.pull:shop-one") - 2**31]
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", lock)
    try:
        before = books()
        assert clerk.press("channels.fetch_orders", shop.account) == 409
        assert "being done right now" in clerk.told
        assert books() == before
    finally:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
        other.close()
    assert clerk.press("channels.fetch_orders", shop.account) == 302, clerk.told


def test_everything_is_compared(shop: Shop, listed: Listing) -> None:
    shop.buy()
    clerk = Hand("clerk")
    assert clerk.press("channels.push", listed) == 302, clerk.told
    shop.act("set_stock", sku="A", quantity=3)
    assert clerk.press("channels.compare", shop.account) == 302, clerk.told
    assert "1 new" in clerk.told and "1 levels differ" in clerk.told
    assert Hand("warehouse").press("channels.compare", shop.account) == 403


def test_an_order_is_read_again_and_a_change_that_came_too_late_is_decided(
    shop: Shop, listed: Listing
) -> None:
    number = shop.buy()
    clerk = Hand("clerk")
    assert clerk.press("channels.fetch_orders", shop.account) == 302, clerk.told
    order = Order.objects.get()
    (work,) = way.work_of(order)
    assert clerk.press("channels.reread", order) == 302 and "nothing new" in clerk.told
    shop.act("change_address", order=number, shipping={"address_1": "1 New Street"})
    shop.act("change_lines", order=number, lines=[{"sku": "A", "quantity": 1}])
    start_pick([work.pk], by=SYSTEM)  # the picker has it now
    assert clerk.press("channels.reread", order) == 302
    assert "it changed there" in clerk.told and "waits for your decision" in clerk.told
    change = OrderChange.objects.filter(state="proposed").order_by("pk").first()
    before = books()
    assert Hand("warehouse").press("channels.accept_change", change) == 403
    assert books() == before
    first, *others = OrderChange.objects.filter(state="proposed").order_by("pk")
    assert "is done as at the shop" in clerk.look("channels.accept_change", first).context["preview"].words
    assert clerk.press("channels.accept_change", first) == 302, clerk.told
    for each in others:  # a program may say so, too
        program = Caller()
        program.credentials(
            HTTP_AUTHORIZATION=f"Bearer {issue_token('till', ['orders:write'], by=SYSTEM)[1]}"
        )
        told = program.send(f"orders/{order.pk}/accept-change", {"change": each.pk})
        assert told.status_code == 200, told.content
    assert others
    order.refresh_from_db()
    assert not OrderChange.objects.filter(state="proposed").exists()
    before = books()
    assert clerk.press("channels.accept_change", change) == 409
    assert books() == before
    way.sound()


def test_ours_is_kept(shop: Shop) -> None:
    order = build.order([("A", 1)])
    change = OrderChange.objects.create(order=order, kind="address", words="Another city.")
    clerk = Hand("clerk")
    before = books()
    assert clerk.press("channels.accept_change", change) == 409 and "not connected here" in clerk.told
    assert books() == before
    assert clerk.press("channels.keep_ours", change) == 302 and "ours stays" in clerk.told
    change.refresh_from_db()
    assert (change.state, change.decided_by) == ("declined", "user:clerk-hand")
    before = books()
    assert clerk.press("channels.keep_ours", change) == 409
    assert books() == before


def test_an_order_that_no_channel_sent_cannot_be_read_again(shop: Shop) -> None:
    order = build.order([("A", 1)])
    clerk = Hand("clerk")
    assert "not connected here" in clerk.offers(order)["channels.reread"]
    before = books()
    assert clerk.press("channels.reread", order) == 409
    assert books() == before


CSV = b"""order,date,sku,title,quantity,unit_price,name,address1,city,postcode,country,currency,email
1,2026-11-20,A,Thing A,2,10.00,Ada Smith,12 Castle Gate,Nottingham,NG1 7AQ,GB,GBP,ada@example.com
2,2026-11-20,A,Thing A,1,10.00,Bob Jones,13 Castle Gate,Nottingham,NG1 7AQ,GB,GBP,bob@example.com
3,2026-11-20,A,Thing A,many,10.00,Cy Brown,14 Castle Gate,Nottingham,NG1 7AQ,GB,GBP,cy@example.com
"""


def test_a_file_of_orders_is_taken_in_once_and_bad_rows_are_told(shop: Shop) -> None:
    files = ChannelAccount.objects.create(
        slug="files", name="Files", kind="csv", order_prefix="F", options={"currency": "GBP"}
    )
    clerk = Hand("clerk")
    before = books()
    assert clerk.press("channels.import_file", files) == 422
    assert clerk.press("channels.import_file", files, file=SimpleUploadedFile("x.csv", b"a,b\n1,2\n")) == 409
    assert "no column" in clerk.told
    assert Hand("support").press("channels.import_file", files) == 403
    assert clerk.press("channels.import_file", shop.account, file=SimpleUploadedFile("x.csv", CSV)) == 409
    assert books() == before
    assert clerk.press("channels.import_file", files, file=SimpleUploadedFile("orders.csv", CSV)) == 302, (
        clerk.told
    )
    assert "3 orders in orders.csv: 2 new, 0 read again, 1 could not be read" in clerk.told
    assert "state=parked" in clerk.told
    assert clerk.press("channels.import_file", files, file=SimpleUploadedFile("orders.csv", CSV)) == 302
    assert "0 new" in clerk.told and "2 were here already" in clerk.told
    assert Order.objects.filter(source="files").count() == 2


# -- listings


def test_a_listing_is_mapped_and_what_waited_goes_on(shop: Shop, listed: Listing) -> None:
    build.stock(build.item("OTHER"), 5)
    b = Listing.objects.get(sku="B")
    assert b.state == "unmapped"
    shop.buy("B", 2)
    clerk = Hand("clerk")
    assert clerk.press("channels.fetch_orders", shop.account) == 302, clerk.told
    assert OrderLine.objects.get().item is None
    before = books()
    assert clerk.press("channels.map", b, item="NO-SUCH") == 422 and "no item with this SKU" in clerk.told
    assert Hand("support").press("channels.map", b) == 403
    assert books() == before
    assert clerk.press("channels.map", b, item="other") == 302, clerk.told
    b.refresh_from_db()
    assert (b.state, b.item.sku, b.mapped_by) == ("active", "OTHER", "user:clerk-hand")
    assert OrderLine.objects.get().item == b.item
    assert clerk.look("channels.unmap", b).context["preview"].facts == [(str(b), "OTHER Thing OTHER")]
    assert clerk.press("channels.unmap", b) == 302
    b.refresh_from_db()
    assert (b.state, b.item) == ("unmapped", None)
    before = books()
    assert clerk.press("channels.unmap", b) == 409
    assert books() == before
    way.sound()


def test_stock_is_sent_now_and_read_back(shop: Shop, listed: Listing) -> None:
    clerk = Hand("clerk")
    assert clerk.press("channels.push", listed) == 302, clerk.told
    assert "10 sent to Shop One" in clerk.told and shop.stock("A") == 10
    shop.act("set_stock", sku="A", quantity=4)
    assert clerk.press("channels.read_back", listed) == 302
    assert "says 4, we say 10" in clerk.told
    assert clerk.press("channels.push", listed) == 302 and shop.stock("A") == 10
    assert clerk.press("channels.read_back", listed) == 302 and "that is right" in clerk.told
    assert Hand("support").press("channels.push", listed) == 403


def test_stock_that_cannot_be_sent_says_why(shop: Shop, listed: Listing) -> None:
    clerk = Hand("clerk")
    shop.down(True)
    assert clerk.press("channels.push", listed) == 409 and "does not answer" in clerk.told
    listed.refresh_from_db()
    assert listed.desired_version > listed.sent_version  # the clock sends it later
    shop.down(False)
    for spoil, told in (({"push_stock": False}, "no stock levels"), ({"active": False}, "switched off")):
        ChannelAccount.objects.update(**{"push_stock": True, "active": True, **spoil})
        assert told in clerk.offers(listed)["channels.push"]
        before = books()
        assert clerk.press("channels.push", listed) == 409
        assert clerk.press("channels.read_back", listed) == 409
        assert books() == before


def test_only_the_chosen_listing_is_sent_again(shop: Shop, listed: Listing) -> None:
    other = Listing.objects.create(
        account=shop.account, external_id="999", item=listed.item, state="active", desired=10, desired_version=3,
        sent=10, sent_version=3, ref={},
    )  # fmt: skip
    assert Hand("clerk").press("channels.push", listed) == 302
    other.refresh_from_db()
    assert other.desired_version == 3


def test_a_paused_listing_keeps_its_number_until_it_is_resumed(shop: Shop, listed: Listing) -> None:
    clerk = Hand("clerk")
    clerk.press("channels.push", listed)
    assert clerk.press("channels.pause", listed) == 302 and "keeps its number" in clerk.told
    build.stock(build.item("A"), 5)
    relay()
    listed.refresh_from_db()
    assert (listed.state, listed.desired) == ("paused", 10)
    before = books()
    assert clerk.press("channels.pause", listed) == 409
    assert Hand("support").press("channels.resume", listed) == 403
    assert books() == before
    assert clerk.press("channels.resume", listed) == 302
    listed.refresh_from_db()
    assert (listed.state, listed.desired) == ("active", 15)
    assert listed.desired_version > listed.sent_version
    told = JournalEntry.objects.filter(subject=f"listing:{listed.pk}", verb__in=["pause", "resume"])
    assert {line.actor for line in told} == {"user:clerk-hand"} and len(told) == 2


# -- the channel itself


def test_a_channel_is_switched_off_and_on(shop: Shop, listed: Listing) -> None:
    boss, clerk = Hand("manager"), Hand("clerk")
    clerk.press("channels.push", listed)
    before = books()
    assert clerk.press("channels.switch_off", shop.account) == 403
    assert "goes on selling" in boss.look("channels.switch_off", shop.account).context["preview"].words
    assert books() == before
    assert boss.press("channels.switch_off", shop.account) == 302
    shop.account.refresh_from_db()
    assert not shop.account.active
    assert "switched off" in clerk.offers(shop.account)["channels.fetch_orders"]
    build.stock(build.item("A"), 5)
    relay()
    listed.refresh_from_db()
    assert listed.desired == 10
    before = books()
    assert clerk.press("channels.fetch_orders", shop.account) == 409
    assert boss.press("channels.switch_off", shop.account) == 409
    assert books() == before
    assert boss.press("channels.switch_on", shop.account) == 302
    listed.refresh_from_db()
    assert (listed.desired, listed.desired_version > listed.sent_version) == (15, True)
    verbs = JournalEntry.objects.filter(subject=f"channelaccount:{shop.account.pk}").values_list(
        "verb", flat=True
    )
    assert {"switch_off", "switch_on"} <= set(verbs)
