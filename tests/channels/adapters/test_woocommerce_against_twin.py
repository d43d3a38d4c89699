"""Every method of the adapter against the simulated shop, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
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
    TaxRule,
    Tracking,
)
from channels.adapters.woocommerce import WooCommerce
from channels.twins.woocommerce.twin import WooCommerce as Twin
from oms.core.errors import Permanent, Rejected, Retry
from oms.twinkit.server import Running, serve
from orders.drafts import NOTHING, Amount, OrderDraft
from tests.channels.adapters.test_woocommerce_read import law

KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": "hush"}
ADDRESS = {
    "first_name": "Ann", "last_name": "Lee", "address_1": "1 High St", "city": "Leeds", "postcode": "LS1 1AA",
    "country": "GB", "phone": "0113",
}  # fmt: skip
PRODUCTS = [
    {"sku": "A", "name": "Apple & pear", "price": "9.99", "stock": 10, "barcode": "5012345678900"},
    {"sku": "B", "name": "Bowl", "price": "2.49", "stock": 5},
    {"sku": "T", "name": "Shirt", "variations": [{"sku": "T-S", "option": "S", "price": "8.00", "stock": 3}]},
]


class Shop:
    def __init__(self, running: Running, **options: Any):
        self.twin = running.twin
        self.account = Account("woo", running.url, KEYS, options)
        self.adapter = WooCommerce(self.account, WooCommerce.make_http(self.account))

    def do(self, verb: str, **args: Any) -> Any:
        told = requests.post(f"{self.account.base_url}/_twin/shopper/{verb}", json=args, timeout=10)
        assert told.status_code == 200, told.text
        return told.json()

    def place(self, *lines: tuple[str, int], **more: Any) -> str:
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines or [("A", 2), ("B", 1)]]
        placed = self.do(
            "place", email="ann@example.com", billing_address=ADDRESS, lines=wanted, **{"shipping": "4.95", **more}
        )  # fmt: skip
        return str(placed["id"])

    def draft(self, external_id: str) -> OrderDraft:
        raw = self.adapter.fetch_order(external_id)
        assert raw is not None
        return self.adapter.read(raw.body)

    def pulled(self, method: str = "pull_orders") -> list[Any]:
        now = datetime.now(UTC)
        since, until, cursor, found = now - timedelta(hours=1), now + timedelta(minutes=1), None, []
        while True:
            page = getattr(self.adapter, method)(since, until, cursor)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    twin = Twin(tmp_path / "shop.db", name="woo")
    twin.configure(
        {
            "consumer_key": "ck_1",
            "consumer_secret": "cs_1",
            "tax_rates": {"GB": "20"},
            "shipment_tracking": False,
        }
    )
    found = serve(twin)
    twin.shopper("seed_products", {"products": PRODUCTS})
    yield found
    found.stop()


@pytest.fixture
def shop(running: Running) -> Shop:
    return Shop(running, page_size=3)


def notice(order_id: str, draft: OrderDraft, **changes: Any) -> ShipmentNotice:
    lines = [ShippedLine(line.external_id, line.quantity) for line in draft.lines]
    return ShipmentNotice(
        **{
            "key": "s-1", "external_order_id": order_id, "lines": lines, "carrier": "Royal Mail",
            "tracking_number": "RM1", "tracking_url": "https://track.example/?n=RM1&x=y",
            "shipped_at": datetime(2026, 3, 4, tzinfo=UTC), "completes_order": True,
        } | changes  # type: ignore[arg-type]
    )  # fmt: skip


def test_orders_are_pulled_to_the_end_and_read(shop: Shop) -> None:
    placed = [shop.place(("A", 1), coupon={"code": "TEN", "percent": "10"}) for _ in range(7)]
    pulled = shop.pulled()
    assert sorted(raw.external_id for raw in pulled) == sorted(placed)
    for raw in pulled:
        draft = shop.adapter.read(raw.body)
        assert law(draft) == draft.total != NOTHING
        assert draft.updated_at == raw.updated_at
        assert draft.lines[0].discount.customer > 0
        assert (draft.shipping_address.city, draft.payments[0].amount) == ("Leeds", draft.total)


@pytest.mark.parametrize("included", [False, True])
def test_law_with_prices_of_both_kinds(shop: Shop, included: bool) -> None:
    shop.twin.configure({"prices_include_tax": included})
    draft = shop.draft(shop.place(("A", 3), ("B", 2), fees=[{"name": "Wrap", "total": "1.50"}]))
    assert draft.prices_include_tax is included
    assert law(draft) == draft.total
    assert draft.lines[0].unit_price == Decimal("9.99")


def test_the_shop_tells_where_it_rounds_tax(shop: Shop) -> None:
    assert shop.adapter.tax_rule() == TaxRule("line", 2)
    shop.twin.configure({"tax_round_at_subtotal": True, "decimals": 3, "tax_rates": {"GB": "20"}})
    assert shop.adapter.tax_rule() == TaxRule("order", 3)
    draft = shop.draft(shop.place(("A", 1), ("B", 1)))
    assert law(draft) == draft.total
    shop.twin.configure({"manages_shop": False})
    assert shop.adapter.tax_rule() == TaxRule()


def test_what_rounding_once_leaves_over_is_named(shop: Shop) -> None:
    """Two lines of £0.03 too much each show £2.01 of tax; rounded once it is £4.01, a cent less."""
    shop.twin.configure({"tax_round_at_subtotal": True, "tax_rates": {"GB": "20"}})
    lines = [{"sku": sku, "quantity": 1, "price": "10.03"} for sku in ("A", "B")]
    placed = shop.do("place", email="ann@example.com", billing_address=ADDRESS, lines=lines)
    draft = shop.draft(str(placed["id"]))
    assert [charge.net.customer for charge in draft.charges if charge.kind == "rounding"] == [
        Decimal("-0.01")
    ]
    assert law(draft) == draft.total == Amount.same(Decimal("24.07"))


def test_one_too_much_is_not_explained_away(shop: Shop) -> None:
    draft = shop.draft(shop.place(wrong_total=True))
    assert law(draft) != draft.total


def test_refunds_in_the_shop_are_found_even_when_the_order_was_not_touched(shop: Shop) -> None:
    order = shop.place()
    before = shop.draft(order)
    shop.do("refund_in_shop", order=order, lines=[{"sku": "A", "quantity": 1}], restock=True, touch=False)
    assert order in shop.pulled("pull_refunded_orders")
    after = shop.draft(order)
    (back,) = after.refunds
    assert back.restocked and not back.our_key
    assert [(line.external_line_id, line.quantity) for line in back.lines] == [
        (before.lines[0].external_id, 1)
    ]
    assert sum((line.net + line.tax for line in back.lines), NOTHING) == back.total
    assert after.lines[0].quantity == 2 and law(after) == after.total == before.total
    assert after.updated_at >= back.at


def test_listings_and_stock(shop: Shop) -> None:
    listings, cursor = {}, None
    while True:
        page = shop.adapter.pull_listings(cursor)
        listings |= {one.sku: one for one in page.items}
        cursor = page.next
        if cursor is None:
            break
    assert set(listings) == {"A", "B", "T-S"}
    assert (listings["A"].title, listings["A"].barcode, listings["A"].quantity) == (
        "Apple & pear",
        "5012345678900",
        10,
    )
    assert listings["T-S"].ref["variation"] and listings["T-S"].title == "Shirt (S)"
    targets = [StockTarget(one.external_id, one.ref, 42, f"k-{sku}") for sku, one in listings.items()]
    gone = StockTarget("99999", {"product": 99999, "variation": 0}, 1, "k-gone")
    results = {one.external_id: one.outcome for one in shop.adapter.push_stock([*targets, gone])}
    assert results == {**{one.external_id: "sent" for one in targets}, "99999": "missing"}
    assert shop.adapter.read_stock([*targets, gone]) == {
        **{one.external_id: 42 for one in targets},
        "99999": None,
    }


def test_an_order_line_names_the_listing_it_sold(shop: Shop) -> None:
    draft = shop.draft(shop.place(("A", 1), ("T-S", 1)))
    listed = {one.external_id: one.sku for one in (*shop.adapter.pull_listings().items,)}
    assert [listed[line.external_variant_id] for line in draft.lines] == ["A", "T-S"]


@pytest.mark.parametrize("plug_in", [False, True])
def test_a_shipment_is_told_once(shop: Shop, plug_in: bool) -> None:
    shop.twin.configure({"shipment_tracking": plug_in})
    order = shop.place()
    told = notice(order, shop.draft(order))
    assert shop.adapter.find_shipment(told) is None
    receipt = shop.adapter.confirm_shipment(told)
    assert shop.adapter.find_shipment(told) == receipt
    assert shop.draft(order).channel_status == "completed"
    assert shop.adapter.find_shipment(notice(order, shop.draft(order), key="s-2")) is None
    # A try whose answer was lost is tried again before anybody reads back: nothing doubles for the customer.
    assert shop.adapter.confirm_shipment(told) == receipt
    notes = shop.adapter.get(f"orders/{order}/notes").json()
    assert len([note for note in notes if note["customer_note"] and "RM1" in note["note"]]) == (
        0 if plug_in else 1
    )
    if plug_in:
        path = f"wc-shipment-tracking/v3/orders/{order}/shipment-trackings"
        assert [row["tracking_number"] for row in shop.adapter.get(path).json()] == ["RM1"]


def test_a_part_shipment_leaves_the_status(shop: Shop) -> None:
    order = shop.place()
    shop.adapter.confirm_shipment(notice(order, shop.draft(order), completes_order=False))
    assert shop.draft(order).channel_status == "processing"


def replacement(first: ShipmentNotice, **changes: Any) -> ReplacementNotice:
    parcel = replace(first, key="s-2", tracking_number="RM2", tracking_url="https://track.example/?n=RM2")
    stands = [Tracking("Royal Mail", "RM2", parcel.tracking_url)]
    return replace(ReplacementNotice(parcel, first.tracking_number, stands, ["RM1"]), **changes)


@pytest.mark.parametrize("plug_in", [False, True])
def test_a_replacement_is_told_once_beside_the_first(shop: Shop, plug_in: bool) -> None:
    shop.twin.configure({"shipment_tracking": plug_in})
    order = shop.place()
    first = notice(order, shop.draft(order))
    shop.adapter.confirm_shipment(first)
    again = replacement(first)
    assert shop.adapter.find_replacement(again) is None
    receipt = shop.adapter.tell_replacement(again)
    assert receipt == shop.adapter.find_replacement(again) == shop.adapter.tell_replacement(again)
    (told,) = shop.twin.records()["orders"]
    assert [row["tracking_number"] for row in told["trackings"]] == (["RM1", "RM2"] if plug_in else [])
    mails = [row["note"] for row in told["notes"] if row["customer_note"] and "RM2" in row["note"]]
    assert len(mails) == 1 and mails[0].startswith("Sent again with Royal Mail, tracking number RM2.")
    assert told["status"] == "completed"
    with pytest.raises(Rejected) as refusal:
        shop.adapter.tell_replacement(replace(again, parcel=replace(again.parcel, external_order_id="999")))
    assert refusal.value.reason == "not_found"


def test_a_shipment_never_revives_a_cancelled_order(shop: Shop) -> None:
    order = shop.place()
    told = notice(order, shop.draft(order))
    shop.do("cancel", order=order)
    shop.adapter.confirm_shipment(told)
    assert shop.draft(order).channel_status == "cancelled"
    with pytest.raises(Rejected):
        shop.adapter.confirm_shipment(notice("99999", shop.draft(order)))


def test_a_refund_of_ours_is_made_once_found_again_and_restocks_nothing(shop: Shop) -> None:
    order = shop.place()
    draft = shop.draft(order)
    line, shipping = draft.lines[0], draft.charges[0]
    amount = (line.net + line.tax + shipping.net + shipping.tax).customer
    request = RefundRequest(
        "r-1", order, "GBP", amount, [RefundLine(line.external_id, 2, line.net.customer, line.tax.customer)],
        shipping.net.customer, shipping.tax.customer, "Arrived broken",
    )  # fmt: skip
    listed = {one.sku: one for one in shop.adapter.pull_listings().items}
    target = StockTarget(listed["A"].external_id, listed["A"].ref, 0, "k")
    before = shop.adapter.read_stock([target])
    assert shop.adapter.find_refund(request) is None
    made = shop.adapter.issue_refund(request)
    assert (made.amount, made.status) == (amount, "succeeded")
    assert shop.adapter.find_refund(request) == made
    assert shop.adapter.read_stock([target]) == before
    after = shop.draft(order)
    (back,) = after.refunds
    assert (back.our_key, back.reason, back.total, back.restocked) == (
        "r-1",
        "Arrived broken",
        Amount.same(amount),
        False,
    )
    assert [(one.quantity, one.net, one.tax) for one in back.lines] == [(2, line.net, line.tax)]
    with pytest.raises((Rejected, Retry)):
        shop.adapter.issue_refund(RefundRequest("r-2", order, "GBP", draft.total.customer))
    assert len(shop.draft(order).refunds) == 1


def test_a_refund_where_the_gateway_cannot_give_back(shop: Shop) -> None:
    order = shop.place()
    account = Account("woo", shop.account.base_url, KEYS, {"api_refund": False})
    request = RefundRequest("r-9", order, "GBP", Decimal("1.00"), reason="Goodwill")
    refund = WooCommerce(account, shop.adapter.http).issue_refund(request)
    told = shop.adapter.get(f"orders/{order}/refunds/{refund.external_id}").json()
    assert told["refunded_payment"] is False
    assert shop.draft(order).refunds[0].lines == ()


def test_cancelling(shop: Shop) -> None:
    order = shop.place()
    request = CancelRequest("c-1", order, "customer")
    assert not shop.adapter.find_cancel(request)
    shop.adapter.cancel_order(request)
    shop.adapter.cancel_order(request)
    assert shop.adapter.find_cancel(request)
    draft = shop.draft(order)
    assert draft.cancelled_at is not None and draft.refunds == ()


def test_the_bin_and_the_end(shop: Shop) -> None:
    order = shop.place()
    shop.do("trash", order=order)
    assert shop.draft(order).channel_status == "trash"
    shop.do("delete", order=order)
    assert shop.adapter.fetch_order(order) is None
    assert shop.adapter.find_cancel(CancelRequest("c", order))


def test_wrong_keys(running: Running) -> None:
    account = Account("woo", running.url, KEYS | {"consumer_secret": "cs_wrong"})
    adapter = WooCommerce(account, WooCommerce.make_http(account))
    with pytest.raises(Permanent) as refusal:
        adapter.fetch_order("1")
    assert refusal.value.reason == "unauthorised"


def test_webhooks_arrive_signed_and_mean_read_it_again(shop: Shop) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((dict(self.headers), body))
            self.send_response(200 if shop.adapter.verify(dict(self.headers), body) else 401)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    ear = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=ear.serve_forever, args=(0.02,), daemon=True).start()
    try:
        url = f"http://127.0.0.1:{ear.server_port}/hook"
        topics = shop.adapter.ensure_webhooks(url)
        assert tuple(shop.adapter.ensure_webhooks(url)) == tuple(topics)
        assert len(list(shop.adapter.every("webhooks"))) == len(topics)
        order = shop.place()
        assert shop.twin.webhooks.flush(10)
    finally:
        ear.shutdown()
        ear.server_close()
    hints = [shop.adapter.hint(headers, body) for headers, body in heard]
    assert None in hints, "each webhook sends its unsigned ping first"
    assert {(hint.kind, hint.external_id) for hint in hints if hint} == {("order", order)}


@pytest.mark.parametrize("kind", ["error_429", "error_500_before", "cut_body", "drop"])
def test_faults_of_the_wire_are_worth_another_try(shop: Shop, kind: str) -> None:
    order = shop.place()
    shop.twin.faults.replace([{"kind": kind, "step": "orders.get", "times": 1}])
    with pytest.raises(Retry):
        shop.adapter.fetch_order(order)
    assert shop.draft(order).external_id == order


def test_a_refund_that_was_made_though_the_answer_was_lost(shop: Shop) -> None:
    order = shop.place()
    request = RefundRequest("r-1", order, "GBP", Decimal("2.00"), reason="Late")
    shop.twin.faults.replace([{"kind": "error_500_after", "step": "refunds.create", "times": 1}])
    with pytest.raises(Retry):
        shop.adapter.issue_refund(request)
    found = shop.adapter.find_refund(request)
    assert found is not None and found.amount == Decimal("2.00")
    assert shop.adapter.issue_refund(request) == found, "asked again, it is not made again"
    assert len(shop.draft(order).refunds) == 1


def test_discounts_come_with_their_code(shop: Shop) -> None:
    draft = shop.draft(shop.place(coupon={"code": "ten", "percent": 10}))
    (coupon,) = draft.discounts
    assert (coupon.code, coupon.line) == ("ten", "")
    assert coupon.amount.customer == sum(line.discount.customer for line in draft.lines) > 0
