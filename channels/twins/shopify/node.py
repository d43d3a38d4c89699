"""What resolvers pass along: a document with its type's name and, for a part of an order, its order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.money import Pair, Purse
from channels.twins.shopify.sums import totals


@dataclass
class Node:
    kind: str
    doc: Doc
    order: Doc | None = None
    extra: Any = None
    _sums: dict[str, Pair] | None = None

    @property
    def id(self) -> str:
        return gid(self.kind, self.doc["id"])

    @property
    def of(self) -> Doc:
        """The order this is part of."""
        assert self.order is not None
        return self.order

    @property
    def purse(self) -> Purse:
        return Purse.of(self.of)

    @property
    def sums(self) -> dict[str, Pair]:
        if self._sums is None:
            self._sums = totals(self.of)
        return self._sums

    def bag(self, amount: Pair) -> dict[str, Any]:
        return self.purse.bag(amount)

    def part(self, kind: str, doc: Doc, extra: Any = None) -> Node:
        return Node(kind, doc, self.order, extra, self._sums)


@dataclass
class Session:
    """One request: the books, the shop's settings, and what the answer has to say besides its data."""

    books: Books
    config: Doc
    later: Callable[[float], None] = lambda _: None
    searches: list[dict[str, Any]] = field(default_factory=list)


def order_node(order: Doc) -> Node:
    return Node("Order", order, order)
