"""WooCommerce REST v3: pull orders, refunds and listings, push stock, tell shipments, refunds and cancels.

``Account.base_url`` is the shop's address without ``/wp-json``. Credentials: ``consumer_key``,
``consumer_secret`` and ``webhook_secret``. Options: ``page_size`` (100), ``api_refund`` (whether a refund
also moves the money through the shop's gateway; by default yes, except for gateways that cannot).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.adapters.base import Account, Can, Page, RawOrder, TaxRule
from channels.adapters.reading import moment
from channels.adapters.woocommerce_auth import auth_for
from channels.adapters.woocommerce_effects import Effects
from channels.adapters.woocommerce_read import NOT_PLACED, changed_at, read_order
from channels.adapters.woocommerce_stock import Stock
from channels.adapters.woocommerce_webhooks import Webhooks
from channels.adapters.woocommerce_wire import elements
from oms.core.errors import Permanent
from oms.core.http import Http
from oms.core.words import gettext_noop
from orders.drafts import OrderDraft

ROUNDING = {"yes": "order", "no": "line"}


class WooCommerce(Effects, Stock, Webhooks):
    kind = "woocommerce"
    credentials = {
        "consumer_key": gettext_noop("consumer key"),
        "consumer_secret": gettext_noop("consumer secret"),
        "webhook_secret": gettext_noop("webhook secret"),
    }
    can = frozenset(set(Can) - {Can.READ_FILE})

    @classmethod
    def make_http(cls, account: Account) -> Http:
        return Http(account.base_url, auth=auth_for(account), headers={"Accept": "application/json"})

    def read(self, body: bytes) -> OrderDraft:
        return read_order(body, self.account.slug)

    def pull_orders(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """Orders modified in the window, oldest change first.

        WooCommerce pages by offset, and an order that changes while we page leaves the window, so that the
        rest moves up and one is never seen. So the next page is asked by time, not by offset: everything
        after the last second seen, without those of that second that we have.
        """
        spot = json.loads(cursor) if cursor else {"after": _second(since - timedelta(seconds=1)), "seen": []}
        answer = self.get(
            "orders",
            modified_after=spot["after"],
            modified_before=_second(until),
            dates_are_gmt="true",
            orderby="modified",
            order="asc",
            per_page=self.page_size,
            exclude=",".join(map(str, spot["seen"])),
        )
        rows = list(elements(answer))
        orders = [self._raw(row, text) for row, text in rows if row.get("status") not in NOT_PLACED]
        if not rows or not self.next_page(answer, 1):
            return Page(orders)
        last = moment(rows[-1][0].get("date_modified_gmt"), "date_modified_gmt")
        if last is None:
            raise Permanent("no_cursor", f"order {rows[-1][0].get('id')} has no date_modified_gmt")
        # The filter is strictly "after", so asking after the second before the last includes its own second.
        after = _second(last - timedelta(seconds=1))
        seen = [row["id"] for row, _ in rows if moment(row["date_modified_gmt"], "date_modified_gmt") == last]
        seen += spot["seen"] if after == spot["after"] else []
        return Page(orders, json.dumps({"after": after, "seen": seen}))

    def fetch_order(self, external_id: str) -> RawOrder | None:
        """``None`` for a deleted order, and for a draft of a checkout, which is no order yet."""
        answer = self.get(f"orders/{external_id}", missing_ok=True)
        if answer.status == 404:
            return None
        row = answer.json()
        if row.get("status") in NOT_PLACED:
            return None
        # Read even where the order's own list is empty: that list is known to be wrong at times.
        return self._raw(row, answer.body.decode("utf-8-sig"), always_refunds=True)

    def pull_refunded_orders(self, since: datetime, until: datetime, cursor: str | None = None) -> Page:
        """Refunds through some gateways do not touch their order, so they have a list of their own.

        Shops older than WooCommerce 9 have no such list (404): then there is nothing to tell.
        """
        page = int(cursor or 1)
        answer = self.get(
            "refunds",
            missing_ok=True,
            modified_after=_second(since - timedelta(seconds=1)),
            modified_before=_second(until),
            dates_are_gmt="true",
            orderby="date",
            order="asc",
            per_page=self.page_size,
            page=page,
        )
        if answer.status == 404:
            return Page(())
        ids = [str(row["parent_id"]) for row in answer.json() if row.get("parent_id")]
        return Page(list(dict.fromkeys(ids)), self.next_page(answer, page))

    def tax_rule(self) -> TaxRule:
        """Two of the shop's settings. Reading them takes a key of somebody who manages the shop; without, the shop
        does not tell."""
        once = self._setting("tax/woocommerce_tax_round_at_subtotal")
        digits = self._setting("general/woocommerce_price_num_decimals")
        return TaxRule(ROUNDING.get(once, ""), int(digits) if digits.isdecimal() else None)

    def _setting(self, path: str) -> str:
        try:
            return str(self.get(f"settings/{path}").json().get("value") or "")
        except Permanent:
            return ""

    def _raw(self, row: Mapping[str, Any], text: str, *, always_refunds: bool = False) -> RawOrder:
        """The order's own JSON untouched, its refunds' beside it: the order lists only their ids and sums."""
        wanted = always_refunds or row.get("refunds")
        refunds = list(self.every_text(f"orders/{row['id']}/refunds")) if wanted else []
        body = f'{{"order":{text.strip()},"refunds":[{",".join(text for _, text in refunds)}]}}'
        return RawOrder(str(row["id"]), changed_at(row, [refund for refund, _ in refunds]), body.encode())


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
