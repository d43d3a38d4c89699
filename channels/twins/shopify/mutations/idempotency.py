"""``@idempotent(key:)``: required on some mutations, refused on the others.

The same key and input give the first result again; the same key with another input, or after a failed
attempt, is refused. A mutation here is two functions: one that acts and returns plain facts (or errors),
which are kept, and one that shows facts as a payload.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError

from channels.twins.shopify.compiler import directive_key
from channels.twins.shopify.node import Session

Facts = dict[str, Any]
Error = dict[str, Any]
Act = Callable[..., tuple[Facts, list[Error]]]
Show = Callable[[Session, Facts], dict[str, Any]]

WORDS = {
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": (
        "The same idempotency key cannot be used with different operation parameters."
    ),
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": (
        "A previous request with this idempotency key failed. Retry with a new idempotency key."
    ),
}


def error(path: list[str] | None, message: str, code: str | None = None) -> Error:
    return {"field": path, "message": message, "code": code}


def plain(act: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A mutation without idempotency keys."""

    def resolve(_root: Any, info: Any, **args: Any) -> dict[str, Any]:
        if _key(info) is not None:
            raise GraphQLError(
                "The @idempotent directive is not supported on this mutation.",
                extensions={"code": "BAD_REQUEST"},
            )
        return act(info.context, **args)

    return resolve


def idempotent(name: str, act: Act, show: Show) -> Callable[..., dict[str, Any]]:
    def resolve(_root: Any, info: Any, **args: Any) -> dict[str, Any]:
        session: Session = info.context
        key = _key(info)
        if key is None:
            raise GraphQLError(
                "The @idempotent directive is required for this mutation but was not provided.",
                extensions={"code": "BAD_REQUEST"},
            )
        if not key.strip():
            raise GraphQLError(
                "The idempotency key cannot be an empty string or whitespace only.",
                extensions={"code": "BAD_REQUEST"},
            )
        asked = json.dumps([name, args], sort_keys=True)
        digest = hashlib.sha256(asked.encode()).hexdigest()
        before = session.books.store.get("idempotency", key)
        if before is not None:
            refused = None
            if before["digest"] != digest:
                refused = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            elif before["failed"]:
                refused = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
            if refused:
                return show(session, {}) | {"userErrors": [error(None, WORDS[refused], refused)]}
            return show(session, before["facts"]) | {"userErrors": []}
        facts, errors = act(session, **args)
        session.books.store.put(
            "idempotency", key, {"digest": digest, "mutation": name, "failed": bool(errors), "facts": facts}
        )
        return show(session, facts) | {"userErrors": errors}

    return resolve


def _key(info: Any) -> str | None:
    return directive_key(info.field_nodes[0], info.variable_values.coerced)
