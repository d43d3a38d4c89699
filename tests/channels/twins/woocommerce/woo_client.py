"""A client that signs as RFC 5849 says, written apart from the twin."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import time
from urllib.parse import quote

import requests

KEY, SECRET = "ck_test", "cs_test"
ADDRESS = {
    "first_name": "Ann",
    "last_name": "Lee",
    "address_1": "1 High Street",
    "city": "London",
    "postcode": "N1 9GU",
    "country": "GB",
}
NONCES = itertools.count(1)


def signed(method: str, url: str, params: dict, key: str = KEY, secret: str = SECRET, **oauth) -> dict:
    """``params`` with the OAuth 1.0a parameters of a one-legged call."""

    def escape(text) -> str:
        return quote(str(text), safe="-._~")

    every = {
        **params,
        "oauth_consumer_key": key,
        "oauth_nonce": f"{time.time_ns()}-{next(NONCES)}",
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        **oauth,
    }
    pairs = "&".join(f"{escape(k)}={escape(v)}" for k, v in sorted(every.items()))
    base = "&".join((method, escape(url), escape(pairs)))
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return {**every, "oauth_signature": base64.b64encode(digest).decode()}


class Client:
    def __init__(self, running) -> None:
        self.url = running.url
        self.twin = running.twin

    def call(
        self, method: str, path: str, params: dict | None = None, body=None, **more
    ) -> requests.Response:
        url = self.url + (path if path.startswith("/wp-json") else f"/wp-json/wc/v3{path}")
        return requests.request(
            method, url, params=signed(method, url, params or {}), json=body, timeout=10, **more
        )

    def get(self, path: str, **params) -> requests.Response:
        return self.call("GET", path, params)

    def put(self, path: str, body) -> requests.Response:
        return self.call("PUT", path, body=body)

    def post(self, path: str, body) -> requests.Response:
        return self.call("POST", path, body=body)

    def control(self, method: str, path: str, body=None) -> requests.Response:
        return requests.request(method, f"{self.url}/_twin/{path}", json=body, timeout=30)

    def shopper(self, verb: str, **args) -> dict:
        answer = self.control("POST", f"shopper/{verb}", args)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, verb: str, **args) -> str:
        answer = self.control("POST", f"shopper/{verb}", args)
        assert answer.status_code == 422, answer.text
        return answer.json()["error"]

    def configure(self, **changes) -> None:
        assert self.control("POST", "configure", changes).status_code == 200

    def records(self) -> dict:
        return self.control("GET", "records").json()

    def stock(self) -> dict[str, int]:
        return {item["sku"]: item["stock_quantity"] for item in self.records()["products"]}

    def place(self, *lines, **more) -> dict:
        """``("A", 2)`` is two of A."""
        wanted = [line if isinstance(line, dict) else {"sku": line[0], "quantity": line[1]} for line in lines]
        order = {"email": "ann@example.com", "shipping_address": ADDRESS, "lines": wanted, **more}
        return self.shopper("place", **order)["order"]
