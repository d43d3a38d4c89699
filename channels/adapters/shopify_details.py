"""What hangs on an order at Shopify, each list read to its end and told in its own shape."""

from __future__ import annotations

from typing import Any

from channels.adapters import shopify_queries as q
from channels.adapters.shopify_wire import Wire


class Details(Wire):
    def duties(self, order_gid: str) -> dict[str, list[dict[str, Any]]]:
        """What was levied on each line."""
        lines = self.every(q.ORDER_DUTIES, "order", "lineItems", id=order_gid)
        return {line["id"]: line["duties"] for line in lines}

    def refunds(self, order_gid: str) -> list[dict[str, Any]]:
        found = []
        for name in self.ask(q.REFUND_IDS, id=order_gid)["order"]["refunds"]:
            refund = self.ask(q.REFUND, **name)["refund"]
            if refund:
                lines = list(self.every(q.REFUND_LINES, "refund", "refundLineItems", **name))
                found.append(refund | {"refundLineItems": {"nodes": lines}})
        return found

    def fulfillments(self, order_gid: str) -> list[dict[str, Any]]:
        found = []
        for one in (self.ask(q.FULFILLMENTS, id=order_gid)["order"] or {}).get("fulfillments") or ():
            lines = list(self.every(q.FULFILLMENT_LINES, "fulfillment", "fulfillmentLineItems", id=one["id"]))
            found.append(one | {"fulfillmentLineItems": {"nodes": lines}})
        return found

    def fulfillment_orders(self, order_gid: str) -> list[dict[str, Any]]:
        """Read anew each time: their ids change when one is split or moved."""
        found = []
        for one in self.every(q.FULFILLMENT_ORDERS, "order", "fulfillmentOrders", id=order_gid):
            lines = list(self.every(q.FULFILLMENT_ORDER_LINES, "fulfillmentOrder", "lineItems", id=one["id"]))
            found.append(one | {"lineItems": {"nodes": lines}})
        return found
