"""The subset is the real schema with things left out, and every field of it can be read."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
    print_ast,
)

from channels.twins.shopify.twin import served_schema

CONTRACTS = Path(os.environ.get("OMS_CONTRACTS", Path(__file__).parents[4] / "../shared/contracts"))
CONTRACT = CONTRACTS / "shopify" / "admin-2026-07.graphql"


@cache
def contract():
    if not CONTRACT.exists():
        pytest.skip("the contract is not on this machine")
    return build_schema(CONTRACT.read_text(encoding="utf-8"), assume_valid=True)


def default(argument) -> str | None:
    if argument.ast_node is None or argument.ast_node.default_value is None:
        return None
    return print_ast(argument.ast_node.default_value)


def differences(ours, theirs) -> list[str]:
    """What our schema says that theirs does not."""
    found: list[str] = []
    for name, kind in ours.type_map.items():
        if name.startswith("__"):
            continue
        other = theirs.type_map.get(name)
        if type(other) is not type(kind):
            found.append(f"{name} is {type(other).__name__} there")
            continue
        if isinstance(kind, GraphQLEnumType):
            found += [f"{name}.{value}" for value in kind.values if value not in other.values]
        if isinstance(kind, GraphQLUnionType):
            found += [f"{name} = {m}" for m in kind.types if m.name not in {o.name for o in other.types}]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            theirs_too = {interface.name for interface in other.interfaces}
            found += [f"{name} implements {i.name}" for i in kind.interfaces if i.name not in theirs_too]
            for field_name, field in kind.fields.items():
                found += compare_field(f"{name}.{field_name}", field, other.fields.get(field_name))
        if isinstance(kind, GraphQLInputObjectType):
            if kind.is_one_of != other.is_one_of:
                found.append(f"{name} @oneOf")
            for field_name, field in kind.fields.items():
                found += compare_input(f"{name}.{field_name}", field, other.fields.get(field_name))
            for field_name, field in other.fields.items():
                if isinstance(field.type, GraphQLNonNull) and field_name not in kind.fields:
                    found.append(f"{name}.{field_name} is required there")
    return found


def compare_field(path, field, other) -> list[str]:
    if other is None or str(field.type) != str(other.type):
        return [f"{path}: {field.type}, there {other and other.type}"]
    missing = [
        f"{path}({name}:) is required there"
        for name, argument in other.args.items()
        if name not in field.args and isinstance(argument.type, GraphQLNonNull)
    ]
    return missing + [
        words
        for name, argument in field.args.items()
        for words in compare_input(f"{path}({name}:)", argument, other.args.get(name))
    ]


def compare_input(path, value, other) -> list[str]:
    if other is None or str(value.type) != str(other.type) or default(value) != default(other):
        return [f"{path}: {value.type} = {default(value)}, there {other and other.type}"]
    return []


def test_the_subset_is_the_real_schema_with_things_left_out():
    assert differences(served_schema(), contract()) == []


def test_the_comparison_sees_a_field_an_argument_an_enum_value_and_a_nullability_that_differ():
    text = (Path(__file__).parents[4] / "channels/twins/shopify/schema.graphql").read_text()
    for honest, lie in (
        ("  clientIp: String\n", "  clientIp: String!\n"),
        ("  clientIp: String\n", "  clientIpAddress: String\n"),
        ("  NO_RESTOCK\n", "  NO_RESTOCK\n  MAYBE\n"),
        ("restock: Boolean!", "restock: Boolean"),
        ("allowOverRefunding: Boolean = false", "allowOverRefunding: Boolean = true"),
        ("input RefundMethodless", "input RefundMethodless"),
    ):
        if honest not in text:
            continue
        assert differences(build_schema(text.replace(honest, lie, 1)), contract()), lie


def test_the_idempotent_directive_is_the_real_one():
    ours = next(d for d in served_schema().directives if d.name == "idempotent")
    theirs = next(d for d in contract().directives if d.name == "idempotent")
    assert (ours.locations, str(ours.args["key"].type)) == (theirs.locations, str(theirs.args["key"].type))


def everything(kind, seen: tuple[str, ...] = ()) -> str:
    """A selection of every field of a type, going down until a type comes again."""
    rows = []
    for name, field in kind.fields.items():
        below = get_named_type(field.type)
        arguments = []
        for argument_name, argument in field.args.items():
            if argument_name == "first":
                arguments.append("first: 5")
            elif argument_name == "names":
                arguments.append('names: ["available", "on_hand", "committed"]')
            elif isinstance(argument.type, GraphQLNonNull):
                break
        else:
            call = f"{name}({', '.join(arguments)})" if arguments else name
            if is_leaf_type(below):
                rows.append(call)
            elif below.name not in seen and len(seen) < 9:
                rows.append(f"{call} {{ {selection(below, (*seen, below.name))} }}")
    return " ".join(rows)


def selection(kind, seen: tuple[str, ...]) -> str:
    schema = served_schema()
    if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
        options = [t for t in schema.get_possible_types(kind) if t.name not in seen]
        if kind.name == "Node":
            return "__typename id"
        return "__typename " + " ".join(
            f"... on {t.name} {{ {everything(t, (*seen, t.name))} }}" for t in options
        )
    return everything(kind, seen) or "__typename"


ROOTS = ["orders", "products", "productVariants", "inventoryItems", "locations", "fulfillmentOrders", "shop"]


@pytest.mark.parametrize("root", ROOTS)
def test_every_field_of_the_schema_can_be_read(shop, placed, root):
    """On an order with everything that an order can have; a null where none may be would be an error."""
    shop.control("configure", {"max_query_cost": 10**9, "throttle_maximum": 10**9})
    whole = shop.shopper(
        "place",
        email="bea@example.com",
        shipping_address={"name": "Bea Roy", "city": "Lyon", "country_code": "FR", "zip": "69001"},
        lines=[
            {
                "sku": "MUG",
                "quantity": 3,
                "discount": "1.00",
                "attributes": [{"key": "Engraving", "value": "B"}],
            },
            {"title": "Gift card", "price": "20", "gift_card": True},
        ],
        shipping="5",
        fees=[{"name": "Eco", "price": "0.50"}],
        discount={"code": "TEN", "percentage": 10},
        currency="EUR",
        rate="1.17",
        risk="high",
    )
    job = next(j for j in shop.jobs(whole["id"]) if j["status"] == "OPEN")
    shop.fulfil(
        {"fulfillmentOrderId": job["id"], "fulfillmentOrderLineItems": [
            {"id": job["lineItems"]["nodes"][0]["id"], "quantity": 2}]},
        tracking={"company": "DPD", "number": "1", "url": "https://dpd.example/1"},
    )  # fmt: skip
    line = whole["lines"][0]["id"]
    shop.refund(
        orderId=whole["id"],
        currency="EUR",
        note="kept",
        refundLineItems=[{"lineItemId": line, "quantity": 1, "restockType": "RETURN"}],
        shipping={"amount": "1.00"},
        transactions=shop.payback(whole["id"], "9.00"),
    )
    shop.shopper("request_return", order=whole["id"], lines=[{"line": line, "quantity": 1}])
    shop.shopper("hold", order=placed["id"])
    field = served_schema().query_type.fields[root]
    kind = get_named_type(field.type)
    call = f"{root}(first: 5)" if "first" in field.args else root
    answer = shop.ask(f"{{ {call} {{ {selection(kind, (kind.name, 'QueryRoot'))} }} }}")
    assert "errors" not in answer, answer["errors"][:3]
    assert answer["data"][root]
