"""Connections: one page of a list, by a cursor that holds the sort value and the id of its place.

So a page goes on where the last one ended, though rows before it came, went or moved.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError

MOST = 250


def _cursor(value: Any, number: int) -> str:
    return base64.b64encode(json.dumps({"last_id": number, "last_value": value}).encode()).decode()


def _place(cursor: str) -> tuple[Any, int]:
    try:
        held = json.loads(base64.b64decode(cursor, validate=True))
        return held["last_value"], held["last_id"]
    except (ValueError, KeyError, TypeError):
        raise GraphQLError(
            "Invalid cursor for current pagination sort.", extensions={"code": "INVALID_CURSOR"}
        ) from None


def page(
    rows: Sequence[Any],
    args: dict[str, Any],
    *,
    number: Callable[[Any], int],
    value: Callable[[Any], Any] | None = None,
    wrap: Callable[[Any], Any] = lambda row: row,
) -> dict[str, Any]:
    """A connection over ``rows``, sorted by ``value`` and number, or as they come when ids rise.

    Raises ``GraphQLError`` for what Shopify refuses: no size, a size over 250, a strange cursor.
    """
    first, last = args.get("first"), args.get("last")
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MOST:
            raise GraphQLError(
                f"{name} cannot exceed {MOST}. To query larger amounts of data with fewer limits, "
                "bulk operations should be used instead."
                if size > MOST
                else f"{name} must be a non-negative integer",
                extensions={"code": "BAD_REQUEST"},
            )
    keyed: list[tuple[tuple[Any, int], Any]]
    if value is None:
        # Such lists only grow, so their ids rise with their places.
        keyed = [(("", number(row)), row) for row in rows]
    else:
        keyed = sorted((((value(row), number(row)), row) for row in rows), key=lambda entry: entry[0])
    backwards = bool(args.get("reverse"))
    if backwards:
        keyed.reverse()
    count = len(keyed)
    try:
        if args.get("after"):
            mark = _place(args["after"])
            keyed = [entry for entry in keyed if (entry[0] < mark if backwards else entry[0] > mark)]
        skipped = len(keyed) < count
        count = len(keyed)
        if args.get("before"):
            mark = _place(args["before"])
            keyed = [entry for entry in keyed if (entry[0] > mark if backwards else entry[0] < mark)]
        cut_off = len(keyed) < count
    except TypeError:
        raise GraphQLError(
            "Invalid cursor for current pagination sort.", extensions={"code": "INVALID_CURSOR"}
        ) from None
    if first is not None:
        more, keyed = len(keyed) > first or cut_off, keyed[:first]
        before = skipped
    else:
        before, keyed = len(keyed) > (last or 0) or skipped, keyed[len(keyed) - min(len(keyed), last or 0) :]
        more = cut_off
    nodes = [wrap(row) for _, row in keyed]
    cursors = [_cursor(*key) for key, _ in keyed]
    return {
        "nodes": nodes,
        "edges": [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)],
        "pageInfo": {
            "hasNextPage": more,
            "hasPreviousPage": before,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }
