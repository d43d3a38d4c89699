"""New products and variations, and what may be changed of them."""

from __future__ import annotations

import re
from typing import Any

from channels.twins.woocommerce.shop import Shop, settle_stock
from channels.twins.woocommerce.wordpress import Arg, RestError, check_meta

STOCK = {
    "manage_stock": Arg("boolean"),
    "stock_quantity": Arg("integer"),
    "stock_status": Arg(enum=("instock", "outofstock", "onbackorder")),
    "backorders": Arg(enum=("no", "notify", "yes")),
}
SHARED = {
    **STOCK,
    "sku": Arg(),
    "global_unique_id": Arg(),
    "description": Arg(),
    "regular_price": Arg(),
    "sale_price": Arg(),
    "status": Arg(enum=("draft", "pending", "private", "publish", "future", "auto-draft", "trash")),
    "weight": Arg(),
    "virtual": Arg("boolean"),
    "tax_status": Arg(enum=("taxable", "shipping", "none")),
    "tax_class": Arg(),
    "meta_data": Arg("array"),
    "inventory_delta": Arg("integer"),
}
PRODUCT = {
    **SHARED,
    "name": Arg(),
    "short_description": Arg(),
    "type": Arg(enum=("simple", "grouped", "external", "variable")),
}
# A variation may leave its stock to its product.
VARIATION = {**SHARED, "manage_stock": Arg("mixed")}


def new_product(shop: Shop, fields: dict[str, Any]) -> dict[str, Any]:
    """A product with WooCommerce's defaults and these fields, saved and announced."""
    number = shop.new_id("product")
    stamp = shop.now()
    name = fields.get("name") or "Product"
    product: dict[str, Any] = {
        "id": number,
        "name": name,
        "slug": re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or str(number),
        "date_created_gmt": stamp,
        "date_modified_gmt": stamp,
        "type": fields.get("type") or "simple",
        "featured": False,
        "catalog_visibility": "visible",
        "short_description": "",
        "price_html": "",
        "total_sales": 0,
        "external_url": "",
        "button_text": "",
        "sold_individually": False,
        "reviews_allowed": True,
        "average_rating": "0.00",
        "rating_count": 0,
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": 0,
        "purchase_note": "",
        "categories": [{"id": 15, "name": "Uncategorized", "slug": "uncategorized"}],
        "brands": [],
        "tags": [],
        "images": [],
        "attributes": [],
        "default_attributes": [],
        "variations": [],
        "grouped_products": [],
        "related_ids": [],
        "shipping_required": True,
        "shipping_taxable": True,
        "has_options": False,
        "post_password": "",
        **_common(),
    }
    change(shop, "product", product, fields, "product.created")
    return product


def new_variation(shop: Shop, parent: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """``fields`` as for a product, with ``option``: what distinguishes it."""
    number = shop.new_id("variation")
    stamp = shop.now()
    variation: dict[str, Any] = {
        "id": number,
        "type": "variation",
        "parent_id": parent["id"],
        "name": fields.get("option", ""),
        "date_created_gmt": stamp,
        "date_modified_gmt": stamp,
        "image": None,
        "attributes": [{"id": 0, "name": "Option", "slug": "Option", "option": fields.get("option", "")}],
        **_common(),
    }
    change(shop, "variation", variation, {**fields, "name": variation["name"]}, None)
    parent["type"] = "variable"
    parent["has_options"] = True
    parent["variations"].append(number)
    shop.store.put("product", parent["id"], parent)
    return variation


def _common() -> dict[str, Any]:
    return {
        "status": "publish",
        "description": "",
        "sku": "",
        "global_unique_id": "",
        "price": "",
        "regular_price": "",
        "sale_price": "",
        "date_on_sale_from_gmt": None,
        "date_on_sale_to_gmt": None,
        "on_sale": False,
        "purchasable": False,
        "virtual": False,
        "downloadable": False,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": "taxable",
        "tax_class": "",
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_class": "",
        "shipping_class_id": 0,
        "menu_order": 0,
        "meta_data": [],
    }


def change(
    shop: Shop,
    kind: str,
    item: dict[str, Any],
    fields: dict[str, Any],
    topic: str | None = "product.updated",
    by: str = "api",
) -> None:
    """Apply checked fields, save and announce. Raises ``RestError`` for a SKU in use."""
    sku = fields.get("sku")
    if sku is not None and sku != item["sku"]:
        _take_sku(shop, kind, item, sku)
    for name in (
        "name",
        "description",
        "short_description",
        "global_unique_id",
        "regular_price",
        "sale_price",
        "status",
        "weight",
        "virtual",
        "tax_status",
        "tax_class",
        "backorders",
        "stock_status",
    ):
        if fields.get(name) is not None and name in item:
            item[name] = fields[name]
    if fields.get("manage_stock") is not None:
        item["manage_stock"] = fields["manage_stock"]
    check_meta(fields.get("meta_data"))
    for meta in fields.get("meta_data") or []:
        shop.meta(item, meta["key"], meta.get("value"), meta.get("id"))
    item["on_sale"] = bool(item["sale_price"])
    item["price"] = item["sale_price"] or item["regular_price"]
    item["purchasable"] = item["status"] == "publish" and item["price"] != ""
    if "shipping_required" in item:
        item["shipping_required"] = not item["virtual"]
    quantity = fields.get("stock_quantity")
    if quantity is None and fields.get("inventory_delta"):
        quantity = int(item["stock_quantity"] or 0) + fields["inventory_delta"]
    before = item["stock_quantity"]
    # A quantity for an item whose stock is not managed is dropped without a word, as the real shop does.
    if item["manage_stock"] is True and quantity is not None:
        item["stock_quantity"] = quantity
    settle_stock(item)
    item["date_modified_gmt"] = shop.now()
    shop.store.put(kind, item["id"], item)
    product_id = item["id"] if kind == "product" else item["parent_id"]
    if item["manage_stock"] is True and quantity is not None:
        shop.log(
            "stock",
            product=product_id,
            variation=item["id"] if kind == "variation" else 0,
            sku=item["sku"],
            before=before,
            after=quantity,
            by=by,
            order=None,
        )
    if topic:
        shop.tell(topic, product_id)


def _take_sku(shop: Shop, kind: str, item: dict[str, Any], sku: str) -> None:
    owner = shop.store.get("sku", sku) if sku else None
    if owner:
        raise RestError(
            "product_invalid_sku",
            "Invalid or duplicated SKU.",
            data={"status": 400, "resource_id": owner["id"], "unique_sku": f"{sku}-1"},
        )
    if item["sku"]:
        shop.store.delete("sku", item["sku"])
    item["sku"] = sku
    if sku:
        shop.store.put("sku", sku, {"kind": kind, "id": item["id"]})


def remove(shop: Shop, kind: str, item: dict[str, Any]) -> None:
    shop.store.delete(kind, item["id"])
    if item["sku"]:
        shop.store.delete("sku", item["sku"])
    for variation in item.get("variations", []):
        if child := shop.store.get("variation", variation):
            remove(shop, "variation", child)
    if kind == "product":
        shop.tell("product.deleted", item["id"])


def by_sku(shop: Shop, sku: str) -> tuple[str, dict[str, Any]] | None:
    found = shop.store.get("sku", sku) if sku else None
    return (found["kind"], shop.store.get(found["kind"], found["id"])) if found else None
