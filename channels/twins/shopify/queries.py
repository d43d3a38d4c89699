"""The root of queries: one thing by its id, or a page of what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from graphql import GraphQLError

from channels.twins.shopify import ids
from channels.twins.shopify.books import GID, Books, Doc, gid
from channels.twins.shopify.node import Node, Session, order_node
from channels.twins.shopify.paging import page
from channels.twins.shopify.search import Field, Search, compile_search
from channels.twins.shopify.searchable import (
    ITEM_SEARCH,
    JOB_SEARCH,
    ORDER_SEARCH,
    ORDER_SORT,
    PRODUCT_SEARCH,
    PRODUCT_SORT,
    VARIANT_SEARCH,
    VARIANT_SORT,
    key,
)

Row = dict[str, Any]


def searched(
    session: Session,
    root: str,
    query: str | None,
    fields: dict[str, Field],
    default: Callable[[Any], Any],
    rows: Iterable[Any],
) -> list[Any]:
    """The rows a search finds; what it did not understand goes into ``extensions.search``, as Shopify does."""
    if not query:
        return list(rows)
    search: Search = compile_search(query, fields, default)
    if search.warnings:
        session.searches.append({"path": [root], "query": query, "warnings": search.warnings})
    return [row for row in rows if search.test(row)]


def orders(
    _root: Any, info: Any, query: str | None = None, sortKey: str = "PROCESSED_AT", **args: Any
) -> Row:
    session: Session = info.context
    found = searched(
        session,
        info.path.key,
        query,
        ORDER_SEARCH,
        lambda o: f"{o['name']} {o['email']}",
        session.books.orders(),
    )
    return page(found, args, number=lambda o: o["id"], value=ORDER_SORT[sortKey], wrap=order_node)


def orders_count(_root: Any, info: Any, query: str | None = None, limit: int | None = 10000, **_: Any) -> Row:
    session: Session = info.context
    found = len(
        searched(session, info.path.key, query, ORDER_SEARCH, lambda o: o["name"], session.books.orders())
    )
    if limit is not None and found > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": found, "precision": "EXACT"}


def products(_root: Any, info: Any, query: str | None = None, sortKey: str = "ID", **args: Any) -> Row:
    session: Session = info.context
    found = searched(
        session,
        info.path.key,
        query,
        PRODUCT_SEARCH,
        lambda p: p["title"],
        session.books.store.scan("products"),
    )
    return page(
        found, args, number=lambda p: p["id"], value=PRODUCT_SORT[sortKey], wrap=lambda p: Node("Product", p)
    )


def product_variants(
    _root: Any, info: Any, query: str | None = None, sortKey: str = "ID", **args: Any
) -> Row:
    session: Session = info.context
    found = searched(
        session,
        info.path.key,
        query,
        VARIANT_SEARCH,
        lambda v: v["sku"],
        session.books.store.scan("variants"),
    )
    return page(
        found,
        args,
        number=lambda v: v["id"],
        value=VARIANT_SORT.get(sortKey, lambda _: ""),
        wrap=lambda v: Node("ProductVariant", v),
    )


def inventory_items(_root: Any, info: Any, query: str | None = None, **args: Any) -> Row:
    session: Session = info.context
    found = searched(
        session, info.path.key, query, ITEM_SEARCH, lambda v: v["sku"], session.books.store.scan("variants")
    )
    return page(found, args, number=lambda v: v["item_id"], value=lambda _: "", wrap=_item)


def _item(variant: Doc) -> Node:
    return Node("InventoryItem", {**variant, "id": variant["item_id"]}, extra=variant)


def locations(
    _root: Any,
    info: Any,
    includeInactive: bool = False,
    includeLegacy: bool = False,
    query: str | None = None,
    sortKey: str = "NAME",
    **args: Any,
) -> Row:
    session: Session = info.context
    fields = {"name": key("text", "name"), "id": key("id", "id")}
    found = searched(session, info.path.key, query, fields, lambda p: p["name"], session.books.locations())
    return page(
        [place for place in found if place["active"] or includeInactive],
        args,
        number=lambda p: p["id"],
        value=lambda p: p["name"] if sortKey == "NAME" else "",
        wrap=lambda p: Node("Location", p),
    )


def fulfillment_orders(
    _root: Any,
    info: Any,
    includeClosed: bool = False,
    query: str | None = None,
    sortKey: str = "ID",
    **args: Any,
) -> Row:
    session: Session = info.context
    jobs = [
        Node("FulfillmentOrder", job, order)
        for order in session.books.orders()
        for job in order["fulfillment_orders"]
        if includeClosed or job["status"] not in ("CLOSED", "CANCELLED")
    ]
    found = searched(session, info.path.key, query, JOB_SEARCH, lambda node: "", jobs)
    return page(
        found,
        args,
        number=lambda node: node.doc["id"],
        value=lambda node: node.doc["updated_at"] if sortKey == "UPDATED_AT" else "",
    )


def webhook_subscriptions(
    _root: Any,
    info: Any,
    topics: list[str] | None = None,
    uri: str | None = None,
    callbackUrl: str | None = None,
    format: str | None = None,
    query: str | None = None,
    sortKey: str = "CREATED_AT",
    **args: Any,
) -> Row:
    session: Session = info.context
    wanted = uri or callbackUrl
    rows = [
        row
        for row in session.books.store.scan("webhook_subscriptions")
        if (not topics or row["topic"] in topics) and (not wanted or row["uri"] == wanted) and format != "XML"
    ]
    return page(
        rows,
        args,
        number=lambda row: row["id"],
        value=lambda row: "",
        wrap=lambda row: Node("WebhookSubscription", row),
    )


def _part(books: Books, kind: str, part: str, number: int) -> Node | None:
    order = books.order_with(number)
    row = next((row for row in order[part] if row["id"] == number), None) if order else None
    return Node(kind, row, order) if row else None


PARTS = {
    "Fulfillment": "fulfillments",
    "FulfillmentOrder": "fulfillment_orders",
    "LineItem": "lines",
    "OrderTransaction": "transactions",
    "Refund": "refunds",
    "Return": "returns",
}


def thing(books: Books, kind: str, number: int) -> Node | None:
    """Anything with an id, by its kind."""
    if kind in PARTS:
        return _part(books, kind, PARTS[kind], number)
    match kind:
        case "Order":
            order = books.order(number)
            return order_node(order) if order else None
        case "InventoryItem":
            variant = books.variant_of_item(number)
            return _item(variant) if variant else None
        case "InventoryLevel":
            level = next((row for row in books.store.scan("levels") if row["id"] == number), None)
            return Node("InventoryLevel", level) if level else None
    collection = {
        "Customer": "customers",
        "Location": "locations",
        "Product": "products",
        "ProductVariant": "variants",
        "WebhookSubscription": "webhook_subscriptions",
    }.get(kind)
    found = books.store.get(collection, number) if collection else None
    return Node(kind, found) if found else None


def one(kind: str) -> Callable[..., Node | None]:
    def resolve(_root: Any, info: Any, id: str) -> Node | None:
        session: Session = info.context
        return thing(session.books, kind, ids.number(kind, id))

    return resolve


def node(_root: Any, info: Any, id: str) -> Node | Row | None:
    found = GID.match(id)
    if found is None:
        raise GraphQLError(f"Invalid global id '{id}'", extensions={"code": "INVALID_GLOBAL_ID"})
    session: Session = info.context
    return thing(session.books, found[1], int(found[2]))


def location(_root: Any, info: Any, id: str | None = None) -> Node | None:
    session: Session = info.context
    if id is None:
        return Node("Location", session.books.locations()[0])
    return thing(session.books, "Location", ids.number("Location", id))


def job(_root: Any, info: Any, id: str) -> Row | None:
    session: Session = info.context
    found = session.books.store.get("jobs", id.rpartition("/")[2])
    return {"id": id, "done": found["done"], "query": {}} if found else None


def shop(_root: Any, info: Any) -> Row:
    session: Session = info.context
    config = session.config
    return {
        "__typename": "Shop",
        "id": gid("Shop", 1),
        "name": config["shop_name"],
        "email": f"owner@{config['shop_domain']}",
        "contactEmail": f"hello@{config['shop_domain']}",
        "createdAt": "2020-01-01T00:00:00Z",
        "updatedAt": "2020-01-01T00:00:00Z",
        "currencyCode": config["currency"],
        "enabledPresentmentCurrencies": sorted({config["currency"], "EUR", "GBP", "USD"}),
        "ianaTimezone": "Etc/UTC",
        "timezoneOffsetMinutes": 0,
        "myshopifyDomain": config["shop_domain"],
        "taxesIncluded": config["taxes_included"],
        "url": f"https://{config['shop_domain']}",
        "weightUnit": "GRAMS",
        "plan": {"partnerDevelopment": True, "publicDisplayName": "Development", "shopifyPlus": False},
        "primaryDomain": {
            "__typename": "Domain",
            "id": gid("Domain", 1),
            "host": config["shop_domain"],
            "sslEnabled": True,
            "url": f"https://{config['shop_domain']}",
        },
    }


QUERIES: dict[str, Callable[..., Any]] = {
    "customer": one("Customer"),
    "fulfillment": one("Fulfillment"),
    "fulfillmentOrder": one("FulfillmentOrder"),
    "fulfillmentOrders": fulfillment_orders,
    "inventoryItem": one("InventoryItem"),
    "inventoryItems": inventory_items,
    "inventoryLevel": one("InventoryLevel"),
    "job": job,
    "location": location,
    "locations": locations,
    "node": node,
    "nodes": lambda root, info, ids: [node(root, info, id) for id in ids],
    "order": one("Order"),
    "orders": orders,
    "ordersCount": orders_count,
    "product": one("Product"),
    "productVariant": one("ProductVariant"),
    "productVariants": product_variants,
    "products": products,
    "refund": one("Refund"),
    "return": one("Return"),
    "shop": shop,
    "webhookSubscription": one("WebhookSubscription"),
    "webhookSubscriptions": webhook_subscriptions,
}
