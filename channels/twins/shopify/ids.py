"""Reading the ids a client sends."""

from __future__ import annotations

from graphql import GraphQLError

from channels.twins.shopify.books import GID


def number(kind: str, value: str) -> int:
    """The number in a global id. Raises ``GraphQLError`` for what is no global id, or one of another kind."""
    found = GID.match(value)
    if found is None:
        raise GraphQLError(f"Invalid global id '{value}'", extensions={"code": "INVALID_GLOBAL_ID"})
    if found[1] != kind:
        raise GraphQLError("invalid id", extensions={"code": "RESOURCE_NOT_FOUND"})
    return int(found[2])
