"""What can be searched for and sorted by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from channels.twins.shopify import sums
from channels.twins.shopify.books import Doc
from channels.twins.shopify.search import Field


def _statuses(order: Doc) -> list[str]:
    if order["cancelled_at"]:
        return ["cancelled", "any"]
    return ["closed", "any"] if order["closed_at"] else ["open", "not_closed", "any"]


def _fulfilment_words(order: Doc) -> list[str]:
    status = sums.fulfillment_status(order).lower()
    more = {
        "partially_fulfilled": ["partial"],
        "unfulfilled": ["unshipped"],
        "fulfilled": ["shipped"],
    }
    return [status, *more.get(status, [])]


def key(kind: str, name: str) -> Field:
    return Field(kind, lambda doc: doc.get(name))


ORDER_SEARCH = {
    "created_at": key("time", "created_at"),
    "processed_at": key("time", "processed_at"),
    "updated_at": key("time", "updated_at"),
    "id": key("id", "id"),
    "customer_id": key("id", "customer_id"),
    "email": key("text", "email"),
    "name": Field("text", lambda o: [o["name"], o["name"].lstrip("#")]),
    "po_number": key("text", "po_number"),
    "source_name": key("text", "source_name"),
    "tag": key("text", "tags"),
    "sku": Field("text", lambda o: [line["sku"] for line in o["lines"]]),
    "status": Field("text", _statuses),
    "financial_status": Field("text", lambda o: sums.financial_status(o, sums.totals(o))),
    "fulfillment_status": Field("text", _fulfilment_words),
    "return_status": Field("text", sums.return_status),
    "risk_level": Field("text", lambda o: o["risk"]["level"]),
    "discount_code": Field("text", lambda o: [d["code"] for d in o["discounts"] if d["code"]]),
    "test": Field("text", lambda o: str(o["test"])),
}


PRODUCT_SEARCH = {
    "created_at": key("time", "created_at"),
    "updated_at": key("time", "updated_at"),
    "id": key("id", "id"),
    "title": key("text", "title"),
    "handle": key("text", "handle"),
    "vendor": key("text", "vendor"),
    "status": key("text", "status"),
    "tag": key("text", "tags"),
    "sku": key("text", "sku"),
    "barcode": key("text", "barcode"),
}


VARIANT_SEARCH = {
    "updated_at": key("time", "updated_at"),
    "id": key("id", "id"),
    "product_id": key("id", "product_id"),
    "product_ids": key("id", "product_id"),
    "sku": key("text", "sku"),
    "barcode": key("text", "barcode"),
    "title": Field("text", lambda v: "Default Title"),
}


ITEM_SEARCH = {
    "created_at": key("time", "created_at"),
    "updated_at": key("time", "updated_at"),
    "id": key("id", "item_id"),
    "sku": key("text", "sku"),
}


JOB_SEARCH: dict[str, Field] = {
    "id": Field("id", lambda node: node.doc["id"]),
    "status": Field("text", lambda node: node.doc["status"]),
    "updated_at": Field("time", lambda node: node.doc["updated_at"]),
}


ORDER_SORT: dict[str, Callable[[Doc], Any]] = {
    "CREATED_AT": lambda o: o["created_at"],
    "ID": lambda o: "",
    "ORDER_NUMBER": lambda o: o["number"],
    "PROCESSED_AT": lambda o: o["processed_at"],
    "UPDATED_AT": lambda o: o["updated_at"],
}


PRODUCT_SORT: dict[str, Callable[[Doc], Any]] = {
    "CREATED_AT": lambda p: p["created_at"],
    "ID": lambda p: "",
    "INVENTORY_TOTAL": lambda p: 0,
    "TITLE": lambda p: p["title"],
    "UPDATED_AT": lambda p: p["updated_at"],
}


VARIANT_SORT: dict[str, Callable[[Doc], Any]] = {
    "SKU": lambda v: v["sku"],
    "INVENTORY_QUANTITY": lambda v: 0,
}
