"""A running shop and an ear for its webhooks."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from woo_client import KEY, SECRET, Client

from channels.twins.woocommerce.twin import WooCommerce
from oms.twinkit.server import serve


@pytest.fixture
def shop(tmp_path):
    twin = WooCommerce(tmp_path / "shop.db", name="shop")
    twin.configure({"consumer_key": KEY, "consumer_secret": SECRET})
    running = serve(twin)
    client = Client(running)
    client.shopper(
        "seed_products",
        products=[
            {"sku": "A", "name": "Apple", "price": "10.00", "stock": 10, "weight": "0.2"},
            {"sku": "B", "name": "Bowl", "price": "2.50", "stock": 1},
            {"sku": "C", "name": "Clock", "price": "5.00", "stock": 0, "backorders": "yes"},
            {
                "sku": "T",
                "name": "Shirt",
                "price": "8.00",
                "manage_stock": False,
                "variations": [{"sku": "T-S", "option": "S", "price": "8.00", "stock": 3}],
            },
        ],
    )
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
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
