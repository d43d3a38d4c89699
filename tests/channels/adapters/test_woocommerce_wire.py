"""The calls to WooCommerce at their edges: signing, paging while rows move, refusals, half answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from requests.auth import HTTPBasicAuth

from channels.adapters.base import Account, RefundLine, RefundRequest, StockTarget
from channels.adapters.woocommerce import WooCommerce
from channels.adapters.woocommerce_auth import OneLeggedOAuth, auth_for, signature
from oms.core.errors import Permanent, Rejected, Retry
from tests.channels.adapters.contracts import needs_contracts, sample
from tests.channels.adapters.scripted import Asked, Says, Script, scripted
from tests.channels.adapters.test_woocommerce_read import order as order_json

START = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = {"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": "hush"}


@contextmanager
def shop(answer: Any, **options: Any) -> Iterator[tuple[WooCommerce, Script]]:
    with scripted(answer) as script:
        account = Account("woo", script.url, KEYS, options)
        yield WooCommerce(account, WooCommerce.make_http(account)), script


def test_signature_of_the_rfcs_own_example() -> None:
    """RFC 5849, 3.4.1.1 gives the base string of this request; the digest over it is computed apart, here."""
    import base64
    import hashlib
    import hmac

    base = (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%25"
        "40%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method"
        "%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    pairs = [
        ("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"), ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"), ("oauth_nonce", "7d8f3e4a"), ("c2", ""), ("a3", "2 q"),
    ]  # fmt: skip
    expected = base64.b64encode(hmac.new(b"cs_1&", base.encode(), hashlib.sha256).digest()).decode()
    assert signature("post", "http://example.com/request", pairs, "cs_1") == expected


def test_over_http_every_request_has_a_signature_of_its_own_in_its_query() -> None:
    auth = OneLeggedOAuth("ck_1", "cs_1")
    sent = [
        auth(requests.Request("GET", "http://shop.test/wp-json/wc/v3/orders?a=1+2&b=%C3%A9").prepare())
        for _ in range(2)
    ]
    queries = [dict(parse_qsl(urlsplit(str(one.url)).query, keep_blank_values=True)) for one in sent]
    for one in queries:
        told = [(name, value) for name, value in one.items() if name != "oauth_signature"]
        assert (
            signature("GET", "http://shop.test/wp-json/wc/v3/orders", told, "cs_1") == one["oauth_signature"]
        )
        assert (one["a"], one["b"], one["oauth_consumer_key"]) == ("1 2", "é", "ck_1")
    assert queries[0]["oauth_nonce"] != queries[1]["oauth_nonce"]


def test_over_https_basic() -> None:
    auth = auth_for(Account("woo", "https://shop.test", KEYS))
    assert isinstance(auth, HTTPBasicAuth) and auth.username == "ck_1"


def test_an_account_without_keys_says_so() -> None:
    with pytest.raises(Permanent, match="consumer_key"):
        auth_for(Account("woo", "https://shop.test"))


class Shelf:
    """Orders that answer as ``GET /orders`` does: filtered by time, sorted by change, paged by offset."""

    def __init__(self, rows: dict[int, datetime]):
        self.rows = rows

    def __call__(self, asked: Asked) -> Says:
        query = asked.query
        after, before = (
            datetime.fromisoformat(query[f"modified_{end}"] + "+00:00") for end in ("after", "before")
        )
        left_out = {int(part) for part in query.get("exclude", "").split(",") if part}
        found = sorted((at, n) for n, at in self.rows.items() if after < at < before and n not in left_out)
        size, page = int(query["per_page"]), int(query.get("page", 1))
        shown = found[(page - 1) * size : page * size]
        body = [order_json(id=n, date_modified_gmt=at.strftime("%Y-%m-%dT%H:%M:%S")) for at, n in shown]
        return Says(body, headers={"X-WP-TotalPages": str(-(-len(found) // size))})


def pull(adapter: WooCommerce, between: Any = lambda: None) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = adapter.pull_orders(START, START + timedelta(days=2), cursor)
        seen += [raw.external_id for raw in page.items]
        cursor = page.next
        if cursor is None:
            return seen
        between()


def test_pages_to_the_end_oldest_change_first_and_nothing_twice() -> None:
    # Four share each second, so that every page ends in the middle of one.
    shelf = Shelf({n: START + timedelta(seconds=n // 4) for n in range(1, 30)})
    with shop(shelf, page_size=5) as (adapter, _):
        assert pull(adapter) == [str(n) for n in range(1, 30)]


def test_more_of_one_second_than_fit_a_page() -> None:
    shelf = Shelf({n: START + timedelta(minutes=1) for n in range(1, 24)})
    with shop(shelf, page_size=5) as (adapter, _):
        assert sorted(pull(adapter), key=int) == [str(n) for n in range(1, 24)]


def test_an_order_that_changes_while_we_page_hides_no_other() -> None:
    """Paged by offset, the rest would move up into the gap and number 4 would never be seen."""
    shelf = Shelf({n: START + timedelta(minutes=n) for n in range(1, 10)})

    def touch() -> None:
        shelf.rows[1] = START + timedelta(days=3)

    with shop(shelf, page_size=3) as (adapter, _):
        assert pull(adapter, touch) == [str(n) for n in range(1, 10)]


def test_what_is_no_order_yet_is_passed_over() -> None:
    answers = [
        Says([order_json(id=1, status="checkout-draft"), order_json(id=2)], headers={"X-WP-TotalPages": "1"}),
        Says(order_json(id=1, status="auto-draft")),
    ]
    with shop(answers) as (adapter, _):
        assert [raw.external_id for raw in adapter.pull_orders(START, START).items] == ["2"]
        assert adapter.fetch_order("1") is None


def test_the_stored_body_holds_the_shops_own_words_and_reads_by_itself() -> None:
    text = json.dumps(order_json(refunds=[{"id": 9, "total": "-1.00"}]), indent=3).replace(
        '"price": 3', '"price": 3.10'
    )
    refunds = '[ {"id": 9, "date_created_gmt": "2026-05-01T00:00:00", "amount": "1.00", "line_items": []} ]'
    with shop([Says(text.encode()), Says(refunds.encode())]) as (adapter, _):
        raw = adapter.fetch_order("727")
    assert raw is not None
    assert text in raw.body.decode() and refunds[2:-2] in raw.body.decode()
    assert raw.updated_at == datetime(2026, 5, 1, tzinfo=UTC)
    assert [one.total.customer for one in adapter.read(raw.body).refunds] == [Decimal("1.00")]


def test_an_order_that_is_gone() -> None:
    gone = Says(
        {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}},
        404,
    )
    with shop([gone]) as (adapter, _):
        assert adapter.fetch_order("1") is None


def test_an_old_shop_has_no_list_of_refunds() -> None:
    with shop([Says({"code": "rest_no_route", "message": "No route"}, 404)]) as (adapter, _):
        assert list(adapter.pull_refunded_orders(START, START).items) == []


@pytest.mark.parametrize(
    ("says", "error", "reason"),
    [
        (Says({"code": "woocommerce_rest_cannot_view", "message": "Sorry"}, 401), Permanent, "unauthorised"),
        (Says({"code": "x", "message": "m", "data": {"params": {"order": "bad"}}}, 400), Rejected, "x"),
        (Says(b"<html>", 400), Rejected, "400"),
        (Says(b"", 301, {"Location": "https://elsewhere.test/"}), Permanent, "redirected"),
        (Says({"not": "a list"}), Permanent, "not_a_list"),
    ],
)
def test_refusals(says: Says, error: type[Permanent], reason: str) -> None:
    with shop([says]) as (adapter, _), pytest.raises(Permanent) as refusal:
        adapter.pull_orders(START, START)
    assert type(refusal.value) is error and refusal.value.reason == reason


@pytest.mark.parametrize(
    ("says", "after"),
    [
        (Says("slow down", 429, {"Retry-After": "7"}), 7.0),
        (Says("oops", 500), None),
        (Says([order_json()], cut=100), None),
        (Says(b"<p>Briefly unavailable for maintenance</p>"), None),
        (Says(b'[{"id": 1}, {"id"'), None),
    ],
)
def test_what_is_worth_another_try(says: Says, after: float | None) -> None:
    with shop([says]) as (adapter, _), pytest.raises(Retry) as trouble:
        adapter.pull_orders(START, START)
    assert trouble.value.after == after


def target(product: int, variation: int = 0, quantity: int = 5) -> StockTarget:
    return StockTarget(str(variation or product), {"product": product, "variation": variation}, quantity, "k")


def test_stock_goes_in_batches_by_route_and_errors_are_per_item() -> None:
    def answer(asked: Asked) -> Says:
        rows: list[dict[str, Any]] = [
            {"id": one["id"], "stock_quantity": one["stock_quantity"]} for one in asked.body["update"]
        ]
        if asked.path.endswith("products/batch"):
            for row in rows:
                if row["id"] == 7:
                    row["error"] = {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID."}
                if row["id"] == 8:
                    row["error"] = {"code": "rest_invalid_param", "message": "No", "data": {"status": 400}}
        return Says({"update": rows})

    targets = [*(target(n) for n in range(1, 121)), target(500, 501), target(500, 502), target(600, 601)]
    with shop(answer) as (adapter, script):
        results = {one.external_id: one for one in adapter.push_stock(targets)}
    assert [(one.path.rpartition("v3/")[2], len(one.body["update"])) for one in script.asked] == [
        ("products/batch", 100), ("products/batch", 20),
        ("products/500/variations/batch", 2), ("products/600/variations/batch", 1),
    ]  # fmt: skip
    assert all(one["manage_stock"] is True for asked in script.asked for one in asked.body["update"])
    assert (results["7"].outcome, results["8"].outcome) == ("missing", "rejected")
    assert results["502"].outcome == "sent" and results["502"].actual == 5
    assert len(results) == len(targets)


def test_when_the_shop_falls_silent_half_way_the_rest_waits() -> None:
    def answer(asked: Asked) -> Says:
        if "variations" in asked.path:
            return Says("busy", 429, {"Retry-After": "3"})
        return Says({"update": [{"id": one["id"], "stock_quantity": 5} for one in asked.body["update"]]})

    with shop(answer) as (adapter, script):
        results = adapter.push_stock([target(1), target(500, 501), target(600, 601)])
        assert [one.outcome for one in results] == ["sent", "retry", "retry"]
        assert len(script.asked) == 2, "a shop that says 429 is not asked again at once"
        with pytest.raises(Retry) as trouble:
            adapter.push_stock([target(500, 501)])
    assert trouble.value.after == 3.0


def test_reading_stock_back() -> None:
    def answer(asked: Asked) -> Says:
        if "variations" in asked.path:
            return Says({"code": "woocommerce_rest_product_invalid_id"}, 404)
        return Says([{"id": 1, "manage_stock": True, "stock_quantity": 4}, {"id": 2, "manage_stock": False}])

    with shop(answer) as (adapter, _):
        assert adapter.read_stock([target(1), target(2), target(3), target(9, 10)]) == {
            "1": 4,
            "3": None,
            "10": None,
        }


def test_a_refund_shares_the_tax_by_rate_and_never_restocks() -> None:
    sold = order_json()
    sold["line_items"][0]["taxes"] = [
        {"id": 1, "total": "0.80"},
        {"id": 2, "total": "0.40"},
        {"id": 3, "total": ""},
    ]
    made = {"id": 9, "amount": "6.94", "meta_data": []}
    request = RefundRequest(
        "r-1", "727", "GBP", Decimal("6.94"), [RefundLine("315", 1, Decimal("3.33"), Decimal("0.61"))],
        shipping=Decimal("2.50"), shipping_tax=Decimal("0.50"), reason="Broken",
    )  # fmt: skip
    with shop([Says(sold), Says([]), Says(made)]) as (adapter, script):
        assert adapter.issue_refund(request).external_id == "9"
    body = script.asked[2].body
    assert (body["amount"], body["api_restock"], body["api_refund"]) == ("6.94", False, True)
    assert body["reason"] == "Broken [oms:r-1]" and body["meta_data"] == [{"key": "_oms_key", "value": "r-1"}]
    line, shipping = body["line_items"]
    assert line == {
        "id": 315, "quantity": 1, "refund_total": "3.33",
        "refund_tax": [{"id": 1, "refund_total": "0.40"}, {"id": 2, "refund_total": "0.21"}],
    }  # fmt: skip
    # The shipping line names no rates, so its tax has no place of its own.
    assert shipping == {"id": 317, "quantity": 0, "refund_total": "3.00", "refund_tax": []}


@pytest.mark.parametrize(
    ("method", "options", "moves"),
    [("stripe", {}, True), ("bacs", {}, False), ("", {}, False), ("stripe", {"api_refund": False}, False)],
)
def test_money_moves_where_the_gateway_can(method: str, options: dict[str, Any], moves: bool) -> None:
    answers = [Says(order_json(payment_method=method)), Says([]), Says({"id": 9, "amount": "1.00"})]
    with shop(answers, **options) as (adapter, script):
        adapter.issue_refund(RefundRequest("r-1", "727", "GBP", Decimal("1.00")))
    assert script.asked[2].body["api_refund"] is moves


def test_webhook_signature_ping_and_hint() -> None:
    import base64
    import hashlib
    import hmac

    adapter = WooCommerce(Account("woo", "http://shop.test", KEYS), None)  # type: ignore[arg-type]
    body = b'{"id":727,"status":"trash"}'
    good = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    headers = {"x-wc-webhook-signature": good, "X-WC-Webhook-Topic": "order.updated"}
    assert adapter.verify(headers, body)
    assert not adapter.verify(headers, body + b" ")
    assert not adapter.verify({}, body)
    assert adapter.verify({}, b"webhook_id=12") and adapter.hint({}, b"webhook_id=12") is None
    assert not adapter.verify({}, b"webhook_id=12&x=1")
    hint = adapter.hint(headers, body)
    assert hint is not None and (hint.kind, hint.external_id, hint.topic) == ("order", "727", "order.updated")
    assert adapter.hint({"X-WC-Webhook-Topic": "coupon.created"}, body) is None
    nobody = WooCommerce(Account("woo", "http://shop.test"), None)  # type: ignore[arg-type]
    empty = base64.b64encode(hmac.new(b"", body, hashlib.sha256).digest()).decode()
    assert not nobody.verify({"X-WC-Webhook-Signature": empty}, body), "no secret is not the empty secret"


def test_webhooks_are_made_once_and_woken() -> None:
    here = "https://oms.test/hook"
    standing = [
        {"id": 1, "topic": "order.created", "delivery_url": here, "status": "active"},
        {"id": 2, "topic": "order.updated", "delivery_url": here, "status": "disabled"},
        {"id": 3, "topic": "order.deleted", "delivery_url": "https://other.test", "status": "active"},
    ]

    def answer(asked: Asked) -> Says:
        return Says(standing if asked.method == "GET" else {"id": 5})

    with shop(answer) as (adapter, script):
        assert "order.restored" in adapter.ensure_webhooks(here)
    done = [(one.method, one.path.rpartition("v3/")[2], one.body.get("topic")) for one in script.asked[1:]]
    assert done == [
        ("PUT", "webhooks/2", None),
        ("POST", "webhooks", "order.deleted"),
        ("POST", "webhooks", "order.restored"),
    ]
    assert all(one.body["secret"] == "hush" for one in script.asked[1:])


@needs_contracts
def test_the_contracts_own_products_become_listings() -> None:
    simple, variable = sorted(
        sample("woocommerce/examples/products__03-http-request.json"), key=lambda one: one["type"]
    )
    variations = sample("woocommerce/examples/product-variations__02-http-request.json")

    def answer(asked: Asked) -> Says:
        return Says(
            variations if asked.path.endswith(f"products/{variable['id']}/variations") else [variable, simple]
        )

    with shop(answer) as (adapter, _):
        listings = {one.external_id: one for one in adapter.pull_listings().items}
    assert set(listings) == {str(one["id"]) for one in (simple, *variations)}
    for one in variations:
        listing = listings[str(one["id"])]
        assert listing.ref == {"product": variable["id"], "variation": one["id"]}
        assert listing.external_product_id == str(variable["id"]) and listing.tracked is bool(
            one["manage_stock"]
        )
        assert listing.title.endswith(f"({one['attributes'][0]['option']})")
