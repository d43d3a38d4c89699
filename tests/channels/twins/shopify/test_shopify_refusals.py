"""What the real schema refuses is refused: for every operation, planted mistakes of every sort."""

from __future__ import annotations

import pytest
from graphql import GraphQLNonNull, get_named_type, is_leaf_type

from channels.twins.shopify.twin import served_schema

SCHEMA = served_schema()
OPERATIONS = [("query", SCHEMA.query_type, name) for name in SCHEMA.query_type.fields] + [
    ("mutation", SCHEMA.mutation_type, name) for name in SCHEMA.mutation_type.fields
]
OK = {"id", "ids"}


def literal(kind) -> str:
    """Some value that fits a type."""
    if isinstance(kind, GraphQLNonNull):
        return literal(kind.of_type)
    if hasattr(kind, "of_type"):
        return f"[{literal(kind.of_type)}]"
    if hasattr(kind, "values"):
        return next(iter(kind.values))
    if hasattr(kind, "fields"):
        needed = [(n, f) for n, f in kind.fields.items() if isinstance(f.type, GraphQLNonNull)]
        return "{" + ", ".join(f"{name}: {literal(field.type)}" for name, field in needed) + "}"
    return {
        "Int": "1",
        "Float": "1.0",
        "Boolean": "true",
        "ID": '"gid://shopify/Order/1"',
        "Money": '"1.00"',
    }.get(kind.name, '"text"')


def call(field, name: str, *, without: str | None = None, extra: str = "") -> str:
    given = [
        f"{arg}: {literal(definition.type)}"
        for arg, definition in field.args.items()
        if isinstance(definition.type, GraphQLNonNull) and arg != without
    ]
    if extra:
        given.append(extra)
    inside = f"({', '.join(given)})" if given else ""
    below = get_named_type(field.type)
    return f"{name}{inside}" + ("" if is_leaf_type(below) else " { __typename }")


def codes(answer) -> list[str]:
    assert answer.get("data") is None, answer
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize(("kind", "root", "name"), OPERATIONS, ids=[f"{k}.{n}" for k, _, n in OPERATIONS])
def test_every_operation_refuses_malformed_requests(shop, kind, root, name):
    field = root.fields[name]
    before = shop.records()
    assert codes(shop.ask(f"{kind} {{ {call(field, name, extra='nonsense: 1')} }}")) == [
        "argumentNotAccepted"
    ]
    assert "undefinedField" in codes(
        shop.ask(f"{kind} {{ {call(field, name).replace('__typename', 'nonsense')} }}")
    )
    assert "selectionMismatch" in codes(
        shop.ask(f"{kind} {{ {call(field, name).replace('{ __typename }', '')} }}")
    )
    for argument, definition in field.args.items():
        if isinstance(definition.type, GraphQLNonNull):
            assert "missingRequiredArguments" in codes(
                shop.ask(f"{kind} {{ {call(field, name, without=argument)} }}")
            )
            below = definition.type.of_type
            if hasattr(below, "fields"):
                for needed, inner in below.fields.items():
                    if isinstance(inner.type, GraphQLNonNull):
                        answer = shop.ask(
                            f"{kind}($v: {definition.type}) {{ "
                            + call(field, name, without=argument, extra=f"{argument}: $v")
                            + " }",
                            v={},
                        )
                        assert codes(answer) == ["INVALID_VARIABLE"]
                        problems = answer["errors"][0]["extensions"]["problems"]
                        assert [needed] in [problem["path"] for problem in problems]
            answer = shop.ask(
                f"{kind}($v: {definition.type}) {{ "
                + call(field, name, without=argument, extra=f"{argument}: $v")
                + " }"
            )
            assert codes(answer) == ["INVALID_VARIABLE"]
    assert shop.records() == before


@pytest.mark.parametrize(
    "name", ["inventorySetQuantities", "inventoryAdjustQuantities", "inventoryActivate", "refundCreate"]
)
def test_mutations_of_money_and_stock_refuse_to_run_without_an_idempotency_key(shop, name):
    field = SCHEMA.mutation_type.fields[name]
    before = shop.records()
    for directive in ("", ' @idempotent(key: "  ")'):
        text = call(field, name).replace(" { __typename }", f"{directive} {{ __typename }}")
        answer = shop.ask(f"mutation {{ {text} }}")
        assert answer["data"] == {name: None}
        assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert shop.records() == before


def test_the_directive_is_refused_where_it_means_nothing(shop, placed):
    job = shop.jobs(placed["id"])[0]
    answer = shop.ask(
        """mutation($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) @idempotent(key: "k") {
           fulfillment { id } } }""",
        f={"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": job["id"]}]},
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert shop.order(placed["id"])["fulfillments"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ('{ orders(first: 5, after: "bm9uc2Vuc2U=") { nodes { id } } }', "INVALID_CURSOR"),
        ('{ order(id: "12") { id } }', "INVALID_GLOBAL_ID"),
        ('{ order(id: "gid://shopify/Product/12") { id } }', "RESOURCE_NOT_FOUND"),
    ],
)
def test_refusals_while_running(shop, query, code):
    assert shop.ask(query)["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('{ orders(first: "five") { nodes { id } } }', "argumentLiteralsIncompatible"),
        ("{ orders(first: 5, sortKey: WEIGHT) { nodes { id } } }", "argumentLiteralsIncompatible"),
        ("{ orders(first: $n) { nodes { id } } }", "variableNotDefined"),
        ("query($n: Int) { shop { name } }", "variableNotUsed"),
        ("query($n: String) { orders(first: $n) { nodes { id } } }", "variableMismatch"),
        ("{ shop { ...Nothing } }", "useAndDefineFragment"),
        ("{ shop @idempotent { name } }", "missingRequiredArguments"),
        ("{ shop @nonsense { name } }", "undefinedDirective"),
    ],
)
def test_mistakes_in_a_document_have_shopifys_codes(shop, query, code):
    assert code in codes(shop.ask(query))


def test_a_document_that_does_not_parse(shop):
    answer = shop.ask("{ shop { name ")
    assert "syntax error" in answer["errors"][0]["message"]


def test_the_path_of_a_complaint_leads_to_the_mistake(shop):
    error = shop.ask("query Q { orders(first: 1) { nodes { colour } } }")["errors"][0]
    assert error["path"] == ["query Q", "orders", "nodes", "colour"]
    assert error["message"] == "Field 'colour' doesn't exist on type 'Order'"
    assert error["extensions"] == {"code": "undefinedField", "typeName": "Order", "fieldName": "colour"}


def test_the_door(shop):
    ask = {"query": "{ shop { name } }"}
    assert shop.post(ask).status_code == 200
    for token in (None, "", "shpat_wrong"):
        reply = shop.post(ask, token=token)
        assert reply.status_code == 401
        assert "Invalid API key or access token" in reply.json()["errors"]
    assert shop.post(b'{"query": "{ shop').status_code == 400
    assert shop.post({"variables": {}}).status_code == 400
    assert shop.post([ask]).status_code == 400
    assert shop.post({"query": "{ shop { name } }", "variables": [1]}).status_code == 400
    assert shop.post("query={shop{name}}", kind="application/x-www-form-urlencoded").status_code == 400
    assert shop.post("{ shop { name } }", kind="application/graphql").json()["data"]["shop"]["name"]
    old = shop.url.replace("2026-07", "2024-01")
    assert shop.http.post(old, json=ask, timeout=5).status_code == 404
    assert shop.http.get(shop.url, timeout=5).status_code == 404
    shop.control("configure", {"app_installed": False})
    assert shop.post(ask).status_code == 403


def test_several_operations_need_a_name(shop):
    both = "query A { shop { name } } query B { shop { currencyCode } }"
    assert shop.ask(both)["errors"][0]["message"] == "An operation name is required"
    named = shop.post({"query": both, "operationName": "B"}).json()
    assert named["data"] == {"shop": {"currencyCode": "GBP"}}
    assert (
        "No operation named"
        in shop.post({"query": both, "operationName": "C"}).json()["errors"][0]["message"]
    )


def test_scopes(shop):
    shop.control("configure", {"scopes": ["read_orders"]})
    assert shop.ask("{ orders(first: 1) { nodes { id } } }")["data"]
    error = shop.ask("{ products(first: 1) { nodes { id } } }")["errors"][0]
    assert error["extensions"]["code"] == "ACCESS_DENIED"
