"""The shop's goods and places: seeding, counting, renaming."""

from __future__ import annotations

from channels.twins.shopify import sale, shelf
from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.merchant.telling import only
from oms.twinkit.server import Refused

HOME = {
    "address1": "1 Shop Street",
    "address2": None,
    "city": "London",
    "province": None,
    "province_code": None,
    "zip": "E1 6AN",
    "country_code": "GB",
    "phone": None,
}


def add_location(books: Books, name: str, address: Doc | None = None) -> Doc:
    place = {
        "id": books.new_id(),
        "name": name,
        "active": True,
        "address": HOME | (address or {}),
        "created_at": books.now,
    }
    books.store.put("locations", place["id"], place)
    return place


def seed_products(books: Books, config: Doc, args: Doc) -> Doc:
    """Make what is not there yet, by SKU; what is there is left as it is. ``stock`` is a number (at the first
    location) or ``{location name: number}``; unknown locations are opened."""
    only(args, "products", "locations")
    made = 0
    for entry in args.get("locations") or ():
        given = entry if isinstance(entry, dict) else {"name": entry}
        if books.location_named(given["name"]) is None:
            add_location(books, given["name"], given.get("address"))
    known = {}
    for given in args.get("products") or ():
        variant = books.variant_by_sku(given["sku"])
        if variant is None:
            variant = _make_product(books, given)
            made += 1
        known[given["sku"]] = {
            "product_id": gid("Product", variant["product_id"]),
            "variant_id": gid("ProductVariant", variant["id"]),
            "inventory_item_id": gid("InventoryItem", variant["item_id"]),
        }
    places = {place["name"]: gid("Location", place["id"]) for place in books.locations()}
    return {"made": made, "products": known, "locations": places}


def _make_product(books: Books, given: Doc) -> Doc:
    only(
        given, "sku", "name", "price", "stock", "weight_g", "barcode", "backorders", "vendor", "tracked",
        "requires_shipping", "product_type",
    )  # fmt: skip
    now, product_id = books.now, books.new_id()
    variant = {
        "id": books.new_id(),
        "product_id": product_id,
        "item_id": books.new_id(),
        "sku": given["sku"],
        "price": f"{sale.amount(given.get('price', 0), 'price'):.2f}",
        "barcode": given.get("barcode") or "",
        "policy": "CONTINUE" if given.get("backorders") else "DENY",
        "tracked": given.get("tracked", True),
        "requires_shipping": given.get("requires_shipping", True),
        "grams": int(given.get("weight_g") or 0),
        "created_at": now,
        "updated_at": now,
    }
    name = given.get("name") or given["sku"]
    product = {
        "id": product_id,
        "title": name,
        "sku": given["sku"],
        "barcode": variant["barcode"],
        "handle": f"{name}-{given['sku']}".lower().replace(" ", "-"),
        "status": "ACTIVE",
        "vendor": given.get("vendor") or "",
        "product_type": given.get("product_type") or "",
        "tags": [],
        "variants": [variant["id"]],
        "created_at": now,
        "updated_at": now,
    }
    books.save_product(product)
    books.save_variant(variant)
    stock = given.get("stock", 0)
    for name, units in (stock if isinstance(stock, dict) else {books.locations()[0]["name"]: stock}).items():
        place = books.location_named(name) or add_location(books, name)
        shelf.open_level(books, variant["item_id"], place["id"], int(units))
    books.announce("products/create", product_id)
    return variant


def set_stock(books: Books, config: Doc, args: Doc) -> Doc:
    """Somebody at the shop counts: ``{sku, available, location?}``."""
    only(args, "sku", "available", "location")
    variant = books.variant_by_sku(args["sku"])
    if variant is None:
        raise Refused(f"The shop has no {args['sku']}.")
    place = books.location_named(args["location"]) if args.get("location") else books.locations()[0]
    if place is None:
        raise Refused(f"The shop has no location {args['location']}.")
    item = variant["item_id"]
    level = books.level(item, place["id"]) or shelf.open_level(books, item, place["id"])
    level["available"] = int(args["available"])
    books.save_level(level)
    return {"sku": args["sku"], "available": level["available"]}


def update_product(books: Books, config: Doc, args: Doc) -> Doc:
    """``{sku, new_sku?, name?, price?, barcode?, weight_g?}``."""
    only(args, "sku", "new_sku", "name", "price", "barcode", "weight_g")
    variant = books.variant_by_sku(args["sku"])
    product = books.product(variant["product_id"]) if variant else None
    if variant is None or product is None:
        raise Refused(f"The shop has no {args['sku']}.")
    variant["sku"] = product["sku"] = args.get("new_sku", variant["sku"])
    variant["price"] = str(args.get("price", variant["price"]))
    variant["barcode"] = product["barcode"] = args.get("barcode", variant["barcode"])
    variant["grams"] = int(args.get("weight_g", variant["grams"]) or 0)
    product["title"] = args.get("name", product["title"])
    variant["updated_at"] = product["updated_at"] = books.now
    books.save_variant(variant)
    books.save_product(product)
    books.announce("products/update", product["id"])
    return {"sku": variant["sku"], "name": product["title"]}
