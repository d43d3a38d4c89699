"""Webhooks: signed, in the documented shape, retried with the original body, and given up in the end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

import jsonschema
import pytest
from shopify_client import SECRET, of_whole

from channels.twins.shopify.twin import RETRIES

CONTRACTS = Path(os.environ.get("OMS_CONTRACTS", Path(__file__).parents[4] / "../shared/contracts"))
SCHEMAS = CONTRACTS / "shopify" / "webhooks" / "2026-07"
SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id topic uri } userErrors { field message } } }"""
TOPICS = [
    "ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_PAID", "ORDERS_CANCELLED", "ORDERS_EDITED", "ORDERS_FULFILLED",
    "ORDERS_PARTIALLY_FULFILLED", "REFUNDS_CREATE", "FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE",
    "INVENTORY_LEVELS_UPDATE", "PRODUCTS_CREATE", "PRODUCTS_UPDATE", "RETURNS_REQUEST",
]  # fmt: skip


def subscribe(shop, ear, *topics, **more):
    for topic in topics:
        answer = shop.gql(SUBSCRIBE, topic=topic, hook={"uri": ear.url, "format": "JSON"} | more)
        assert answer["webhookSubscriptionCreate"]["userErrors"] == []


def flush(shop):
    assert shop.control("webhooks/flush", {"timeout": 20})["empty"]


def got(ear, topic=None):
    return [
        (headers, json.loads(body))
        for headers, body in ear.got
        if topic is None or headers["X-Shopify-Topic"] == topic
    ]


def test_headers_and_signature(shop, ear):
    subscribe(shop, ear, "ORDERS_CREATE")
    order = shop.shopper("place", lines=[{"sku": "MUG"}])
    flush(shop)
    headers, body = ear.got[0]
    expected = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    assert headers["X-Shopify-Hmac-Sha256"] == expected
    assert headers["X-Shopify-Topic"] == "orders/create"
    assert headers["X-Shopify-Shop-Domain"] == "twin.myshopify.com"
    assert headers["X-Shopify-API-Version"] == "2026-07"
    assert headers["X-Shopify-Triggered-At"].endswith("Z")
    assert headers["X-Shopify-Webhook-Id"] and headers["X-Shopify-Event-Id"]
    assert json.loads(body)["admin_graphql_api_id"] == order["id"]


def relaxed(schema):
    """The schemas were made from samples: a list empty in the sample is ``items: false`` there, a note that had
    words is never null there. What a sample could not show is allowed; all else stays."""
    if isinstance(schema, list):
        return [relaxed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: True if key == "items" and part is False else relaxed(part) for key, part in schema.items()}


# Where a schema made from samples forbids what a real shop sends.
SAMPLED = {
    "image",  # null for a product without one, as in the very sample
    "name",  # of a return: always null in the sample
    "fulfillments.*.line_items.*.tax_lines.*.rate",  # the sample's rate was a whole number
}


def path_of(problem) -> str:
    return ".".join("*" if isinstance(step, int) else step for step in problem.absolute_path)


def test_bodies_have_the_documented_shape(shop, ear):
    if not SCHEMAS.exists():
        pytest.skip("the contract is not on this machine")
    subscribe(shop, ear, *TOPICS)
    shop.shopper("seed_products", products=[{"sku": "NEW", "name": "New", "price": "9", "stock": 5}])
    shop.shopper("update_product", sku="NEW", price="10.00")
    order = shop.shopper(
        "place",
        email="ann@example.com",
        shipping_address={
            "name": "Ann Lee", "address1": "1 Rd", "city": "Leeds", "zip": "LS1", "country_code": "GB",
            "phone": "1", "province": "Yorkshire", "province_code": "YK",
        },
        lines=[{"sku": "MUG", "quantity": 5, "discount": "1"}],
        shipping="4",
        discount={"code": "X", "amount": "2"},
        client_ip="192.0.2.1",
        tags=["a", "b"],
    )  # fmt: skip
    shop.shopper("edit_lines", order=order["id"], lines=[{"sku": "MUG", "quantity": 4}], note="less")
    job = shop.jobs(order["id"])[0]
    part = {
        "fulfillmentOrderId": job["id"],
        "fulfillmentOrderLineItems": [{"id": job["lineItems"]["nodes"][0]["id"], "quantity": 1}],
    }
    tracking = {"company": "DPD", "number": "1", "url": "https://t.example/1"}
    parcel = shop.fulfil(part, tracking=tracking)["fulfillment"]
    shop.fulfil(of_whole(job), tracking=tracking)
    shop.gql(
        """mutation($id: ID!, $t: FulfillmentTrackingInput!) {
           fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $t) { userErrors { message } } }""",
        id=parcel["id"],
        t=tracking | {"number": "2"},
    )
    shop.shopper("request_return", order=order["id"], lines=[{"sku": "MUG", "quantity": 1}])
    shop.refund(
        orderId=order["id"],
        note="kept",
        refundLineItems=[{"lineItemId": order["lines"][0]["id"], "quantity": 1, "restockType": "RETURN"}],
        transactions=shop.payback(order["id"], "8.00"),
    )
    other = shop.shopper("place", email="b@example.com", lines=[{"sku": "MUG"}], shipping_address={
        "name": "B C", "address1": "2", "city": "York", "zip": "Y1", "country_code": "GB", "phone": "2",
        "province": "Yorkshire", "province_code": "YK"})  # fmt: skip
    shop.shopper("cancel", order=other["id"])
    flush(shop)
    seen = set()
    for headers, body in got(ear):
        topic = headers["X-Shopify-Topic"]
        seen.add(topic)
        schema = relaxed(json.loads((SCHEMAS / f"{topic.replace('/', '__')}.schema.json").read_text()))
        problems = [
            (path_of(problem), problem.message[:120])
            for problem in jsonschema.Draft202012Validator(schema).iter_errors(body)
            if path_of(problem) not in SAMPLED
        ]
        assert problems == [], topic
    assert seen == {
        "orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/edited", "orders/fulfilled",
        "orders/partially_fulfilled", "refunds/create", "fulfillments/create", "fulfillments/update",
        "inventory_levels/update", "products/create", "products/update", "returns/request",
    }  # fmt: skip


def test_an_edit_tells_only_the_difference(shop, ear, placed):
    subscribe(shop, ear, "ORDERS_EDITED", "ORDERS_UPDATED")
    shop.shopper("edit_lines", order=placed["id"], lines=[{"sku": "MUG", "quantity": 0}])
    flush(shop)
    edit = got(ear, "orders/edited")[0][1]["order_edit"]
    line = int(placed["lines"][0]["id"].rpartition("/")[2])
    assert edit["line_items"] == {"additions": [], "removals": [{"id": line, "delta": -2}]}
    assert len(got(ear, "orders/updated")) == 1


def test_a_retry_carries_the_original_body_and_the_same_ids(shop, ear, placed):
    shop.control("configure", {"webhook_time_scale": 0.02})
    subscribe(shop, ear, "ORDERS_UPDATED")
    ear.status = 500
    shop.shopper("note", order=placed["id"], note="first")
    wait_for(lambda: len(ear.got) >= 1)
    ear.status = 200
    shop.shopper("note", order=placed["id"], note="second")
    flush(shop)
    notes = [json.loads(body)["note"] for _, body in ear.got]
    assert sorted(notes) == ["first", "first", "second"]
    firsts = [(headers, body) for headers, body in ear.got if json.loads(body)["note"] == "first"]
    assert firsts[0][1] == firsts[1][1]
    for header in ("X-Shopify-Webhook-Id", "X-Shopify-Event-Id", "X-Shopify-Triggered-At"):
        assert firsts[0][0][header] == firsts[1][0][header]


def wait_for(condition, seconds=10.0):
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_eight_failed_retries_remove_the_subscription(shop, ear, placed):
    assert (len(RETRIES), sum(RETRIES)) == (8, 4 * 3600)
    shop.control("configure", {"webhook_time_scale": 0.000001})
    subscribe(shop, ear, "ORDERS_UPDATED", "ORDERS_PAID")
    ear.status = 503
    shop.shopper("note", order=placed["id"], note="x")
    wait_for(lambda: len(ear.got) == 9)
    wait_for(lambda: len(shop.records()["webhook_subscriptions"]) == 1)
    left = shop.gql("{ webhookSubscriptions(first: 10) { nodes { topic } } }")
    assert [row["topic"] for row in left["webhookSubscriptions"]["nodes"]] == ["ORDERS_PAID"]
    shop.shopper("note", order=placed["id"], note="y")
    flush(shop)
    assert len(ear.got) == 9


def test_one_event_over_two_subscriptions_has_one_event_id(shop, ear, placed):
    subscribe(shop, ear, "ORDERS_UPDATED")
    answer = shop.gql(SUBSCRIBE, topic="ORDERS_UPDATED", hook={"uri": ear.url + "2"})
    assert answer["webhookSubscriptionCreate"]["userErrors"] == []
    shop.shopper("note", order=placed["id"], note="x")
    flush(shop)
    headers = [headers for headers, _ in ear.got]
    assert len({h["X-Shopify-Event-Id"] for h in headers}) == 1
    assert len({h["X-Shopify-Webhook-Id"] for h in headers}) == 2


def test_only_the_fields_that_were_asked_for(shop, ear, placed):
    subscribe(shop, ear, "ORDERS_UPDATED", includeFields=["id", "updated_at"])
    shop.shopper("note", order=placed["id"], note="x")
    flush(shop)
    assert set(got(ear)[0][1]) == {"id", "updated_at"}


def test_subscriptions_that_are_refused_and_deleted(shop, ear):
    subscribe(shop, ear, "ORDERS_CREATE")

    def refused(**hook):
        answer = shop.gql(SUBSCRIBE, topic="ORDERS_CREATE", hook=hook)["webhookSubscriptionCreate"]
        assert answer["webhookSubscription"] is None
        return answer["userErrors"][0]["message"]

    assert refused(uri=ear.url) == "Address for this topic has already been taken"
    assert refused(callbackUrl="http://example.com/x") == "Address protocol http:// is not supported"
    assert refused() == "Address can't be blank"
    assert refused(uri="nonsense") == "Address is invalid"
    row = shop.gql("{ webhookSubscriptions(first: 5) { nodes { id uri callbackUrl endpoint {"
                   " ... on WebhookHttpEndpoint { callbackUrl } } } } }")["webhookSubscriptions"]["nodes"][0]  # fmt: skip
    assert row["uri"] == row["callbackUrl"] == row["endpoint"]["callbackUrl"] == ear.url
    delete = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { message } } }"
    assert (
        shop.gql(delete, id=row["id"])["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"]
        == row["id"]
    )
    assert shop.gql(delete, id=row["id"])["webhookSubscriptionDelete"]["userErrors"]
    shop.shopper("place", lines=[{"sku": "MUG"}])
    flush(shop)
    assert ear.got == []


def test_a_refused_write_tells_nobody(shop, ear, placed):
    subscribe(shop, ear, *TOPICS)
    shop.refused("place", lines=[{"sku": "LAST", "quantity": 2}])
    shop.refund(orderId=placed["id"], transactions=shop.payback(placed["id"], "999"))
    flush(shop)
    assert ear.got == []
