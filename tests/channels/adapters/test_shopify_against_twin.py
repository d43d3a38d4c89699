"""Every method of the adapter against the simulated shop, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from channels.adapters.base import (
    Account,
    CancelRequest,
    RefundLine,
    RefundRequest,
    ReplacementNotice,
    ShipmentNotice,
    ShippedLine,
    StockTarget,
    Tracking,
)
from channels.adapters.shopify import Shopify
from channels.twins.shopify.twin import ShopifyTwin
from oms.core.errors import Permanent, Rejected, Retry
from oms.twinkit.server import Running, serve
from orders.drafts import NOTHING, OrderDraft
from tests.channels.adapters.test_woocommerce_read import law

KEYS = {"access_token": "shpat_1", "webhook_secret": "hush"}
ADDRESS = {
    "name": "Ann Lee",
    "address1": "1 Mill Road",
    "city": "Leeds",
    "zip": "LS1 1AA",
    "country_code": "GB",
}
PRODUCTS = [
    {"sku": "MUG", "name": "Mug", "price": "11.99", "stock": 50, "barcode": "5010000000017"},
    {"sku": "LAMP", "name": "Lamp", "price": "29.95", "stock": {"Main": 2, "North": 30}},
    *({"sku": f"S{n}", "name": f"Thing {n}", "price": "0.85", "stock": 100} for n in range(40)),
]


class Shop:
    def __init__(self, running: Running, **options: Any):
        self.twin, self.url = running.twin, running.url
        seeded = self.do("seed_products", products=PRODUCTS)
        self.places = seeded["locations"]
        self.account = Account("shop", running.url, KEYS, {"location_id": self.places["Main"]} | options)
        self.adapter = Shopify(self.account, Shopify.make_http(self.account))

    def do(self, verb: str, **args: Any) -> Any:
        told = requests.post(f"{self.url}/_twin/shopper/{verb}", json=args, timeout=10)
        assert told.status_code == 200, told.text
        return told.json()

    def place(self, *lines: tuple[str, int], **more: Any) -> str:
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines or [("MUG", 2), ("LAMP", 1)]]
        asked = {
            "email": "ann@example.com",
            "shipping_address": ADDRESS,
            "shipping": {"title": "Tracked", "price": "4.80"},
        }
        return str(self.do("place", lines=wanted, **(asked | more))["id"]).rpartition("/")[2]

    def draft(self, external_id: str) -> OrderDraft:
        raw = self.adapter.fetch_order(external_id)
        assert raw is not None
        return self.adapter.read(raw.body)

    def pulled(self) -> list[Any]:
        now = datetime.now(UTC)
        since, until, cursor, found = now - timedelta(hours=1), now + timedelta(minutes=1), None, []
        while True:
            page = self.adapter.pull_orders(since, until, cursor)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    def listings(self) -> dict[str, Any]:
        found, cursor = {}, None
        while True:
            page = self.adapter.pull_listings(cursor)
            found |= {one.sku: one for one in page.items}
            cursor = page.next
            if cursor is None:
                return found


@pytest.fixture
def running() -> Iterator[Running]:
    twin = ShopifyTwin(":memory:", name="shop")
    twin.configure({"token": "shpat_1", "secret": "hush", "job_seconds": 0.0})
    found = serve(twin)
    yield found
    found.stop()


@pytest.fixture
def shop(running: Running) -> Shop:
    return Shop(running)


def notice(order_id: str, draft: OrderDraft, **changes: Any) -> ShipmentNotice:
    lines = [ShippedLine(line.external_id, line.quantity) for line in draft.lines]
    return ShipmentNotice(
        **{
            "key": "s-1", "external_order_id": order_id, "lines": lines, "carrier": "Royal Mail",
            "tracking_number": "RM1", "tracking_url": "https://track.example/?n=RM1",
            "shipped_at": datetime(2026, 3, 4, tzinfo=UTC), "completes_order": True,
        } | changes  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["scaled", "linear"])
def test_orders_are_pulled_to_the_end_and_read_whatever_a_query_costs(shop: Shop, rule: str) -> None:
    shop.twin.configure({"cost_rule": rule})
    long = shop.place(*((f"S{n}", 1 + n % 3) for n in range(40)))
    placed = [shop.place(), long, *(shop.place(("MUG", 1)) for _ in range(4))]
    pulled = {raw.external_id: raw for raw in shop.pulled()}
    assert sorted(pulled) == sorted(placed)
    for raw in pulled.values():
        draft = shop.adapter.read(raw.body)
        assert law(draft) == draft.total != NOTHING
        assert raw.updated_at == draft.updated_at
        assert draft.payments[0].amount == draft.total and draft.payments[0].kind == "capture"
    assert len(shop.adapter.read(pulled[long].body).lines) == 40


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize("more", [{}, {"currency": "EUR", "rate": "1.1732"}])
@pytest.mark.parametrize("discount", [None, {"code": "TEN", "percentage": 10}])
def test_law_in_every_habit(shop: Shop, included: bool, more: dict[str, Any], discount: Any) -> None:
    more = more | ({"discount": discount} if discount else {})
    draft = shop.draft(shop.place(("MUG", 3), ("S1", 7), ("S2", 3), taxes_included=included, **more))
    assert draft.prices_include_tax is included
    assert law(draft) == draft.total
    assert bool(draft.lines[0].discount) is bool(discount)


def test_the_same_order_gives_the_same_bytes(shop: Shop) -> None:
    order = shop.place()
    first, again = shop.adapter.fetch_order(order), shop.adapter.fetch_order(order)
    assert first is not None and again is not None and first.body == again.body
    (pulled,) = shop.pulled()
    assert pulled.body == first.body, "pulled or fetched, an order that did not change is the same message"


def test_one_too_much_is_not_explained_away(shop: Shop) -> None:
    draft = shop.draft(shop.place(wrong_total=True))
    assert law(draft) != draft.total


def test_risk_test_and_missing_address(shop: Shop) -> None:
    draft = shop.draft(shop.place(risk="high", test=True))
    assert (draft.channel_risk, draft.test) == ("high", True)
    assert shop.draft(shop.place(shipping_address=None)).missing == ("shipping_address",)


def test_pieces_taken_off_before_shipping_are_not_wanted(shop: Shop) -> None:
    order = shop.place()
    before = shop.draft(order)
    shop.do("edit_lines", order=order, lines=[{"sku": "MUG", "quantity": 1}])
    after = shop.draft(order)
    assert [line.quantity for line in after.lines] == [1, 1]
    assert law(after) == after.total == before.total
    assert not any(one.total for one in after.refunds), "no money moved"


def test_pieces_that_came_back_are_still_what_was_ordered(shop: Shop) -> None:
    order = shop.place()
    before = shop.draft(order)
    shop.adapter.confirm_shipment(notice(order, before))
    shop.do("refund_in_shop", order=order, lines=[{"sku": "MUG", "quantity": 1, "restock": "return"}])
    after = shop.draft(order)
    assert [line.quantity for line in after.lines] == [2, 1]
    assert law(after) == after.total == before.total
    (back,) = after.refunds
    assert back.restocked and back.total == sum((line.net + line.tax for line in back.lines), NOTHING)
    assert [one.kind for one in after.payments] == ["capture", "refund"]


def test_listings_and_stock(shop: Shop) -> None:
    listings = shop.listings()
    assert set(listings) == {product["sku"] for product in PRODUCTS}
    mug = listings["MUG"]
    assert (mug.quantity, mug.barcode, mug.tracked) == (50, "5010000000017", True)
    order = shop.draft(shop.place())
    assert [line.external_variant_id for line in order.lines] == [
        mug.external_id,
        listings["LAMP"].external_id,
    ]
    targets = [StockTarget(one.external_id, one.ref, 42, f"k-{sku}", None) for sku, one in listings.items()]
    assert {one.outcome for one in shop.adapter.push_stock(targets)} == {"sent"}
    assert set(shop.adapter.read_stock(targets).values()) == {42}


def test_stock_compare_and_set_and_what_is_not_there(shop: Shop, running: Running) -> None:
    listings = shop.listings()
    shop.do("set_stock", sku="S1", available=7)
    stale = StockTarget(listings["S1"].external_id, listings["S1"].ref, 99, "k1", 100)
    good = StockTarget(listings["S2"].external_id, listings["S2"].ref, 98, "k2", 100)
    gone = StockTarget("5", {"item": "gid://shopify/InventoryItem/99999999"}, 1, "k3", None)
    results = {one.external_id: one for one in shop.adapter.push_stock([stale, good, gone])}
    assert (results[stale.external_id].outcome, results[stale.external_id].actual) == ("stale", 7)
    assert (results[good.external_id].outcome, results["5"].outcome) == ("sent", "missing")
    assert shop.adapter.read_stock([good, gone]) == {good.external_id: 98, "5": None}
    # The same push again is the same request: nothing is set twice, nothing is stale.
    assert shop.adapter.push_stock([good])[0].outcome == "sent"


def test_an_item_not_stocked_at_our_location_is_activated_there(shop: Shop) -> None:
    account = Account("shop", shop.url, KEYS, {"location_id": shop.places["North"]})
    north = Shopify(account, shop.adapter.http)
    mug = shop.listings()["MUG"]
    target = StockTarget(mug.external_id, mug.ref, 6, "k-north", None)
    assert north.read_stock([target]) == {mug.external_id: 0}
    assert north.push_stock([target])[0].outcome == "sent"
    assert north.read_stock([target]) == {mug.external_id: 6}


def test_the_only_location_need_not_be_told(running: Running) -> None:
    account = Account("shop", running.url, KEYS)
    adapter = Shopify(account, Shopify.make_http(account))
    assert adapter.location().startswith("gid://shopify/Location/")


def test_a_shipment_is_told_once(shop: Shop) -> None:
    order = shop.place(("LAMP", 5), ("MUG", 2))
    told = notice(order, shop.draft(order))
    assert shop.adapter.find_shipment(told) is None
    receipt = shop.adapter.confirm_shipment(told)
    assert shop.adapter.find_shipment(told) == receipt == shop.adapter.confirm_shipment(told)
    assert shop.draft(order).channel_status == "paid/fulfilled"


def test_a_shipment_in_two_parcels(shop: Shop) -> None:
    order = shop.place(("MUG", 3))
    (line,) = shop.draft(order).lines
    first = notice(order, shop.draft(order), lines=[ShippedLine(line.external_id, 1)], completes_order=False)
    second = notice(order, shop.draft(order), lines=[ShippedLine(line.external_id, 2)], tracking_number="RM2")
    shop.adapter.confirm_shipment(first)
    assert shop.draft(order).channel_status == "paid/partially_fulfilled"
    assert shop.adapter.find_shipment(second) is None
    shop.adapter.confirm_shipment(second)
    assert shop.draft(order).channel_status == "paid/fulfilled"
    with pytest.raises(Rejected):
        shop.adapter.confirm_shipment(notice(order, shop.draft(order), tracking_number="RM3"))


def test_a_shipment_after_the_shop_moved_or_held_the_work(shop: Shop) -> None:
    order = shop.place(("LAMP", 1))
    shop.do("move", order=order, location="North")
    shop.do("hold", order=order)
    told = notice(order, shop.draft(order))
    with pytest.raises(Rejected) as refusal:
        shop.adapter.confirm_shipment(told)
    assert refusal.value.reason == "not_fulfillable"
    shop.do("release_hold", order=order)
    assert shop.adapter.confirm_shipment(told)


def test_a_fulfillment_that_was_made_though_the_answer_was_lost(shop: Shop) -> None:
    order = shop.place()
    told = notice(order, shop.draft(order))
    shop.twin.faults.replace([{"kind": "error_500_after", "step": "Fulfil", "times": 1}])
    with pytest.raises(Retry):
        shop.adapter.confirm_shipment(told)
    assert shop.adapter.find_shipment(told) is not None


def replacement(first: ShipmentNotice, **changes: Any) -> ReplacementNotice:
    parcel = replace(first, key="s-2", tracking_number="RM2", tracking_url="https://track.example/?n=RM2")
    stands = [Tracking("Royal Mail", "RM2", parcel.tracking_url)]
    return replace(ReplacementNotice(parcel, first.tracking_number, stands, ["RM1"]), **changes)


def test_a_replacement_takes_the_place_of_our_numbers_and_of_no_others(shop: Shop) -> None:
    order = shop.place()
    first = notice(order, shop.draft(order))
    again = replacement(first)
    with pytest.raises(Rejected) as refusal:
        shop.adapter.tell_replacement(again)
    assert (refusal.value.reason, shop.adapter.fulfillments(f"gid://shopify/Order/{order}")) == (
        "not_found",
        [],
    )

    receipt = shop.adapter.confirm_shipment(first)
    assert shop.adapter.find_replacement(again) is None
    assert shop.adapter.tell_replacement(again) == shop.adapter.find_replacement(again) == receipt
    shop.adapter.tell_replacement(again)
    (one,) = shop.adapter.fulfillments(f"gid://shopify/Order/{order}")
    assert [tuple(info.values()) for info in one["trackingInfo"]] == [
        ("Royal Mail", "RM2", "https://track.example/?n=RM2")
    ]
    written = [
        row for row in shop.twin.records()["log"] if row["operation"] == "fulfillmentTrackingInfoUpdate"
    ]
    assert len(written) == 1, "the second call found it told"

    third = replace(first, key="s-3", tracking_number="RM3", tracking_url="")
    both = [*again.stands, Tracking("UPS", "RM3", "")]
    shop.adapter.tell_replacement(ReplacementNotice(third, "RM1", both, ["RM1"]))
    (one,) = shop.adapter.fulfillments(f"gid://shopify/Order/{order}")
    assert [info["number"] for info in one["trackingInfo"]] == ["RM2", "RM3"]


def test_a_replacement_of_a_parcel_without_a_number(shop: Shop) -> None:
    order = shop.place(("MUG", 3))
    bare = notice(order, shop.draft(order), tracking_number="", tracking_url="", carrier="")
    receipt = shop.adapter.confirm_shipment(bare)
    again = replacement(bare, gone=[])
    assert shop.adapter.tell_replacement(again) == shop.adapter.find_replacement(again) == receipt


@pytest.mark.parametrize("included", [False, True])
def test_a_refund_of_ours_is_made_once_found_again_and_restocks_nothing(shop: Shop, included: bool) -> None:
    order = shop.place(taxes_included=included)
    draft = shop.draft(order)
    line, shipping = draft.lines[0], draft.charges[0]
    amount = (line.net + line.tax + shipping.net + shipping.tax).customer
    request = RefundRequest(
        "r-1", order, "GBP", amount, [RefundLine(line.external_id, 2, line.net.customer, line.tax.customer)],
        shipping.net.customer, shipping.tax.customer, "Arrived broken",
    )  # fmt: skip
    mug = shop.listings()["MUG"]
    target = StockTarget(mug.external_id, mug.ref, 0, "k")
    before = shop.adapter.read_stock([target])
    assert shop.adapter.find_refund(request) is None
    made = shop.adapter.issue_refund(request)
    assert (made.amount, made.status) == (amount, "succeeded")
    assert shop.adapter.find_refund(request) == made
    assert shop.adapter.read_stock([target]) == before
    after = shop.draft(order)
    (back,) = after.refunds
    assert (back.our_key, back.reason, back.total.customer, back.restocked) == (
        "r-1",
        "Arrived broken",
        amount,
        False,
    )
    assert [(one.quantity, one.net, one.tax) for one in back.lines] == [(2, line.net, line.tax)]
    # The same request again is answered by Shopify with the refund that is there.
    assert shop.adapter.issue_refund(request).external_id == made.external_id
    with pytest.raises(Rejected) as refusal:
        shop.adapter.issue_refund(RefundRequest("r-2", order, "GBP", draft.total.customer))
    assert refusal.value.reason == "more_than_captured"
    assert len(shop.draft(order).refunds) == 1


def test_a_refund_in_the_customers_currency(shop: Shop) -> None:
    order = shop.place(currency="EUR", rate="1.25")
    request = RefundRequest("r-1", order, "EUR", Decimal("5.00"), reason="Late")
    assert shop.adapter.issue_refund(request).amount == Decimal("5.00")
    (back,) = shop.draft(order).refunds
    assert (back.total.customer, back.total.shop) == (Decimal("5.00"), Decimal("4.00"))


def test_a_refund_that_was_made_though_the_answer_was_lost(shop: Shop) -> None:
    order = shop.place()
    request = RefundRequest("r-1", order, "GBP", Decimal("2.00"), reason="Late")
    shop.twin.faults.replace([{"kind": "cut_body", "step": "CreateRefund", "times": 1}])
    with pytest.raises(Retry):
        shop.adapter.issue_refund(request)
    found = shop.adapter.find_refund(request)
    assert found is not None and found.amount == Decimal("2.00")
    assert shop.adapter.issue_refund(request) == found


@pytest.mark.parametrize("seconds", [0.0, 0.7])
def test_cancelling(shop: Shop, seconds: float) -> None:
    shop.twin.configure({"job_seconds": seconds})
    order = shop.place()
    mug = shop.listings()["MUG"]
    target = StockTarget(mug.external_id, mug.ref, 0, "k")
    before = shop.adapter.read_stock([target])
    request = CancelRequest("c-1", order, "customer")
    assert not shop.adapter.find_cancel(request)
    shop.adapter.cancel_order(request)
    shop.adapter.cancel_order(request)
    assert shop.adapter.find_cancel(request)
    draft = shop.draft(order)
    assert draft.cancelled_at is not None and draft.cancel_reason == "customer"
    assert not any(one.total for one in draft.refunds), "it gave no money back by itself"
    assert shop.adapter.read_stock([target]) == before, "nor did it restock"


def test_an_order_that_never_was(shop: Shop) -> None:
    assert shop.adapter.fetch_order("99999999") is None
    assert shop.adapter.find_cancel(CancelRequest("c", "99999999"))


def test_wrong_token(running: Running) -> None:
    account = Account("shop", running.url, KEYS | {"access_token": "wrong"})
    with pytest.raises(Permanent) as refusal:
        Shopify(account, Shopify.make_http(account)).fetch_order("1")
    assert refusal.value.reason == "unauthorised"


def test_a_small_bucket_slows_us_down_but_loses_nothing(shop: Shop) -> None:
    placed = [shop.place(("MUG", 1)) for _ in range(6)]
    shop.twin.configure({"throttle_maximum": 1000, "throttle_restore": 2000})
    assert sorted(raw.external_id for raw in shop.pulled()) == sorted(placed)


def test_webhooks_arrive_signed_and_mean_read_it_again(shop: Shop) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((dict(self.headers), body))
            self.send_response(200 if shop.adapter.verify(dict(self.headers), body) else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    ear = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=ear.serve_forever, args=(0.02,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{ear.server_port}/hook"
        topics = shop.adapter.ensure_webhooks(url)
        assert tuple(shop.adapter.ensure_webhooks(url)) == tuple(topics)
        order = shop.place()
        shop.do("edit_lines", order=order, lines=[{"sku": "MUG", "quantity": 1}])
        shop.do("refund_in_shop", order=order, amount="1.00")
        assert shop.twin.webhooks.flush(10)
    finally:
        ear.shutdown()
        ear.server_close()
    assert all(shop.adapter.verify(headers, body) for headers, body in heard)
    hints = [shop.adapter.hint(headers, body) for headers, body in heard]
    assert {(hint.kind, hint.external_id) for hint in hints if hint} == {("order", order)}
    assert {"orders/create", "orders/edited", "refunds/create"} <= {hint.topic for hint in hints if hint}


@pytest.mark.parametrize("kind", ["error_429", "error_500_before", "cut_body", "drop"])
def test_faults_of_the_wire_are_worth_another_try(shop: Shop, kind: str) -> None:
    order = shop.place()
    shop.twin.faults.replace([{"kind": kind, "times": 1}])
    with pytest.raises(Retry):
        shop.adapter.fetch_order(order)
    assert shop.draft(order).external_id == order


def test_a_chargeback_is_read_with_how_it_stands(shop: Shop) -> None:
    placed = shop.place(("MUG", 1))
    shop.do("dispute", order=placed, type="INQUIRY")
    assert [p.kind for p in shop.draft(placed).payments] == ["capture"]
    told = []
    for status in ("NEEDS_RESPONSE", "UNDER_REVIEW", "WON", "LOST"):
        shop.do("dispute", order=placed, status=status)
        fact = shop.draft(placed).payments[-1]
        assert fact.kind == "chargeback" and fact.amount == shop.draft(placed).total
        told.append((fact.external_id, fact.status))
    assert [status for _, status in told] == ["pending", "pending", "failed", "succeeded"]
    assert len({key for key, _ in told}) == 1


def test_discounts_come_with_their_code(shop: Shop) -> None:
    draft = shop.draft(shop.place(discount={"code": "TEN", "percentage": 10}))
    assert [(d.code, d.line) for d in draft.discounts] == [("TEN", line.external_id) for line in draft.lines]
    assert [d.amount for d in draft.discounts] == [line.discount for line in draft.lines]
