"""A simulated shop of either kind on a real port, from the shopper's side, and our account at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from channels.actions.connect import adapter_of
from channels.actions.fetch_orders import fetch_orders
from channels.models import ChannelAccount, Listing
from oms.core.relay import relay
from orders.models import Order

HOME = {
    "woocommerce": {"first_name": "Ada", "last_name": "Smith", "address_1": "12 Castle Gate", "city": "Nottingham",
                    "postcode": "NG1 7AQ", "country": "GB"},
    "shopify": {"name": "Ada Smith", "address1": "12 Castle Gate", "city": "Nottingham", "zip": "NG1 7AQ",
                "country_code": "GB"},
}  # fmt: skip
KEYS = {
    "woocommerce": {"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": "whsec"},
    "shopify": {"access_token": "shpat_1", "webhook_secret": "hush"},
}


NOW = -2
"""How long a shop's changes settle before they are fetched. Windows end in whole seconds: one that ends a little after
now holds what changed in this very second, and no test has to wait for the next."""


class Shop:
    def __init__(self, kind: str, url: str):
        self.kind, self.url, self.bought = kind, url, 0
        self._post(
            "configure",
            {"https": True, "home_url": url}
            if kind == "woocommerce"
            else {"token": "shpat_1", "secret": "hush", "job_seconds": 0.0},
        )
        made = self.act(
            "seed_products", products=[{"sku": s, "name": s, "price": "10.00", "stock": 50} for s in ("A", "WRAP")]
        )  # fmt: skip
        options: dict[str, Any] = {"settle_seconds": NOW}
        if kind == "shopify":
            options["location_id"] = next(iter(made["locations"].values()))
        self.account = ChannelAccount.objects.create(
            slug="shop", name="Shop", kind=kind, base_url=url, order_prefix="S", credentials=KEYS[kind], options=options,
        )  # fmt: skip

    def _post(self, path: str, given: Any) -> Any:
        return self.ask("POST", path, given)

    def ask(self, method: str, path: str, given: Any = None) -> Any:
        reply = requests.request(method, f"{self.url}/_twin/{path}", json=given, timeout=30)
        assert reply.status_code == 200, reply.text[:500]
        return reply.json()

    def act(self, verb: str, **args: Any) -> Any:
        return self._post(f"shopper/{verb}", args)

    def buy(self, *skus: str, of: Mapping[str, Any] | None = None, **bought: Any) -> Order:
        """A paid order, taken in and screened. ``of`` says more of a line, by SKU."""
        self.bought += 1
        more: dict[str, Any] = {"payment": "paid", "currency": "GBP", "billing_address": HOME[self.kind]}
        more = (more if self.kind == "woocommerce" else {}) | bought
        self.act(
            "place", email=f"ada{self.bought}@example.com", shipping_address=HOME[self.kind],
            lines=[{"sku": sku, "quantity": 2, "price": "10.00"} | (of or {}).get(sku, {}) for sku in skus], **more,
        )  # fmt: skip
        assert fetch_orders(self.account)["placed"] == 1
        relay()
        return Order.objects.latest("pk")

    def down(self, yes: bool) -> None:
        self._post("configure", {"down": yes})

    def stock(self, listing: Listing) -> int | None:
        found, cursor = {}, None
        while True:
            page = adapter_of(self.account).pull_listings(cursor)
            found |= {one.external_id: one.quantity for one in page.items}
            cursor = page.next
            if cursor is None:
                return found[listing.external_id]
