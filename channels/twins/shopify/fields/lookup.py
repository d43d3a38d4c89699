"""Finding the things that fields lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.node import Node, Session
from channels.twins.shopify.paging import page

Resolver = Callable[..., Any]


def by_id(row: Node | Doc) -> int:
    return int(row.doc["id"] if isinstance(row, Node) else row["id"])


def listed(source: Node, kind: str, rows: list[Doc], args: Doc, extra: Any = None) -> Doc:
    """A connection over a list in the order's document."""
    return page(rows, args, number=by_id, wrap=lambda row: source.part(kind, row, extra))


def find(rows: list[Doc], number: int | None) -> Doc:
    return next(row for row in rows if row["id"] == number)


def some(rows: list[Doc], first: int | None) -> list[Doc]:
    return rows if first is None else rows[:first]


def B(info: Any) -> Books:
    session: Session = info.context
    return session.books


def nothing(_source: Any, _info: Any, **_args: Any) -> None:
    return None


def constant(value: Any) -> Resolver:
    return lambda _source, _info, **_args: value


def count(number: int) -> Doc:
    return {"count": number, "precision": "EXACT"}


def grams(weight: int) -> Doc:
    return {"unit": "GRAMS", "value": float(weight)}


def address_node(address: Doc | None) -> Node | None:
    return Node("MailingAddress", address) if address else None


def location_node(books: Books, number: int | None) -> Node | None:
    place = books.location(number)
    return Node("Location", place) if place else None


def variant_node(books: Books, number: int | None) -> Node | None:
    variant = books.variant(number)
    return Node("ProductVariant", variant) if variant else None


def item_node(books: Books, item: int | None) -> Node | None:
    variant = books.variant_of_item(item)
    return Node("InventoryItem", {**variant, "id": variant["item_id"]}, extra=variant) if variant else None


def product_node(books: Books, number: int | None) -> Node | None:
    product = books.product(number)
    return Node("Product", product) if product else None


def level_node(level: Doc | None) -> Node | None:
    return Node("InventoryLevel", level) if level else None


def variants_of(books: Books, product: Doc) -> list[Doc]:
    return [variant for number in product["variants"] if (variant := books.variant(number))]


def stock_of(books: Books, variant: Doc) -> int:
    return sum(level["available"] for level in books.levels_of(variant["item_id"]))


def line_node(source: Node, number: int) -> Node:
    return source.part("LineItem", find(source.of["lines"], number))
