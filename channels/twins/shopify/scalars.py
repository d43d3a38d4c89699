"""Shopify's own scalars: what they take and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from graphql import (
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
)


def _money(value: Any) -> str:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        amount = Decimal(str(value))
        if not amount.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise GraphQLError(f"invalid decimal '{value}'") from None
    return str(value)


def _time(value: Any) -> str:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise GraphQLError(f"invalid DateTime '{value}'") from None
    return str(value)


def _url(value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if not parts or parts.scheme not in ("http", "https") or not parts.netloc:
        raise GraphQLError(f"Invalid url '{value}', missing scheme")
    return str(value)


def _unsigned(value: Any) -> str:
    if not str(value).isdigit():
        raise GraphQLError(f"invalid UnsignedInt64 '{value}'")
    return str(value)


READERS = {
    "Money": _money,
    "Decimal": _money,
    "DateTime": _time,
    "URL": _url,
    "UnsignedInt64": _unsigned,
}


def give_scalars(schema: GraphQLSchema) -> None:
    """Give the schema's scalars their rules; they go out as the strings that the resolvers make."""
    for name, read in READERS.items():
        scalar = schema.type_map[name]
        assert isinstance(scalar, GraphQLScalarType)
        _give(scalar, read)


def _give(scalar: GraphQLScalarType, read: Callable[[Any], str]) -> None:
    def literal(node: Any) -> str:
        if not isinstance(node, StringValueNode | IntValueNode | FloatValueNode):
            raise GraphQLError(f"{scalar.name} takes a string")
        return read(node.value)

    scalar.coerce_input_value = read
    scalar.coerce_input_literal = literal
    scalar.coerce_output_value = str
