"""Who may call, and how WooCommerce says no."""

from __future__ import annotations

import pytest
import requests
from woo_client import KEY, SECRET, signed


def error(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code, answer.text
    return answer.json()


@pytest.fixture
def url(shop):
    return f"{shop.url}/wp-json/wc/v3/orders"


def test_oauth_by_query_and_by_header(shop, url):
    assert shop.get("/orders", status="processing,completed", search="a b+c/ü~").status_code == 200
    params = signed("GET", url, {"per_page": "5"})
    header = "OAuth " + ", ".join(
        f'{k}="{requests.utils.quote(v, safe="")}"' for k, v in params.items() if k.startswith("oauth_")
    )
    answer = requests.get(url, params={"per_page": "5"}, headers={"Authorization": header}, timeout=5)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": "cs_wrong"}, "Invalid signature - provided signature does not match."),
        ({"key": "ck_wrong"}, "Consumer key is invalid."),
        ({"oauth_timestamp": "1000000000"}, "Invalid timestamp."),
        ({"oauth_signature_method": "PLAINTEXT"}, "Invalid signature - signature method is invalid."),
        ({"oauth_nonce": ""}, "Missing OAuth parameter oauth_nonce"),
    ],
)
def test_oauth_refusals(shop, url, change, words):
    answer = requests.get(url, params=signed("GET", url, {}, **change), timeout=5)
    assert error(answer, 401, "woocommerce_rest_authentication_error")["message"] == words


def test_a_parameter_changed_on_the_way_breaks_the_signature(shop, url):
    params = signed("GET", url, {"page": "1"})
    answer = requests.get(url, params={**params, "page": "2"}, timeout=5)
    error(answer, 401, "woocommerce_rest_authentication_error")


def test_a_nonce_is_good_once(shop, url):
    params = signed("GET", url, {})
    assert requests.get(url, params=params, timeout=5).status_code == 200
    answer = requests.get(url, params=params, timeout=5)
    assert error(answer, 401, "woocommerce_rest_authentication_error")["message"].startswith("Invalid nonce")


def test_basic_only_where_tls_ends(shop, url):
    plain = requests.get(url, auth=(KEY, SECRET), timeout=5)
    assert error(plain, 401, "woocommerce_rest_cannot_view")["message"] == "Sorry, you cannot list resources."
    tls = {"X-Forwarded-Proto": "https"}
    assert requests.get(url, auth=(KEY, SECRET), headers=tls, timeout=5).status_code == 200
    keys = {"consumer_key": KEY, "consumer_secret": SECRET}
    assert requests.get(url, params=keys, headers=tls, timeout=5).status_code == 200
    error(
        requests.get(url, auth=(KEY, "no"), headers=tls, timeout=5),
        401,
        "woocommerce_rest_authentication_error",
    )


def test_a_read_key_cannot_write(shop):
    order = shop.place(("A", 1))
    shop.configure(permissions="read")
    assert shop.get(f"/orders/{order['id']}").status_code == 200
    answer = shop.put(f"/orders/{order['id']}", {"status": "completed"})
    words = "The API key provided does not have write permissions."
    assert error(answer, 401, "woocommerce_rest_authentication_error")["message"] == words


def test_nobody_sees_anything_but_the_index(shop):
    order = shop.place(("A", 1))
    base = f"{shop.url}/wp-json"
    assert "wc/v3" in requests.get(base + "/", timeout=5).json()["namespaces"]
    for method, path, code in (
        ("GET", "orders", "cannot_view"),
        ("GET", f"orders/{order['id']}", "cannot_view"),
        ("PUT", f"orders/{order['id']}", "cannot_edit"),
        ("POST", f"orders/{order['id']}/refunds", "cannot_create"),
        ("POST", "products/batch", "cannot_batch"),
        ("GET", "refunds", "cannot_view"),
        ("GET", "webhooks", "cannot_view"),
    ):
        answer = requests.request(method, f"{base}/wc/v3/{path}", json={}, timeout=5)
        error(answer, 401, f"woocommerce_rest_{code}")


def test_unknown_routes(shop):
    error(shop.get("/nothing"), 404, "rest_no_route")
    error(shop.call("DELETE", "/orders"), 404, "rest_no_route")
    error(shop.get("/wp-json/wc-shipment-tracking/v3/orders/1/shipment-trackings"), 404, "rest_no_route")
