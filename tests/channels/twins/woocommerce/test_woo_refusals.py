"""Every operation refuses something malformed, and faults come with the host's own words."""

from __future__ import annotations

import pytest
import requests
from woo_client import signed

from channels.twins.woocommerce.twin import ROUTES

BAD_PAGE = {"per_page": "101"}
PLUGIN = "/wp-json/wc-shipment-tracking/v3/orders/{order}/shipment-trackings"
# Step: method, path, query, body, status, error code. One at least for every operation of the twin.
MALFORMED = [
    ("settings.get", "GET", "/settings/tax/nothing", {}, None, 404, "rest_setting_setting_invalid"),
    ("settings.get", "GET", "/settings/nothing/at_all", {}, None, 404, "rest_setting_setting_group_invalid"),
    ("orders.list", "GET", "/orders", BAD_PAGE, None, 400, "rest_invalid_param"),
    ("orders.list", "GET", "/orders", {"modified_after": "yesterday"}, None, 400, "rest_invalid_param"),
    ("orders.list", "GET", "/orders", {"status": "shipped"}, None, 400, "rest_invalid_param"),
    ("orders.list", "GET", "/orders", {"orderby": "date_modified"}, None, 400, "rest_invalid_param"),
    ("orders.get", "GET", "/orders/999999", {}, None, 404, "woocommerce_rest_shop_order_invalid_id"),
    ("orders.update", "PUT", "/orders/{order}", {}, {"status": "shipped"}, 400, "rest_invalid_param"),
    ("orders.update", "PUT", "/orders/{order}", {}, {"meta_data": {"a": 1}}, 400, "rest_invalid_param"),
    ("orders.update", "PUT", "/orders/{order}", {}, {"meta_data": ["a"]}, 400, "rest_invalid_param"),
    (
        "orders.update",
        "PUT",
        "/orders/999999",
        {},
        {"status": "completed"},
        400,
        "woocommerce_rest_shop_order_invalid_id",
    ),
    ("orders.update", "PUT", "/orders/{order}", {}, {"fee_lines": []}, 501, "twin_not_simulated"),
    ("orders.delete", "DELETE", "/orders/{order}", {"force": "perhaps"}, None, 400, "rest_invalid_param"),
    ("notes.list", "GET", "/orders/{order}/notes", {"type": "secret"}, None, 400, "rest_invalid_param"),
    ("notes.list", "GET", "/orders/9/notes", {}, None, 404, "woocommerce_rest_shop_order_invalid_id"),
    (
        "notes.create",
        "POST",
        "/orders/{order}/notes",
        {},
        {"customer_note": True},
        400,
        "rest_missing_callback_param",
    ),
    ("notes.create", "POST", "/orders/{order}/notes", {}, {"note": 5}, 400, "rest_invalid_param"),
    ("notes.get", "GET", "/orders/{order}/notes/999999", {}, None, 404, "woocommerce_rest_invalid_id"),
    ("refunds.list", "GET", "/orders/{order}/refunds", {"page": "0"}, None, 400, "rest_invalid_param"),
    ("refunds.create", "POST", "/orders/{order}/refunds", {}, {"amount": 5}, 400, "rest_invalid_param"),
    (
        "refunds.create",
        "POST",
        "/orders/{order}/refunds",
        {},
        {"amount": "1.00", "line_items": [{"quantity": 1}]},
        400,
        "rest_invalid_param",
    ),
    (
        "refunds.create",
        "POST",
        "/orders/999999/refunds",
        {},
        {"amount": "5.00"},
        500,
        "woocommerce_rest_invalid_order_id",
    ),
    (
        "refunds.create",
        "POST",
        "/orders/{order}/refunds",
        {},
        {"amount": "-1"},
        500,
        "woocommerce_rest_invalid_order_refund",
    ),
    (
        "refunds.get",
        "GET",
        "/orders/{order}/refunds/999999",
        {},
        None,
        404,
        "woocommerce_rest_shop_order_refund_invalid_id",
    ),
    ("refunds.all", "GET", "/refunds", {"order": "upwards"}, None, 400, "rest_invalid_param"),
    ("products.list", "GET", "/products", BAD_PAGE, None, 400, "rest_invalid_param"),
    ("products.create", "POST", "/products", {}, {"regular_price": 5}, 400, "rest_invalid_param"),
    ("products.create", "POST", "/products", {}, {"name": "Twin", "sku": "A"}, 400, "product_invalid_sku"),
    ("products.batch", "POST", "/products/batch", {}, {"update": {"id": 1}}, 400, "rest_invalid_param"),
    (
        "products.batch",
        "POST",
        "/products/batch",
        {},
        {"update": [{"id": 1}] * 101},
        413,
        "woocommerce_rest_request_entity_too_large",
    ),
    ("products.get", "GET", "/products/999999", {}, None, 404, "woocommerce_rest_product_invalid_id"),
    ("products.update", "PUT", "/products/{product}", {}, {"stock_quantity": 1.5}, 400, "rest_invalid_param"),
    (
        "products.update",
        "PUT",
        "/products/{product}",
        {},
        {"manage_stock": "maybe"},
        400,
        "rest_invalid_param",
    ),
    (
        "products.update",
        "PUT",
        "/products/999999",
        {},
        {"stock_quantity": 1},
        400,
        "woocommerce_rest_product_invalid_id",
    ),
    ("products.delete", "DELETE", "/products/999999", {}, None, 404, "woocommerce_rest_product_invalid_id"),
    ("variations.list", "GET", "/products/{product}/variations", BAD_PAGE, None, 400, "rest_invalid_param"),
    (
        "variations.batch",
        "POST",
        "/products/{product}/variations/batch",
        {},
        {"update": [{"id": 1}] * 101},
        413,
        "woocommerce_rest_request_entity_too_large",
    ),
    (
        "variations.get",
        "GET",
        "/products/{product}/variations/999999",
        {},
        None,
        404,
        "woocommerce_rest_product_variation_invalid_id",
    ),
    (
        "variations.update",
        "PUT",
        "/products/{product}/variations/999999",
        {},
        {"stock_quantity": 1},
        400,
        "woocommerce_rest_product_variation_invalid_id",
    ),
    ("webhooks.list", "GET", "/webhooks", {"status": "on"}, None, 400, "rest_invalid_param"),
    (
        "webhooks.create",
        "POST",
        "/webhooks",
        {},
        {"topic": "order.updated"},
        400,
        "rest_missing_callback_param",
    ),
    (
        "webhooks.create",
        "POST",
        "/webhooks",
        {},
        {"topic": "order.shipped", "delivery_url": "http://x.example/"},
        400,
        "woocommerce_rest_shop_webhook_invalid_topic",
    ),
    (
        "webhooks.create",
        "POST",
        "/webhooks",
        {},
        {"topic": "order.updated", "delivery_url": "ftp://x"},
        400,
        "woocommerce_rest_shop_webhook_invalid_delivery_url",
    ),
    ("webhooks.get", "GET", "/webhooks/999", {}, None, 400, "woocommerce_rest_shop_webhook_invalid_id"),
    ("webhooks.update", "PUT", "/webhooks/999", {}, {}, 400, "woocommerce_rest_shop_webhook_invalid_id"),
    ("webhooks.delete", "DELETE", "/webhooks/999", {}, None, 501, "woocommerce_rest_trash_not_supported"),
    (
        "trackings.list",
        "GET",
        PLUGIN.replace("{order}", "999"),
        {},
        None,
        404,
        "woocommerce_rest_order_invalid_id",
    ),
    (
        "trackings.create",
        "POST",
        PLUGIN,
        {},
        {"date_shipped": "2024-01-01"},
        400,
        "rest_missing_callback_param",
    ),
    (
        "trackings.create",
        "POST",
        PLUGIN,
        {},
        {"tracking_number": "1", "date_shipped": "soon"},
        400,
        "woocommerce_rest_invalid_date",
    ),
]
NOTHING_TO_REFUSE = {"site.index", "site.namespace", "site.currency", "site.status"}


@pytest.mark.parametrize(
    "case", MALFORMED, ids=[f"{case[0]}-{place}" for place, case in enumerate(MALFORMED)]
)
def test_malformed(shop, case):
    step, method, path, query, body, status, code = case
    shop.configure(shipment_tracking=True)
    order = shop.place(("A", 1))
    product = shop.get("/products", sku="T").json()[0]["id"]
    before = shop.records()
    path = path.replace("{order}", str(order["id"])).replace("{product}", str(product))
    answer = shop.call(method, path, query, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code, answer.text
    assert set(answer.json()) == {"code", "message", "data"}
    assert shop.records() == before
    assert step in {route.step for route in ROUTES}


def test_every_operation_has_a_malformed_request():
    assert {route.step for route in ROUTES} - {case[0] for case in MALFORMED} == NOTHING_TO_REFUSE


@pytest.mark.parametrize("route", [r for r in ROUTES if r.methods != ("GET",)], ids=lambda r: r.step)
def test_a_body_that_is_not_json_is_refused(shop, route):
    shop.configure(shipment_tracking=True)
    order = shop.place(("A", 1))["id"]
    path = route.pattern.pattern.removesuffix("/?")
    for name in ("order_id", "product_id", "id"):
        path = path.replace(rf"(?P<{name}>\d+)", str(order))
    url = shop.url + path
    answer = requests.request(
        route.methods[0],
        url,
        params=signed(route.methods[0], url, {}),
        data=b'{"status": ',
        headers={"Content-Type": "application/json"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_json")


def test_the_error_says_which_argument_and_why(shop):
    answer = shop.get("/orders", per_page="0", status="shipped").json()
    assert answer["message"] == "Invalid parameter(s): per_page, status"
    words = "per_page must be between 1 (inclusive) and 100 (inclusive)"
    assert answer["data"]["params"]["per_page"] == words
    assert answer["data"]["details"]["per_page"]["code"] == "rest_out_of_bounds"
    assert answer["data"]["params"]["status"].startswith("status is not one of any, trash, auto-draft")


def arm(shop, kind, step):
    shop.control("POST", "faults", {"rules": [{"kind": kind, "step": step, "times": 1, "seconds": 3}]})


def test_faults_have_the_words_of_a_host_and_of_wordpress(shop):
    order = shop.place(("A", 1))
    path = f"/orders/{order['id']}"
    arm(shop, "error_429", "orders.get")
    limited = shop.get(path)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "3")
    assert limited.headers["Content-Type"].startswith("text/html")
    arm(shop, "error_500_after", "refunds.create")
    broken = shop.post(f"{path}/refunds", {"amount": "1.00"})
    assert (broken.status_code, broken.json()["code"]) == (500, "internal_server_error")
    assert len(shop.get(f"{path}/refunds").json()) == 1
    shop.put(path, {"status": "completed"})
    arm(shop, "stale_read", "orders.get")
    shop.control("POST", "faults", {"rules": [{"kind": "stale_read", "step": "orders.get", "seconds": 60}]})
    answer = shop.get(path)
    assert answer.status_code == 404, "a minute ago there was no such order"
    shop.control("DELETE", "faults")
    shop.configure(down="maintenance")
    closed = shop.get(path)
    assert (closed.status_code, closed.headers["Retry-After"]) == (503, "600")
    shop.configure(down=True)
    with pytest.raises(requests.ConnectionError):
        shop.get(path)
    struck = shop.control("GET", "faults").json()["struck"]
    assert struck == {
        "error_429": {"orders.get": 1},
        "error_500_after": {"refunds.create": 1},
        "stale_read": {"orders.get": 1},
    }
