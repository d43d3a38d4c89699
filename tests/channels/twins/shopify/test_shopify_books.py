"""Whatever is done to the shop in whatever order, its books add up."""

from __future__ import annotations

import json
import random

import pytest

from channels.twins.shopify.twin import PATH, ShopifyTwin
from oms.twinkit.server import Refused, Request

START = {"A": 12, "B": 5, "C": 0}


class Hands:
    """Acts on a twin without a socket; refusals are as good as deeds."""

    def __init__(self) -> None:
        self.twin = ShopifyTwin(":memory:")
        self.twin.configure({"job_seconds": 0.0, "throttle_maximum": 10**9})
        with self.twin.store.transaction():
            self.twin.shopper(
                "seed_products",
                {"products": [
                    {"sku": sku, "price": "3.33", "stock": {"Main": n // 2, "North": n - n // 2},
                     "backorders": sku == "C"}
                    for sku, n in START.items()
                ]},
            )  # fmt: skip

    def shopper(self, verb: str, **args):
        try:
            with self.twin.store.transaction():
                return self.twin.shopper(verb, args)
        except Refused:
            return None

    def gql(self, query: str, **variables):
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"X-Shopify-Access-Token": "shpat_twin", "Content-Type": "application/json"}
        response, _ = self.twin.answer(Request("POST", PATH, headers, body))
        assert response.status == 200
        answer = response.json()
        assert "errors" not in answer, answer
        return answer["data"]


def one_deed(hands: Hands, dice: random.Random, key: int) -> None:
    orders = hands.twin.records()["orders"]
    order = dice.choice(orders) if orders else None
    line = dice.choice(order["lines"]) if order else None
    units = dice.randint(1, 3)
    deed = dice.choice(["place", "place", "fulfil", "fulfil", "refund", "refund", "edit", "cancel", "app cancel", "move", "shop refund"])  # fmt: skip
    if deed == "place" or order is None:
        hands.shopper(
            "place",
            lines=[
                {"sku": sku, "quantity": dice.randint(1, 4)}
                for sku in dice.sample(list(START), dice.randint(1, 3))
            ],
            shipping="2.50",
            discount={"amount": dice.choice(["0", "1.11"])},
        )
    elif deed == "fulfil":
        jobs = hands.gql(
            "query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 9) { nodes { id lineItems(first: 9) "
            "{ nodes { id } } } } } }",
            id=order["id"],
        )["order"]["fulfillmentOrders"]["nodes"]
        job = dice.choice(jobs)
        rows = [{"id": row["id"], "quantity": units} for row in dice.sample(job["lineItems"]["nodes"], 1)]
        hands.gql(
            "mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { userErrors { message } } }",
            f={
                "lineItemsByFulfillmentOrder": [
                    {"fulfillmentOrderId": job["id"], "fulfillmentOrderLineItems": rows}
                ]
            },
        )
    elif deed == "refund":
        rows = [
            {"lineItemId": line["id"], "quantity": dice.randint(1, 2), "restockType": dice.choice(["CANCEL", "RETURN", "NO_RESTOCK"])}
            for _ in range(dice.randint(1, 2))
        ]  # fmt: skip
        hands.gql(
            "mutation($i: RefundInput!, $k: String!) { refundCreate(input: $i) @idempotent(key: $k) "
            "{ userErrors { message } } }",
            i={"orderId": order["id"], "refundLineItems": rows},
            k=str(key),
        )
    elif deed == "edit":
        hands.shopper("edit_lines", order=order["id"], lines=[{"line": line["id"], "quantity": units}])
    elif deed == "cancel":
        hands.shopper(
            "cancel", order=order["id"], restock=dice.choice([True, False]), refund=dice.choice([True, False])
        )
    elif deed == "app cancel":
        hands.gql(
            "mutation($id: ID!, $r: Boolean!) { orderCancel(orderId: $id, reason: OTHER, restock: $r, refund: $r) "
            "{ orderCancelUserErrors { message } } }",
            id=order["id"],
            r=dice.choice([True, False]),
        )
        hands.twin.do_jobs()
    elif deed == "move":
        hands.shopper("move", order=order["id"], location=dice.choice(["Main", "North"]))
    elif deed == "shop refund":
        hands.shopper(
            "refund_in_shop",
            order=order["id"],
            lines=[
                {
                    "line": line["id"],
                    "quantity": units,
                    "restock": dice.choice(["cancel", "return", "no_restock"]),
                }
            ],
        )


def check(hands: Hands) -> None:
    books = hands.twin.records()
    for sku, stock in books["stock"].items():
        rows = [line for order in books["orders"] for line in order["lines"] if line["sku"] == sku]
        assert stock["committed"] == sum(line["unfulfilled"] for line in rows)
        assert all(place["committed"] >= 0 for place in stock["locations"].values())
        if stock["policy"] == "DENY":
            sent = sum(line["fulfilled"] for line in rows)
            assert stock["available"] + stock["committed"] + sent <= START[sku] + returned(books, sku)
    for order in books["orders"]:
        for line in order["lines"]:
            assert 0 <= line["current_quantity"] <= line["quantity"]
            assert line["fulfilled"] + line["unfulfilled"] <= line["quantity"]
        assert float(order["refunded"]["shop"]) <= float(order["received"]["shop"])
        assert float(order["current_total"]["shop"]) >= 0


def returned(books, sku: str) -> int:
    skus = {line["id"]: line["sku"] for order in books["orders"] for line in order["lines"]}
    return sum(
        row["quantity"]
        for order in books["orders"]
        for refund in order["refunds"]
        for row in refund["lines"]
        if row["restock_type"] == "RETURN" and skus[row["line"]] == sku
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_books_add_up_whatever_is_done(seed):
    hands, dice = Hands(), random.Random(seed)
    for key in range(60):
        one_deed(hands, dice, key)
        check(hands)
    assert len(hands.twin.records()["orders"]) > 3
