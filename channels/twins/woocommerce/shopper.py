"""The hands of the shopper and of the merchant in wp-admin. Every verb takes and gives a JSON object.

``order`` in the arguments is an order's id or number. All raise ``Refused`` with the shop's words.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from channels.twins.woocommerce import catalogue, checkout, lines, orders, refunds, views
from channels.twins.woocommerce.shop import Shop
from channels.twins.woocommerce.wordpress import RestError
from oms.twinkit.server import Refused

Args = dict[str, Any]


def seed_products(shop: Shop, args: Args) -> Args:
    """``{products: [{sku, name, price, stock?, weight?, manage_stock?, backorders?, variations?}]}``.

    A SKU that is there already is left alone, whatever its stock by now. ``variations`` have the same shape
    and an ``option``. Gives ``{"created": n, "ids": {sku: [product, variation]}}``.
    """
    created, ids = 0, {}
    for given in args["products"]:
        known = shop.store.get("sku", given["sku"])
        product = shop.store.get("product", known["id"]) if known else None
        if product is None:
            product = catalogue.new_product(shop, _fields(given))
            created += 1
        ids[given["sku"]] = [product["id"], 0]
        for child in given.get("variations") or []:
            known = shop.store.get("sku", child["sku"])
            number = known["id"] if known else None
            if number is None:
                made = catalogue.new_variation(
                    shop, product, {**_fields(child), "option": child.get("option", "")}
                )
                number = made["id"]
                created += 1
            ids[child["sku"]] = [product["id"], number]
    return {"created": created, "ids": ids}


def _fields(given: Args) -> Args:
    stock = given.get("stock")
    return {
        "sku": given["sku"],
        "name": given.get("name") or given["sku"],
        "regular_price": str(given.get("price", "0")),
        "weight": str(given.get("weight", "")),
        "manage_stock": given.get("manage_stock", stock is not None),
        "stock_quantity": stock,
        "backorders": {True: "yes", False: "no"}.get(
            given.get("backorders", "no"), given.get("backorders", "no")
        ),
        "global_unique_id": str(given.get("barcode", "")),
    }


def place(shop: Shop, args: Args) -> Args:
    """Buy. ``{"order": as REST shows it, "id", "number"}``.

    ``{email, billing_address?, shipping_address?, lines, shipping?, fees?, coupon?, currency?, payment?,
    placed_at?, number?, customer_ip?, customer_id?, note?, meta?, tax_rate?, wrong_total?}``. A line is
    ``{sku, quantity, price?, name?, meta?}``; an unknown SKU with a price becomes a new product, and
    ``custom: true`` makes a line without one. ``shipping`` is an amount or ``{title, total}``, ``coupon`` ``{code, amount |
    percent}``. ``payment``: paid, unpaid (pending) or on_hold. ``wrong_total``: true for one too much, or the
    total to store.
    """
    order = checkout.place(shop, args)
    return {"id": order["id"], "number": order["number"], "order": views.order(shop, order, "")}


def place_many(shop: Shop, args: Args) -> Args:
    """``{orders: [...]}`` as ``place``; one that is refused does not stop the others.

    Gives ``{"orders": [{"id", "number", "status", "total"} | {"error"}]}`` in the same order.
    """
    placed: list[Args] = []
    for one in args["orders"]:
        try:
            with shop.store.transaction():
                order = checkout.place(shop, one)
            placed.append({name: order[name] for name in ("id", "number", "status", "total")})
        except (Refused, KeyError) as problem:
            placed.append({"error": str(problem)})
    return {"orders": placed}


def _order(shop: Shop, args: Args) -> Args:
    order = shop.order(args["order"])
    if order is None:
        raise Refused(f"There is no order {args['order']}.")
    return order


def _shown(shop: Shop, order: Args) -> Args:
    return {"order": views.order(shop, order, "")}


def pay(shop: Shop, args: Args) -> Args:
    order = _order(shop, args)
    if order["status"] not in ("pending", "failed", "on-hold"):
        raise Refused(f"The order is {order['status']}; there is nothing to pay.")
    order["transaction_id"] = f"ch_{order['order_key'][-12:]}"
    shop.set_status(order, "processing", "shopper", "Payment via Credit / Debit Card.")
    shop.save(order)
    return _shown(shop, order)


def cancel(shop: Shop, args: Args) -> Args:
    """``{order, by?: "customer" | "merchant"}``. The shop puts its own stock back."""
    order = _order(shop, args)
    if order["status"] in ("cancelled", "refunded", "trash"):
        raise Refused(f"The order is {order['status']}.")
    words = "Order cancelled by customer." if args.get("by", "customer") == "customer" else ""
    shop.set_status(order, "cancelled", "shopper", words)
    shop.save(order)
    return _shown(shop, order)


def change_address(shop: Shop, args: Args) -> Args:
    """``{order, shipping?: {...}, billing?: {...}}``: the fields given are replaced."""
    order = _order(shop, args)
    for part in ("shipping", "billing"):
        order[part].update(args.get(part) or {})
    shop.log("address", order=order["id"], by="shopper")
    shop.save(order)
    return _shown(shop, order)


def change_lines(shop: Shop, args: Args) -> Args:
    """``{order, lines: [{sku | id, quantity}]}``: a merchant's edit; quantity 0 removes the line."""
    order = _order(shop, args)
    try:
        lines.change(shop, order, args["lines"], "shopper")
    except ValueError as problem:
        raise Refused(str(problem)) from problem
    shop.save(order)
    return _shown(shop, order)


def refund_in_shop(shop: Shop, args: Args) -> Args:
    """``{order, amount?, lines?: [{sku | id, quantity}], restock?, reason?, through_gateway?, touch?}``.

    Without an amount it is that of the lines, or all that is left. ``touch: false`` is the gateway that
    refunds behind WooCommerce's back and leaves ``date_modified`` alone.
    """
    order = _order(shop, args)
    wanted: dict[int, Args] = {}
    for item in args.get("lines") or []:
        line = lines.find(order, item)
        part = Decimal(int(item["quantity"])) / line["quantity"]
        wanted[line["id"]] = {
            "qty": int(item["quantity"]),
            "refund_total": Decimal(shop.money(Decimal(line["total"]) * part)),
            "refund_tax": {
                tax["id"]: Decimal(shop.money(Decimal(tax["total"] or "0") * part)) for tax in line["taxes"]
            },
        }
    amount = args.get("amount")
    if amount is None and wanted:
        amount = sum((w["refund_total"] + sum(w["refund_tax"].values()) for w in wanted.values()), Decimal(0))
    amount = shop.remaining(order) if amount is None else Decimal(str(amount))
    if not 0 <= amount <= shop.remaining(order):
        raise Refused("Invalid refund amount.")
    through_gateway = args.get("through_gateway", True)
    if through_gateway:
        try:
            refunds.check_gateway(shop, order, amount)
        except RestError as problem:
            raise Refused(problem.message) from problem
    made = shop.refund(
        order,
        amount,
        args.get("reason", ""),
        wanted,
        restock=args.get("restock", True),
        through_gateway=through_gateway,
        touch=args.get("touch", True),
        by="shopper",
    )
    return {"refund": views.refund(shop, made, "", parent=True), **_shown(shop, order)}


def note(shop: Shop, args: Args) -> Args:
    """``{order, note, customer?}``."""
    order = _order(shop, args)
    made = shop.note(order, args["note"], bool(args.get("customer")), args.get("author", "admin"))
    return {"note": views.note(shop, made, "")}


def request_return(shop: Shop, args: Args) -> Args:
    """``{order, lines?: [{sku, quantity}], reason?}``: a note and a meta value, for core knows no returns."""
    order = _order(shop, args)
    wanted = args.get("lines") or [{"sku": x["sku"], "quantity": x["quantity"]} for x in order["line_items"]]
    words = ", ".join(f"{item['quantity']} × {item['sku']}" for item in wanted)
    shop.note(
        order, f"Return requested: {words}. {args.get('reason', '')}".strip(), True, order["billing"]["email"]
    )
    shop.meta(order, "_return_request", {"lines": wanted, "reason": args.get("reason", ""), "at": shop.now()})
    shop.save(order)
    return _shown(shop, order)


def set_stock(shop: Shop, args: Args) -> Args:
    """``{sku, quantity}``: the merchant types a number over what was there."""
    known = catalogue.by_sku(shop, args["sku"])
    if known is None:
        raise Refused(f"There is no {args['sku']!r}.")
    kind, item = known
    if item["manage_stock"] is not True:
        raise Refused("Its stock is not managed.")
    shop.set_stock(kind, item, int(args["quantity"]), "shopper")
    return {"sku": item["sku"], "stock": item["stock_quantity"]}


def change_product(shop: Shop, args: Args) -> Args:
    """``{sku, ...fields as REST takes them}``."""
    known = catalogue.by_sku(shop, args["sku"])
    if known is None:
        raise Refused(f"There is no {args['sku']!r}.")
    fields = {name: value for name, value in args.items() if name != "sku"}
    catalogue.change(shop, known[0], known[1], {**fields, "sku": fields.pop("new_sku", None)}, by="shopper")
    return {"product": known[1]}


def trash(shop: Shop, args: Args) -> Args:
    """``{order}``: into the bin; ``restore`` takes it out again, ``delete`` is for ever."""
    order = _order(shop, args)
    orders.trash(shop, order, "shopper")
    return _shown(shop, order)


def restore(shop: Shop, args: Args) -> Args:
    order = _order(shop, args)
    if order["status"] != "trash":
        raise Refused("The order is not in the bin.")
    order["status"] = order["_twin"].pop("status_before_trash")
    shop.log("status", order=order["id"], before="trash", after=order["status"], by="shopper")
    shop.save(order, "order.restored")
    return _shown(shop, order)


def delete(shop: Shop, args: Args) -> Args:
    order = _order(shop, args)
    orders.erase(shop, order)
    return {"id": order["id"]}


def load_orders(shop: Shop, args: Args) -> Args:
    """``{orders: [...]}``: orders as REST shows them, kept as they are (ids and all) and served back."""
    for given in args["orders"]:
        order = {name: value for name, value in given.items() if name != "_links"}
        for name in ("created", "modified", "paid", "completed"):
            order.pop(f"date_{name}", None)
            order.setdefault(f"date_{name}_gmt", None)
        order["_twin"] = {"ordered": [[x.get("sku", ""), x["quantity"]] for x in order["line_items"]]}
        shop.store.put("order", order["id"], order)
        shop.store.put("number", order["number"], order["id"])
        shop.tell("order.created", order["id"])
    return {"loaded": len(args["orders"])}


VERBS = {
    verb.__name__: verb
    for verb in (
        seed_products,
        place,
        place_many,
        pay,
        cancel,
        change_address,
        change_lines,
        refund_in_shop,
        note,
        request_return,
        set_stock,
        change_product,
        trash,
        restore,
        delete,
        load_orders,
    )
}
