"""A plain client of the twin: its own few lines of HTTP, nothing of the adapter."""

from __future__ import annotations

import json
import uuid
from typing import Any

import requests

from channels.twins.shopify.twin import PATH
from oms.twinkit.server import Running

TOKEN = "shpat_test"
SECRET = "shpss_test"


class Client:
    def __init__(self, running: Running) -> None:
        self.running = running
        self.url = running.url + PATH
        self.http = requests.Session()
        self.http.trust_env = False

    def post(self, body: Any, token: str | None = TOKEN, kind: str = "application/json") -> requests.Response:
        headers = {"Content-Type": kind} | ({"X-Shopify-Access-Token": token} if token else {})
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.http.post(self.url, data=data, headers=headers, timeout=10)

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer, errors and all."""
        reply = self.post({"query": query, "variables": variables})
        assert reply.status_code == 200, reply.text
        return reply.json()

    def gql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer that must have no errors."""
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        reply = self.http.request(method, f"{self.running.url}/_twin/{path}", json=body, timeout=60)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def shopper(self, verb: str, **args: Any) -> dict[str, Any]:
        return self.control(f"shopper/{verb}", args)

    def refused(self, verb: str, **args: Any) -> str:
        reply = self.http.post(f"{self.running.url}/_twin/shopper/{verb}", json=args, timeout=10)
        assert reply.status_code == 422, reply.text
        return reply.json()["error"]

    def records(self) -> dict[str, Any]:
        return self.control("records", method="GET")

    def stock(self, sku: str) -> tuple[int, int]:
        row = self.records()["stock"][sku]
        return row["available"], row["committed"]

    def order(self, number: str) -> dict[str, Any]:
        return next(row for row in self.records()["orders"] if number in (row["id"], row["name"]))

    # --- a few documents that many tests send ------------------------------------------------------------

    def set_stock(self, rows: list[dict[str, Any]], key: str | None = None, name: str = "available") -> Any:
        return self.ask(
            """mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
              inventorySetQuantities(input: $input) @idempotent(key: $key) {
                inventoryAdjustmentGroup { id reason changes { name delta quantityAfterChange } }
                userErrors { code field message } } }""",
            input={"name": name, "reason": "correction", "quantities": rows},
            key=key or str(uuid.uuid4()),
        )["data"]["inventorySetQuantities"]

    def jobs(self, order_id: str) -> list[dict[str, Any]]:
        return self.gql(
            """query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 10) { nodes {
              id status assignedLocation { name location { id } } fulfillmentHolds { reason }
              lineItems(first: 10) { nodes { id remainingQuantity totalQuantity lineItem { id sku } } } } } } }""",
            id=order_id,
        )["order"]["fulfillmentOrders"]["nodes"]

    def fulfil(self, *jobs: dict[str, Any], tracking: dict[str, Any] | None = None) -> dict[str, Any]:
        wanted = {"lineItemsByFulfillmentOrder": list(jobs), "notifyCustomer": True}
        if tracking:
            wanted["trackingInfo"] = tracking
        return self.gql(
            """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) {
              fulfillment { id status name totalQuantity trackingInfo { company number url }
                fulfillmentLineItems(first: 10) { nodes { quantity lineItem { id } } } }
              userErrors { field message } } }""",
            f=wanted,
        )["fulfillmentCreate"]

    def refund(self, key: str | None = None, **given: Any) -> dict[str, Any]:
        return self.gql(
            """mutation($input: RefundInput!, $key: String!) {
              refundCreate(input: $input) @idempotent(key: $key) {
                refund { id note totalRefundedSet { presentmentMoney { amount } shopMoney { amount } }
                  refundLineItems(first: 10) { nodes { quantity restockType restocked subtotalSet { shopMoney { amount } }
                    totalTaxSet { shopMoney { amount } } lineItem { id currentQuantity } } }
                  orderAdjustments(first: 5) { nodes { reason amountSet { shopMoney { amount } } } } }
                order { displayFinancialStatus }
                userErrors { field message } } }""",
            input=given,
            key=key or str(uuid.uuid4()),
        )["refundCreate"]

    def sale(self, order_id: str) -> dict[str, Any]:
        """The transaction that refunds hang on."""
        rows = self.gql(
            "query($id: ID!) { order(id: $id) { transactions(first: 10) { id kind status gateway "
            "amountSet { presentmentMoney { amount } } } } }",
            id=order_id,
        )["order"]["transactions"]
        return next(row for row in rows if row["kind"] in ("SALE", "CAPTURE") and row["status"] == "SUCCESS")

    def payback(self, order_id: str, amount: str) -> list[dict[str, Any]]:
        sale = self.sale(order_id)
        return [
            {
                "orderId": order_id,
                "parentId": sale["id"],
                "gateway": sale["gateway"],
                "kind": "REFUND",
                "amount": amount,
            }
        ]


def of_whole(job: dict[str, Any]) -> dict[str, Any]:
    return {"fulfillmentOrderId": job["id"]}


def of_part(job: dict[str, Any], units: int, place: int = 0) -> dict[str, Any]:
    line = job["lineItems"]["nodes"][place]["id"]
    return {
        "fulfillmentOrderId": job["id"],
        "fulfillmentOrderLineItems": [{"id": line, "quantity": units}],
    }
