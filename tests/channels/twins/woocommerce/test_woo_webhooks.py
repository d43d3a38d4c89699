"""Webhooks as WooCommerce sends them, traps and all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest


def subscribe(shop, ear, topic="order.updated", secret="s3cret"):
    answer = shop.post("/webhooks", {"topic": topic, "delivery_url": ear.url, "secret": secret})
    assert answer.status_code == 201, answer.text
    flush(shop)
    return answer.json()


def flush(shop):
    assert shop.control("POST", "webhooks/flush").json()["empty"] is True


def test_the_first_knock_is_an_unsigned_form(shop, ear):
    hook = subscribe(shop, ear)
    (headers, body) = ear.got.pop()
    assert body == f"webhook_id={hook['id']}".encode()
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not any(name.lower().startswith("x-wc-") for name in headers)
    assert "secret" not in hook
    assert shop.get(f"/webhooks/{hook['id']}").json()["status"] == "active"


def test_not_answering_the_knock_keeps_it_off(shop, ear):
    ear.status = 401
    hook = subscribe(shop, ear)
    assert shop.get(f"/webhooks/{hook['id']}").json()["status"] == "disabled"
    assert shop.put(f"/webhooks/{hook['id']}", {"status": "active"}).json()["status"] == "active"


def test_signed_and_named_by_second(shop, ear):
    hook = subscribe(shop, ear, "order.created")
    ear.got.clear()
    orders = [shop.place(("C", 1))["id"] for _ in range(3)]
    flush(shop)
    assert [json.loads(body)["id"] for _, body in ear.got] == orders
    for headers, body in ear.got:
        digest = base64.b64encode(hmac.new(b"s3cret", body, hashlib.sha256).digest()).decode()
        assert headers["X-WC-Webhook-Signature"] == digest
        assert headers["X-WC-Webhook-Topic"] == "order.created"
        assert (headers["X-WC-Webhook-Resource"], headers["X-WC-Webhook-Event"]) == ("order", "created")
        assert headers["X-WC-Webhook-ID"] == str(hook["id"])
        assert headers["X-WC-Webhook-Source"].startswith("http://127.0.0.1")
    # The delivery id is made of the webhook and the second: it is no key.
    assert len({headers["X-WC-Webhook-Delivery-ID"] for headers, _ in ear.got}) < 3


def test_the_body_is_the_state_when_it_is_sent(shop, ear):
    subscribe(shop, ear, "order.created")
    ear.got.clear()
    shop.twin.webhooks.paused = True
    order = shop.place(("A", 1))
    shop.shopper("cancel", order=order["id"])
    shop.twin.webhooks.paused = False
    flush(shop)
    assert [json.loads(body)["status"] for _, body in ear.got] == ["cancelled"]


def test_changes_that_wait_are_told_once(shop, ear):
    subscribe(shop, ear)
    ear.got.clear()
    shop.twin.webhooks.paused = True
    order = shop.place(("A", 1))
    for status in ("on-hold", "processing", "completed"):
        shop.put(f"/orders/{order['id']}", {"status": status})
    shop.twin.webhooks.paused = False
    flush(shop)
    assert [json.loads(body)["status"] for _, body in ear.got] == ["completed"]


@pytest.mark.parametrize("verb", ["trash", "delete"])
def test_a_deleted_order_is_only_its_id(shop, ear, verb):
    subscribe(shop, ear, "order.deleted")
    ear.got.clear()
    order = shop.place(("A", 1))
    shop.shopper(verb, order=order["id"])
    flush(shop)
    assert [json.loads(body) for _, body in ear.got] == [{"id": order["id"]}]


def test_product_updated_follows_a_sale(shop, ear):
    subscribe(shop, ear, "product.updated")
    ear.got.clear()
    shop.place(("A", 3))
    flush(shop)
    assert [(json.loads(b)["sku"], json.loads(b)["stock_quantity"]) for _, b in ear.got] == [("A", 7)]


def test_more_than_five_failures_in_a_row_switch_it_off_and_nothing_is_tried_twice(shop, ear):
    hook = subscribe(shop, ear, "order.created")
    ear.got.clear()
    ear.status = 500
    for number in range(1, 8):
        assert shop.get(f"/webhooks/{hook['id']}").json()["status"] == "active"
        shop.place(("C", 1))
        flush(shop)
        assert len(ear.got) == number
    assert shop.get(f"/webhooks/{hook['id']}").json()["status"] == "disabled"
    shop.place(("C", 1))
    flush(shop)
    assert len(ear.got) == 7
    assert shop.records()["webhooks"][0]["status"] == "disabled"


def test_list_pause_and_delete(shop, ear):
    hook = subscribe(shop, ear)
    path = f"/webhooks/{hook['id']}"
    assert [row["id"] for row in shop.get("/webhooks", status="active").json()] == [hook["id"]]
    shop.put(path, {"status": "paused"})
    ear.got.clear()
    shop.place(("A", 1))
    flush(shop)
    assert ear.got == []
    assert shop.call("DELETE", path).json()["code"] == "woocommerce_rest_trash_not_supported"
    assert shop.call("DELETE", path, {"force": "true"}).status_code == 200
    assert shop.get("/webhooks").json() == []


def test_a_webhook_delivered_three_times(shop, ear):
    subscribe(shop, ear, "order.created")
    ear.got.clear()
    rule = {"kind": "duplicate", "step": "webhook.order.created", "times": 1, "copies": 2}
    shop.control("POST", "faults", {"rules": [rule]})
    shop.place(("A", 1))
    flush(shop)
    assert len(ear.got) == 3
    assert shop.control("GET", "faults").json()["struck"] == {"duplicate": {"webhook.order.created": 1}}
