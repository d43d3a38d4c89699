"""Webhook bodies, in the shape of Shopify's older REST resources, and their headers.

A body is made when the thing happened and never again: a retry carries the original one.
"""

from __future__ import annotations

from typing import Any

from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.hooks.orders import order_body
from channels.twins.shopify.hooks.parcels import fulfillment_body, refund_body, return_body
from channels.twins.shopify.hooks.signing import headers, serialise, topic_name, unique
from channels.twins.shopify.hooks.stock import level_body, product_body

__all__ = ["body_of", "headers", "serialise", "topic_name", "unique"]


def body_of(books: Books, config: Doc, event: Doc) -> Doc | None:
    """What an announced event says; ``None`` when its subject is gone."""
    topic = event["topic"]
    resource = topic.split("/")[0]
    if topic == "orders/edited":
        return {"order_edit": event["edit"]}
    if resource == "orders":
        order = books.order(event["key"])
        return order_body(books, config, order) if order else None
    if resource == "products":
        product = books.product(event["key"])
        return product_body(books, config, product) if product else None
    if resource == "inventory_levels":
        item, _, place = str(event["key"]).partition(":")
        level = books.level(int(item), int(place))
        return level_body(level) if level else None
    order = books.order(event["order_id"])
    if order is None:
        return None
    match resource:
        case "refunds":
            return refund_body(order, _row(order, "refunds", event["key"]))
        case "fulfillments":
            return fulfillment_body(order, _row(order, "fulfillments", event["key"]))
        case "returns":
            return return_body(order, _row(order, "returns", event["key"]))
    raise LookupError(topic)


def _row(order: Doc, part: str, number: Any) -> Doc:
    return next(row for row in order[part] if row["id"] == number)
