"""Every document that we send is held to Shopify's published schema, and to what one query may cost."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.language import (
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
)

from channels.adapters import shopify_queries
from channels.adapters.shopify import Shopify
from tests.channels.adapters.contracts import PLACE, needs_contracts

DOCUMENTS = {
    name: value
    for name, value in vars(shopify_queries).items()
    if isinstance(value, str) and value.lstrip().startswith(("query ", "mutation "))
}
IDEMPOTENT = ("CREATE_REFUND", "SET_STOCK", "ACTIVATE_STOCK")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((PLACE / "shopify" / "admin-2026-07.graphql").read_text(), assume_valid=True)


@needs_contracts
def test_every_document_is_valid(schema: GraphQLSchema) -> None:
    assert len(DOCUMENTS) > 20
    assert {name: validate(schema, parse(text)) for name, text in DOCUMENTS.items()} == {
        name: [] for name in DOCUMENTS
    }


@needs_contracts
def test_no_document_asks_for_what_is_deprecated(schema: GraphQLSchema) -> None:
    from graphql.validation import NoDeprecatedCustomRule

    for name, text in DOCUMENTS.items():
        assert validate(schema, parse(text), [NoDeprecatedCustomRule]) == [], name


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_what_must_be_idempotent_carries_a_key(name: str) -> None:
    assert "@idempotent(key: $key)" in DOCUMENTS[name]


# What a page of orders comes down to when it is halved twice.
VARIABLES = {"first": 2, "lines": 6}


def cost(text: str, variables: dict[str, int]) -> int:
    """The strictest rule Shopify has had: an object one point, a list as many times as its ``first`` says."""
    document = parse(text)
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }

    def of(selections: Any) -> int:
        points = 0
        for node in selections.selections:
            if isinstance(node, FragmentSpreadNode):
                points += of(fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                points += of(node.selection_set)
            elif node.selection_set and node.name.value != "pageInfo":
                told = {one.name.value: one.value for one in node.arguments or ()}
                times = told.get("first") or told.get("ids")
                if times is not None:
                    many = int(times.value) if hasattr(times, "value") else variables[times.name.value]
                    points += many * (1 + of(node.selection_set))
                else:
                    points += of(node.selection_set) + (node.name.value != "nodes")
        return points

    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return of(operation.selection_set)


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - {"VARIANTS"}))
def test_what_a_query_may_cost(name: str) -> None:
    lines = 40 if name == "ONE_ORDER" else VARIABLES["lines"]
    assert cost(DOCUMENTS[name], {"first": VARIABLES["first"], "lines": lines, "ids": 100}) <= 1000


def test_what_a_page_of_listings_may_cost() -> None:
    assert cost(DOCUMENTS["VARIANTS"], {"first": 100}) <= 1000
    assert Shopify.stock_batch <= 100
