"""Bodies of stock levels and products."""

from __future__ import annotations

from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.fields.lookup import stock_of, variants_of
from channels.twins.shopify.hooks.rows import (
    when,
)


def level_body(level: Doc) -> Doc:
    return {
        "inventory_item_id": level["item_id"],
        "location_id": level["location_id"],
        "available": level["available"],
        "updated_at": when(level["updated_at"]),
        "admin_graphql_api_id": f"{gid('InventoryLevel', level['id'])}?inventory_item_id={level['item_id']}",
    }


def product_body(books: Books, config: Doc, product: Doc) -> Doc:
    rows = variants_of(books, product)
    return {
        "id": product["id"],
        "admin_graphql_api_id": gid("Product", product["id"]),
        "body_html": product["title"],
        "created_at": when(product["created_at"]),
        "handle": product["handle"],
        "product_type": product["product_type"],
        "published_at": when(product["created_at"]),
        "template_suffix": None,
        "title": product["title"],
        "updated_at": when(product["updated_at"]),
        "vendor": product["vendor"],
        "status": product["status"].lower(),
        "published_scope": "web",
        "tags": ", ".join(product["tags"]),
        "variants": [
            {
                "id": row["id"],
                "admin_graphql_api_id": gid("ProductVariant", row["id"]),
                "barcode": row["barcode"] or None,
                "compare_at_price": None,
                "created_at": when(row["created_at"]),
                "inventory_policy": row["policy"].lower(),
                "position": 1,
                "price": row["price"],
                "product_id": product["id"],
                "sku": row["sku"],
                "taxable": True,
                "title": "Default Title",
                "updated_at": when(row["updated_at"]),
                "option1": "Default Title",
                "option2": None,
                "option3": None,
                "image_id": None,
                "inventory_item_id": row["item_id"],
                "inventory_quantity": stock_of(books, row),
                "old_inventory_quantity": stock_of(books, row),
            }
            for row in rows
        ],
        "options": [],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", row["id"]), "updated_at": when(row["updated_at"])}
            for row in rows
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }
