"""A running shop with a few products, and an ear for its webhooks."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from shopify_client import SECRET, TOKEN, Client

from channels.twins.shopify.twin import ShopifyTwin
from oms.twinkit.server import serve

PRODUCTS = [
    {"sku": "MUG", "name": "Mug", "price": "12.00", "stock": 10, "weight_g": 300, "barcode": "5010000000017"},
    {"sku": "LAMP", "name": "Lamp", "price": "30.00", "stock": {"Main": 1, "North": 3}, "weight_g": 900},
    {"sku": "LAST", "name": "Last one", "price": "5.00", "stock": 1},
    {"sku": "BACK", "name": "On its way", "price": "7.50", "stock": 0, "backorders": True},
]


def start(store, **settings):
    twin = ShopifyTwin(store, name="shop")
    twin.configure({"token": TOKEN, "secret": SECRET, "job_seconds": 0.0} | settings)
    return serve(twin)


@pytest.fixture
def shop():
    running = start(":memory:")
    client = Client(running)
    client.items = client.shopper("seed_products", products=PRODUCTS)
    yield client
    running.stop()


@pytest.fixture
def ear():
    """A listener: ``got`` are (headers, body) as they came, ``status`` what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((dict(self.headers), body))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def placed(shop):
    """An order of two mugs and a lamp, paid, shipped to Leeds."""
    return shop.shopper(
        "place",
        email="ann@example.com",
        shipping_address={
            "name": "Ann Lee",
            "address1": "1 Mill Road",
            "city": "Leeds",
            "zip": "LS1 1AA",
            "country_code": "GB",
            "phone": "+44 113 496 0000",
        },
        lines=[{"sku": "MUG", "quantity": 2}, {"sku": "LAMP", "quantity": 1}],
        shipping={"title": "Tracked", "price": "4.80"},
    )
