"""Products, their stock, and the places it is at."""

from __future__ import annotations

from decimal import Decimal

from graphql import GraphQLError

from channels.twins.shopify import shelf
from channels.twins.shopify.addresses import country_name, formatted
from channels.twins.shopify.books import Doc, gid, number_of
from channels.twins.shopify.fields.lookup import (
    B,
    Resolver,
    by_id,
    constant,
    count,
    grams,
    item_node,
    level_node,
    location_node,
    nothing,
    product_node,
    stock_of,
    variants_of,
)
from channels.twins.shopify.money import fixed
from channels.twins.shopify.node import Node
from channels.twins.shopify.paging import page


def level_id(level: Doc) -> str:
    return f"{gid('InventoryLevel', level['id'])}?inventory_item_id={level['item_id']}"


def quantities(level: Doc, names: list[str]) -> list[Doc]:
    for name in names:
        if name not in shelf.NAMES:
            raise GraphQLError(f"The quantity name '{name}' is invalid.", extensions={"code": "BAD_REQUEST"})
    return [
        {
            "__typename": "InventoryQuantity",
            "id": f"{gid('InventoryQuantity', level['id'])}?inventory_item_id={level['item_id']}&name={name}",
            "name": name,
            "quantity": shelf.quantity(level, name),
            "updatedAt": level["updated_at"],
        }
        for name in names
    ]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


STOCK: dict[str, dict[str, Resolver]] = {
    "Product": {
        "description": lambda p, i, truncateAt=None: p.doc["title"][:truncateAt],
        "descriptionHtml": lambda p, i: p.doc["title"],
        "hasOnlyDefaultVariant": lambda p, i: len(p.doc["variants"]) == 1,
        "hasOutOfStockVariants": lambda p, i: any(stock_of(B(i), v) <= 0 for v in variants_of(B(i), p.doc)),
        "isGiftCard": constant(False),
        "publishedAt": lambda p, i: p.doc["created_at"],
        "totalInventory": lambda p, i: sum(stock_of(B(i), v) for v in variants_of(B(i), p.doc)),
        "tracksInventory": lambda p, i: any(v["tracked"] for v in variants_of(B(i), p.doc)),
        "variants": lambda p, i, sortKey=None, **a: page(
            [Node("ProductVariant", v) for v in variants_of(B(i), p.doc)], a, number=by_id
        ),
        "variantsCount": lambda p, i: count(len(p.doc["variants"])),
    },
    "ProductVariant": {
        "availableForSale": lambda v, i: v.doc["policy"] == "CONTINUE" or stock_of(B(i), v.doc) > 0,
        "barcode": lambda v, i: v.doc["barcode"] or None,
        "compareAtPrice": nothing,
        "displayName": lambda v, i: f"{(B(i).product(v.doc['product_id']) or {})['title']} - Default Title",
        "inventoryItem": lambda v, i: item_node(B(i), v.doc["item_id"]),
        "inventoryPolicy": lambda v, i: v.doc["policy"],
        "inventoryQuantity": lambda v, i: stock_of(B(i), v.doc) if v.doc["tracked"] else None,
        "position": constant(1),
        "price": lambda v, i: fixed(Decimal(v.doc["price"]), i.context.config["currency"]),
        "product": lambda v, i: product_node(B(i), v.doc["product_id"]),
        "sellableOnlineQuantity": lambda v, i: stock_of(B(i), v.doc),
        "taxable": constant(True),
        "title": constant("Default Title"),
    },
    "InventoryItem": {
        "countryCodeOfOrigin": nothing,
        "duplicateSkuCount": constant(0),
        "harmonizedSystemCode": nothing,
        "inventoryLevel": lambda t, i, locationId, includeInactive=False: level_node(
            B(i).level(t.doc["id"], number_of("Location", locationId) or 0)
        ),
        "inventoryLevels": lambda t, i, includeInactive=False, query=None, **a: page(
            [Node("InventoryLevel", level) for level in B(i).levels_of(t.doc["id"])],
            a,
            number=by_id,
            value=lambda _: "",
        ),
        "locationsCount": lambda t, i: count(len(B(i).levels_of(t.doc["id"]))),
        "measurement": lambda t, i: {
            "__typename": "InventoryItemMeasurement",
            "id": gid("InventoryItemMeasurement", t.doc["id"]),
            "weight": grams(t.doc["grams"]),
        },
        "unitCost": nothing,
        "variant": lambda t, i: Node("ProductVariant", t.extra),
    },
    "InventoryLevel": {
        "canDeactivate": lambda x, i: x.doc["committed"] == 0,
        "id": lambda x, i: level_id(x.doc),
        "isActive": constant(True),
        "item": lambda x, i: item_node(B(i), x.doc["item_id"]),
        "location": lambda x, i: location_node(B(i), x.doc["location_id"]),
        "quantities": lambda x, i, names: quantities(x.doc, names),
    },
    "Location": {
        "address": lambda x, i: {
            **{_camel(k): v for k, v in x.doc["address"].items()},
            "country": country_name(x.doc["address"]),
            "formatted": formatted(x.doc["address"]),
        },
        "fulfillsOnlineOrders": lambda x, i: x.doc["active"],
        "hasActiveInventory": lambda x, i: any(
            level["location_id"] == x.doc["id"] for level in B(i).store.scan("levels")
        ),
        "inventoryLevel": lambda x, i, inventoryItemId, includeInactive=False: level_node(
            B(i).level(number_of("InventoryItem", inventoryItemId) or 0, x.doc["id"])
        ),
        "inventoryLevels": lambda x, i, includeInactive=False, query=None, **a: page(
            [
                Node("InventoryLevel", level)
                for level in B(i).store.scan("levels")
                if level["location_id"] == x.doc["id"]
            ],
            a,
            number=by_id,
            value=lambda _: "",
        ),
        "isActive": lambda x, i: x.doc["active"],
        "isFulfillmentService": constant(False),
        "shipsInventory": lambda x, i: x.doc["active"],
        "updatedAt": lambda x, i: x.doc["created_at"],
    },
    "InventoryAdjustmentGroup": {
        "app": nothing,
        "changes": lambda x, i, inventoryItemIds=None, locationIds=None, quantityNames=None: [
            {
                "delta": row["delta"],
                "item": item_node(B(i), row["item_id"]),
                "ledgerDocumentUri": None,
                "location": location_node(B(i), row["location_id"]),
                "name": row["name"],
                "quantityAfterChange": row["after"],
            }
            for row in x.doc["changes"]
            if (inventoryItemIds is None or gid("InventoryItem", row["item_id"]) in inventoryItemIds)
            and (locationIds is None or gid("Location", row["location_id"]) in locationIds)
            and (quantityNames is None or row["name"] in quantityNames)
        ],
    },
}
