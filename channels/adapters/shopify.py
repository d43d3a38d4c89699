"""Shopify's Admin GraphQL API 2026-07: pull orders and listings, push stock, tell what happened.

``Account.base_url`` is ``https://{shop}.myshopify.com``. Credentials: ``access_token``, ``webhook_secret``
(the app's secret). Options: ``location_id`` (whose stock we set; may be left out where the shop has one
location), ``orders_page`` (10) and ``lines_page`` (25): Shopify lets one query cost 1000 points, by a rule it
does not publish, so these are halved when it refuses. Ids are the numbers in Shopify's ``gid://`` names.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from channels.adapters import shopify_queries as q
from channels.adapters.base import Account, Can, Page, RawOrder
from channels.adapters.reading import required_moment
from channels.adapters.shopify_effects import Effects
from channels.adapters.shopify_read import gid, nodes, number_of, read_order
from channels.adapters.shopify_stock import Stock
from channels.adapters.shopify_webhooks import Webhooks
from channels.adapters.shopify_wire import TooCostly
from oms.core.errors import Permanent
from oms.core.http import Http
from oms.core.words import gettext_noop
from orders.drafts import OrderDraft


class Shopify(Effects, Stock, Webhooks):
    kind = "shopify"
    credentials = {
        "access_token": gettext_noop("Admin API access token"),
        "webhook_secret": gettext_noop("the app's client secret"),
    }
    # A refund at Shopify touches its order, so there is no list of refunds to pull.
    can = frozenset(set(Can) - {Can.READ_FILE, Can.PULL_REFUNDS, Can.TELL_TAX_RULE})

    def __init__(self, account: Account, http: Http):
        super().__init__(account, http)
        told = account.options
        self._sizes = int(told.get("orders_page", 10)), int(told.get("lines_page", 25))

    @classmethod
    def make_http(cls, account: Account) -> Http:
        token = account.credentials.get("access_token")
        if not token:
            raise Permanent("no_credentials", f"{account.slug}: access_token is not set")
        return Http(account.base_url, headers={"X-Shopify-Access-Token": token, "Accept": "application/json"})

    def read(self, body: bytes) -> OrderDraft:
        return read_order(body, self.account.slug)

    def pull_orders(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """Orders updated in the window, oldest change first. The cursor is Shopify's own."""
        window = f"updated_at:>='{_second(since)}' AND updated_at:<'{_second(until)}'"
        found = self._page(window, cursor)
        orders, info = [self._raw(order) for order in found["nodes"]], found["pageInfo"]
        return Page(orders, info["endCursor"] if info["hasNextPage"] else None)

    def fetch_order(self, external_id: str) -> RawOrder | None:
        order = self.ask(q.ONE_ORDER, id=gid("Order", external_id), lines=40)["order"]
        return self._raw(order) if order else None

    def _page(self, window: str, cursor: str | None) -> dict[str, Any]:
        """A page, half as large where Shopify reckons that it could cost too much; so are those after it."""
        while True:
            first, lines = self._sizes
            try:
                return self.ask(q.ORDERS, first=first, after=cursor, query=window, lines=lines)["orders"]
            except TooCostly:
                if first == lines == 1:
                    raise
                self._sizes = max(1, first // 2), max(1, lines // 2)

    def _raw(self, order: dict[str, Any]) -> RawOrder:
        """The order with its lists completed in their own shape, as one limitless query would tell it."""
        name = {"id": order["id"]}
        info = order["lineItems"].pop("pageInfo")
        if info["hasNextPage"]:
            rest = self.every(q.ORDER_LINES, "order", "lineItems", info["endCursor"], **name)
            order["lineItems"]["nodes"] += list(rest)
        if (order.pop("transactionsCount", None) or {}).get("count", 0) > len(order["transactions"]):
            order["transactions"] = self.ask(q.TRANSACTIONS, **name)["order"]["transactions"]
        if order["originalTotalDutiesSet"] and not order["dutiesIncluded"]:
            levied = self.duties(order["id"])
            for line in nodes(order, "lineItems"):
                line["duties"] = levied.get(line["id"], [])
        if order["refunds"]:
            order["refunds"] = self.refunds(order["id"])
        if any(line["quantity"] != line["currentQuantity"] for line in nodes(order, "lineItems")):
            order["fulfillments"] = self.fulfillments(order["id"])
            order["fulfillmentOrders"] = {"nodes": self.fulfillment_orders(order["id"])}
        body = json.dumps({"order": order}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return RawOrder(number_of(order["id"]), required_moment(order, "updatedAt"), body.encode())


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
