"""Cost: what a query is priced at, the bucket, THROTTLED with HTTP 200, and the largest single query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.twins.shopify.compiler import Compiler
from channels.twins.shopify.cost import Bucket

SEEN = (
    "query($id: ID!) { product(id: $id) { variants(first: 250) { nodes { inventoryItem { id tracked } } } } }"
)


@pytest.mark.parametrize(
    ("query", "rule", "cost"),
    [
        (SEEN, "scaled", 25),
        (SEEN, "linear", 503),
        ("{ shop { name } }", "scaled", 1),
        ("{ orders(first: 1) { nodes { id } } }", "scaled", 3),
        ("{ orders(first: 10) { nodes { id lineItems(first: 5) { nodes { id } } } } }", "linear", 82),
        ('mutation { tagsAdd(id: "x", tags: []) { node { id } } }', "scaled", 10),
    ],
)
def test_prices(query, rule, cost):
    assert Compiler().compile(query).pick(None).cost(rule, {}) == cost


def test_a_variable_size_counts():
    operation = Compiler().compile("query($n: Int!) { orders(first: $n) { nodes { id } } }").pick(None)
    assert operation.cost("linear", {"n": 50}) == 52
    assert operation.cost("linear", {"n": 10}) == 12


def test_a_bucket_refills_with_time_and_never_overflows():
    start = datetime(2026, 7, 1, tzinfo=UTC)
    bucket = Bucket(100, 10, start)
    assert bucket.take(90, start)
    assert not bucket.take(20, start)
    assert bucket.take(20, start + timedelta(seconds=1))
    assert bucket.available(start + timedelta(hours=1)) == 100


def test_every_answer_tells_its_cost(shop):
    cost = shop.ask("{ orders(first: 50) { nodes { id } } }")["extensions"]["cost"]
    assert cost["requestedQueryCost"] > cost["actualQueryCost"] >= 1
    assert cost["throttleStatus"]["maximumAvailable"] == 20000
    assert cost["throttleStatus"]["restoreRate"] == 1000


def test_an_empty_bucket_throttles_with_200_and_applies_nothing(shop, placed):
    shop.control("configure", {"throttle_maximum": 25, "throttle_restore": 0.0})
    tag = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["x"]) { userErrors { message } } }'
    answers = [shop.ask(tag, id=placed["id"]) for _ in range(3)]
    assert [("data" in a) for a in answers] == [True, True, False]
    assert answers[2]["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = answers[2]["extensions"]["cost"]
    assert cost["actualQueryCost"] is None
    assert cost["throttleStatus"]["currentlyAvailable"] < 10
    writes = [w for w in shop.records()["log"] if w["operation"] == "tagsAdd"]
    assert len(writes) == 1


def test_a_query_that_is_too_dear_is_refused(shop):
    shop.control("configure", {"cost_rule": "linear"})
    answer = shop.ask("{ orders(first: 100) { nodes { lineItems(first: 50) { nodes { id } } } } }")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert answer["errors"][0]["extensions"]["maxCost"] == 1000
