"""How each field of the schema is read from the books.

A table has ``[type][field]``, taking ``(source, info, **arguments)``. A field that is in no table is the
document's entry of the same name in snake case, or the key itself of a plain dict.
"""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType

from channels.twins.shopify.fields.fulfilment import FULFILMENT
from channels.twins.shopify.fields.lookup import Resolver
from channels.twins.shopify.fields.money import MONEY
from channels.twins.shopify.fields.orders import ORDERS
from channels.twins.shopify.fields.people import PEOPLE
from channels.twins.shopify.fields.refunds import REFUNDS
from channels.twins.shopify.fields.stock import STOCK
from channels.twins.shopify.node import Node

FIELDS = ORDERS | MONEY | FULFILMENT | REFUNDS | STOCK | PEOPLE


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _from_document(name: str) -> Resolver:
    key = _snake(name)
    return lambda source, _info, **_args: (
        source.doc.get(key) if isinstance(source, Node) else source.get(name)
    )


def _id(source: Any, _info: Any) -> str:
    return source.id if isinstance(source, Node) else source["id"]


def _legacy(source: Any, _info: Any) -> str:
    return str(source.doc["id"])


def _type_of(source: Any, *_: Any) -> str:
    return source.kind if isinstance(source, Node) else source["__typename"]


def attach(schema: GraphQLSchema, roots: dict[str, dict[str, Resolver]]) -> None:
    """Give every field of the schema its resolver; ``roots`` are those of queries and mutations."""
    tables = FIELDS | roots
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _type_of
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        table = tables.get(kind.name, {})
        unknown = set(table) - set(kind.fields) - {"description"}
        if unknown:
            raise ValueError(f"{kind.name} has no field {', '.join(sorted(unknown))}")
        for name, field in kind.fields.items():
            field.resolve = (
                table.get(name) or {"id": _id, "legacyResourceId": _legacy}.get(name) or _from_document(name)
            )
