"""The hands of the shopper and of the shop's own people: what happens at a shop without the app's doing.

Orders are named by number (``1001``), name (``"#1001"``) or id. Verbs answer with plain facts of what is now.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from channels.twins.shopify import sale, shelf, sums
from channels.twins.shopify.books import Books, Doc, gid, number_of
from channels.twins.shopify.cancelling import cancel_order, refuse_cancel
from channels.twins.shopify.money import Pair, Purse
from channels.twins.shopify.refunding import make_refund, take_off
from oms.twinkit.server import Refused

Verb = Callable[[Books, Doc, Doc], Doc]

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
    _only(args, "products", "locations")
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
    _only(
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
    _only(args, "sku", "available", "location")
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
    _only(args, "sku", "new_sku", "name", "price", "barcode", "weight_g")
    variant = books.variant_by_sku(args["sku"])
    product = books.product(variant["product_id"]) if variant else None
    if variant is None or product is None:
        raise Refused(f"The shop has no {args['sku']}.")
    variant["sku"] = product["sku"] = args.get("new_sku", variant["sku"])
    variant["price"] = str(args.get("price", variant["price"]))
    variant["barcode"] = product["barcode"] = args.get("barcode", variant["barcode"])
    variant["grams"] = int(args.get("weight_g", variant["grams"]))
    product["title"] = args.get("name", product["title"])
    variant["updated_at"] = product["updated_at"] = books.now
    books.save_variant(variant)
    books.save_product(product)
    books.announce("products/update", product["id"])
    return {"sku": variant["sku"], "name": product["title"]}


PLACE = (
    "email", "phone", "shipping_address", "billing_address", "lines", "shipping", "fees", "discount", "currency", "rate",
    "payment", "placed_at", "number", "name", "client_ip", "risk", "taxes_included", "tax_rate", "tax_title",
    "wrong_total", "note", "tags", "attributes", "test", "source_name", "po_number",
)  # fmt: skip
PLACE_LINE = (
    "sku", "quantity", "title", "price", "custom", "gift_card", "requires_shipping", "taxable", "tax_rate",
    "discount", "attributes", "weight_g",
)  # fmt: skip


def place(books: Books, config: Doc, args: Doc) -> Doc:
    """A shopper buys. Raises ``Refused`` when the shop does not have it."""
    _only(args, *PLACE)
    for line in args.get("lines") or ():
        _only(line, *PLACE_LINE)
    return told(sale.make_order(books, config, args))


def place_many(books: Books, config: Doc, args: Doc) -> Doc:
    """``{orders: [...]}``; each by itself: what the shop refuses is listed with its reason, the rest stands."""
    _only(args, "orders")
    placed, refused = [], []
    for place_in_list, given in enumerate(args["orders"]):
        try:
            placed.append(place(books, config, given))
        except Refused as error:
            refused.append({"index": place_in_list, "number": given.get("number"), "error": str(error)})
    return {"placed": placed, "refused": refused}


def pay(books: Books, config: Doc, args: Doc) -> Doc:
    """An authorised payment is captured, a pending one comes in: ``{order, amount?}``."""
    _only(args, "order", "amount")
    order = find(books, args["order"])
    total = sums.totals(order)
    purse = Purse.of(order)
    if order["cancelled_at"] or total["outstanding"].p <= 0:
        raise Refused(f"There is nothing to pay on {order['name']}.")
    money = purse.pair(sale.amount(args["amount"], "amount")) if "amount" in args else total["outstanding"]
    held = next((t for t in order["transactions"] if t["kind"] == "AUTHORIZATION"), None)
    if held is not None:
        sale.new_transaction(books, order, "CAPTURE", money, gateway=held["gateway"], parent=held["id"])
    else:
        waiting = next((t for t in order["transactions"] if t["status"] == "PENDING"), None)
        gateway = waiting["gateway"] if waiting else sale.MANUAL
        if waiting:
            waiting["status"] = "FAILURE"
        sale.new_transaction(books, order, "SALE", money, gateway=gateway)
    paid = sums.totals(order)["outstanding"].p <= 0
    if paid:
        sale.ship_gift_cards(books, order)
    books.save_order(order, *(["orders/paid"] if paid else []))
    return told(order)


def cancel(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, reason?, restock?, refund?}``; the shop restocks and refunds by default."""
    _only(args, "order", "reason", "restock", "refund")
    order = find(books, args["order"])
    refused = refuse_cancel(order)
    if refused:
        raise Refused(f"{order['name']}: {refused}.")
    cancel_order(
        books,
        order,
        reason=(args.get("reason") or "customer").upper(),
        restock=args.get("restock", True),
        refund=args.get("refund", True),
    )
    return told(order)


def change_address(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, shipping_address}``."""
    _only(args, "order", "shipping_address")
    order = find(books, args["order"])
    order["shipping_address"] = sale.address(books, args["shipping_address"])
    books.save_order(order)
    return told(order)


def edit_lines(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, lines: [{line|sku, quantity}], restock?, note?}``: ``quantity`` is what is still wanted."""
    _only(args, "order", "lines", "restock", "note", "refund")
    order = find(books, args["order"])
    if order["cancelled_at"]:
        raise Refused(f"{order['name']} is cancelled.")
    removals = []
    for given in args["lines"]:
        line = find_line(order, given)
        less = sums.current(line) - int(given["quantity"])
        if less < 0 or less > sums.unfulfilled(order, line["id"]):
            raise Refused("Only units that are not shipped can be taken off, and none added.")
        if less:
            take_off(books, order, line, less, restock=args.get("restock", True))
            line["removed"] += less
            removals.append({"id": line["id"], "delta": -less})
    if not removals:
        raise Refused("Nothing to change.")
    order["edits"] += 1
    books.save_order(order)
    nothing: Doc = {"additions": [], "removals": []}
    now = books.now.replace("Z", "+00:00")
    edit = {
        "id": books.new_id(),
        "app_id": None,
        "created_at": now,
        "committed_at": now,
        "notify_customer": False,
        "order_id": order["id"],
        "staff_note": args.get("note") or "",
        "user_id": None,
        "discounts": {"line_item": nothing},
        "line_items": {"additions": [], "removals": removals},
        "shipping_lines": nothing,
    }
    books.announce("orders/edited", f"{order['id']}:{order['edits']}", edit=edit)
    return told(order)


def refund_in_shop(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, lines?: [{line|sku, quantity, restock?: cancel|return|no_restock}], shipping?, amount?, note?}``;
    the amount is that of the lines and shipping unless given."""
    _only(args, "order", "lines", "shipping", "amount", "note")
    order = find(books, args["order"])
    purse, total = Purse.of(order), sums.totals(order)
    lines: list[tuple[int, int, str, int | None]] = []
    worth = Decimal(0)
    for given in args.get("lines") or ():
        line, units = find_line(order, given), int(given["quantity"])
        if not 1 <= units <= sums.current(line):
            raise Refused("That many cannot be refunded.")
        kind = (given.get("restock") or "no_restock").upper()
        free = {"CANCEL": sums.unfulfilled, "RETURN": sums.fulfilled}.get(kind)
        if kind not in ("CANCEL", "RETURN", "NO_RESTOCK") or (free and free(order, line["id"]) < units):
            raise Refused(f"Those units cannot be restocked by {kind.lower()}.")
        lines.append((line["id"], units, kind, None))
        before, size = sums.gone(line), line["quantity"]
        parts = [sums.discounted(line)] + ([] if order["taxes_included"] else [sums.tax(line)])
        worth += sum(
            (purse.share(p, before + units, size).p - purse.share(p, before, size).p for p in parts),
            Decimal(0),
        )
    wanted = args.get("shipping")
    shipping = total["current_shipping"].p if wanted is True else sale.amount(wanted or 0, "shipping")
    if shipping and not order["taxes_included"]:
        row = order["shipping_lines"][0]
        whole = sums.discounted(row).p
        worth += purse.pair(sums.tax(row).p * shipping / whole).p if whole else Decimal(0)
    money = sale.amount(args["amount"], "amount") if "amount" in args else worth + shipping
    payments: list[tuple[Decimal, str, int | None]] = []
    for entry in order["transactions"]:
        part = min(money, sums.refundable(order, entry))
        if part > 0:
            payments.append((part, entry["gateway"], entry["id"]))
            money -= part
    if money > 0:
        raise Refused("That is more than was paid.")
    make_refund(books, order, lines=lines, shipping=shipping, payments=payments, note=args.get("note"))
    books.save_order(order)
    return told(order)


def note(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, note?, tags?}``: written by the shop's people."""
    _only(args, "order", "note", "tags")
    order = find(books, args["order"])
    if "note" in args:
        order["note"] = args["note"]
    if "tags" in args:
        order["tags"] = sorted(args["tags"])
    books.save_order(order)
    return told(order)


def hold(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, reason?, notes?}``: the shop holds its fulfilment orders."""
    _only(args, "order", "reason", "notes")
    order = find(books, args["order"])
    for job in order["fulfillment_orders"]:
        if job["status"] in ("OPEN", "IN_PROGRESS"):
            job["status"] = "ON_HOLD"
            reason = (args.get("reason") or "OTHER").upper()
            job["holds"] = [{"id": books.new_id(), "reason": reason, "notes": args.get("notes")}]
    books.save_order(order)
    return told(order)


def release_hold(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order}``."""
    _only(args, "order")
    order = find(books, args["order"])
    for job in order["fulfillment_orders"]:
        if job["status"] == "ON_HOLD":
            job["status"], job["holds"] = "OPEN", []
            sale.settle(books, job)
    books.save_order(order)
    return told(order)


def move(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, location}``: open work goes to another location, as new fulfilment orders with new ids."""
    _only(args, "order", "location")
    order = find(books, args["order"])
    to = books.location_named(args["location"])
    if to is None:
        raise Refused(f"The shop has no location {args['location']}.")
    items = {row["id"]: row["item_id"] for row in order["lines"]}
    for job in list(order["fulfillment_orders"]):
        rows = [row for row in job["lines"] if row["remaining"]]
        if job["location_id"] == to["id"] or not rows or job["status"] not in ("OPEN", "IN_PROGRESS"):
            continue
        fresh = sale.new_fulfillment_order(books, to["id"], job["method"], order["shipping_lines"])
        for row in rows:
            units = row["remaining"]
            if items[row["line_id"]]:
                shelf.release(books, items[row["line_id"]], job["location_id"], units, restock=True)
                shelf.commit(books, items[row["line_id"]], to["id"], units)
            fresh["lines"].append(
                {"id": books.new_id(), "line_id": row["line_id"], "total": units, "remaining": units}
            )
            row["remaining"] = 0
            row["total"] -= units
        sale.settle(books, job)
        order["fulfillment_orders"].append(fresh)
    books.save_order(order)
    return told(order)


def request_return(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, lines: [{line|sku, quantity, reason?, note?}]}``: a customer asks; the return is REQUESTED."""
    _only(args, "order", "lines")
    order = find(books, args["order"])
    asked = {}
    for entry in order["returns"]:
        for row in entry["lines"]:
            asked[row["fulfillment_line_id"]] = asked.get(row["fulfillment_line_id"], 0) + row["quantity"]
    rows = []
    for given in args["lines"]:
        line, units = find_line(order, given), int(given["quantity"])
        for parcel in order["fulfillments"]:
            for sent in parcel["lines"]:
                here = min(units, sent["quantity"] - asked.get(sent["id"], 0))
                if sent["line_id"] != line["id"] or here <= 0:
                    continue
                asked[sent["id"]] = asked.get(sent["id"], 0) + here
                units -= here
                rows.append(
                    {
                        "id": books.new_id(),
                        "fulfillment_line_id": sent["id"],
                        "quantity": here,
                        "reason": (given.get("reason") or "UNWANTED").upper(),
                        "note": given.get("note"),
                    }
                )
        if units:
            raise Refused("Only what was shipped and not asked back yet can be returned.")
    entry = {
        "id": books.new_id(),
        "name": f"{order['name']}-R{len(order['returns']) + 1}",
        "status": "REQUESTED",
        "created_at": books.now,
        "lines": rows,
    }
    order["returns"].append(entry)
    books.save_order(order)
    books.announce("returns/request", entry["id"], order_id=order["id"])
    return told(order) | {"return_id": gid("Return", entry["id"])}


# --- finding and telling -----------------------------------------------------------------------------------


def _only(given: Doc, *known: str) -> None:
    unknown = set(given) - set(known)
    if unknown:
        raise Refused(f"This verb does not know {', '.join(sorted(unknown))}.")


def find(books: Books, which: Any) -> Doc:
    text = str(which)
    number = number_of("Order", text)
    if number is not None:
        order = books.order(number)
    else:
        order = books.order_named(text) or books.order_named(f"#{text}")
    if order is None:
        order = next((o for o in books.store.all("orders") if text in (str(o["number"]), str(o["id"]))), None)
    if order is None:
        raise Refused(f"There is no order {which}.")
    return order


def find_line(order: Doc, given: Doc) -> Doc:
    wanted = number_of("LineItem", str(given.get("line", "")))
    for line in order["lines"]:
        if line["id"] == wanted or (given.get("sku") and line["sku"] == given["sku"]):
            return line
    raise Refused(f"{order['name']} has no such line.")


def told(order: Doc) -> Doc:
    """An order in the twin's own words."""
    total = sums.totals(order)
    purse = Purse.of(order)

    def money(amount: Pair) -> Doc:
        return {"presentment": str(amount.p), "shop": str(amount.s)}

    return {
        "id": gid("Order", order["id"]),
        "name": order["name"],
        "number": order["number"],
        "email": order["email"],
        "updated_at": order["updated_at"],
        "cancelled_at": order["cancelled_at"],
        "cancel_reason": order["cancel_reason"],
        "financial_status": sums.financial_status(order, total),
        "fulfillment_status": sums.fulfillment_status(order),
        "return_status": sums.return_status(order),
        "currency": purse.presentment,
        "shop_currency": purse.shop,
        "total": money(total["total"]),
        "current_total": money(total["current_total"]),
        "received": money(total["received"]),
        "refunded": money(total["refunded"]),
        "tags": order["tags"],
        "note": order["note"],
        "lines": [
            {
                "id": gid("LineItem", line["id"]),
                "sku": line["sku"],
                "title": line["title"],
                "quantity": line["quantity"],
                "current_quantity": sums.current(line),
                "fulfilled": sums.fulfilled(order, line["id"]),
                "unfulfilled": sums.unfulfilled(order, line["id"]),
            }
            for line in order["lines"]
        ],
        "refunds": [
            {
                "id": gid("Refund", refund["id"]),
                "at": refund["created_at"],
                "note": refund["note"],
                "amount": str(
                    sum(
                        (
                            Decimal(t["amount"][0])
                            for t in order["transactions"]
                            if t["id"] in refund["transaction_ids"]
                        ),
                        Decimal(0),
                    )
                ),
                "restock_types": [row["restock_type"] for row in refund["lines"]],
                "lines": {gid("LineItem", row["line_id"]): row["quantity"] for row in refund["lines"]},
            }
            for refund in order["refunds"]
        ],
        "fulfillments": [
            {
                "id": gid("Fulfillment", parcel["id"]),
                "status": parcel["status"],
                "tracking": parcel["tracking"],
                "lines": {gid("LineItem", row["line_id"]): row["quantity"] for row in parcel["lines"]},
            }
            for parcel in order["fulfillments"]
        ],
        "fulfillment_orders": [
            {
                "id": gid("FulfillmentOrder", job["id"]),
                "status": job["status"],
                "location": gid("Location", job["location_id"]),
            }
            for job in order["fulfillment_orders"]
        ],
        "returns": [
            {
                "id": gid("Return", entry["id"]),
                "status": entry["status"],
                "quantity": sum(row["quantity"] for row in entry["lines"]),
            }
            for entry in order["returns"]
        ],
    }


VERBS: dict[str, Verb] = {
    "seed_products": seed_products,
    "set_stock": set_stock,
    "update_product": update_product,
    "place": place,
    "place_many": place_many,
    "pay": pay,
    "cancel": cancel,
    "change_address": change_address,
    "edit_lines": edit_lines,
    "refund_in_shop": refund_in_shop,
    "note": note,
    "hold": hold,
    "release_hold": release_hold,
    "move": move,
    "request_return": request_return,
}
