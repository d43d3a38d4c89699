"""Making an order: prices, discounts, taxes, where the goods are to come from, and how it was paid.

All amounts that come in are in the customer's currency; a product's own price is in the shop's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from channels.twins.shopify import shelf, sums
from channels.twins.shopify.books import Books, moment
from channels.twins.shopify.money import ZERO, Pair, Purse, rounded
from channels.twins.shopify.work import fulfillment_orders, ship_gift_cards
from oms.twinkit.server import Refused

Doc = dict[str, Any]

ADDRESS_FIELDS = (
    "first_name", "last_name", "company", "address1", "address2", "city", "province", "province_code",
    "zip", "country", "country_code", "phone",
)  # fmt: skip
RISKS = {
    "low": (
        "LOW",
        "ACCEPT",
        [("Characteristics of this order are similar to non-fraudulent orders", "POSITIVE")],
    ),
    "medium": ("MEDIUM", "INVESTIGATE", [("Billing street address doesn't match credit card's", "NEGATIVE")]),
    "high": (
        "HIGH",
        "CANCEL",
        [
            ("Card Verification Value (CVV) isn't correct", "NEGATIVE"),
            ("The IP address used to place the order is a high risk web proxy", "NEGATIVE"),
        ],
    ),
    "none": ("NONE", "NONE", []),
    "pending": ("PENDING", "NONE", []),
}
ONLINE = "shopify_payments"
MANUAL = "manual"
PAYMENTS = {
    "paid": ("SALE", "SUCCESS", ONLINE),
    "authorized": ("AUTHORIZATION", "SUCCESS", ONLINE),
    "pending": ("SALE", "PENDING", MANUAL),
}


def amount(value: Any, what: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"{what} is not an amount: {value!r}") from None


def address(books: Books, given: Doc | None) -> Doc | None:
    if not given:
        return None
    known = {**given}
    if "name" in known:
        first, _, last = str(known.pop("name")).partition(" ")
        known.setdefault("first_name", first)
        known.setdefault("last_name", last)
    unknown = set(known) - set(ADDRESS_FIELDS)
    if unknown:
        raise Refused(f"An address has no field {', '.join(sorted(unknown))}.")
    return {"id": books.new_id(), **{field: known.get(field) for field in ADDRESS_FIELDS}}


def customer_for(books: Books, email: str, known_address: Doc | None) -> Doc:
    customer = books.customer_by_email(email)
    if customer is None:
        name = known_address or {}
        customer = {
            "id": books.new_id(),
            "email": email,
            "first_name": name.get("first_name"),
            "last_name": name.get("last_name"),
            "phone": name.get("phone"),
            "created_at": books.now,
            "orders": 0,
            "spent": "0",
        }
    if known_address:
        customer["address"] = known_address
    customer["orders"] += 1
    customer["updated_at"] = books.now
    return customer


def make_order(books: Books, config: Doc, args: Doc) -> Doc:
    """A new order, written to the books. Raises ``Refused`` when the shop does not sell it."""
    presentment = args.get("currency") or config["currency"]
    purse = Purse(presentment, config["currency"], amount(args.get("rate", 1), "rate"))
    if presentment != config["currency"] and "rate" not in args:
        raise Refused("An order in another currency needs a rate (customer's units for one of the shop's).")
    included = bool(args.get("taxes_included", config["taxes_included"]))
    rate = amount(args.get("tax_rate", config["tax_rate"]), "tax_rate")
    lines = [_line(books, purse, given) for given in args.get("lines") or ()]
    if not lines:
        raise Refused("An order needs a line.")
    shippings = _shipping_lines(books, purse, args.get("shipping"))
    discounts = _discounts(purse, args.get("discount"), lines, args["lines"])
    for given, row in zip(args["lines"], lines, strict=True):
        own = amount(given.get("tax_rate", rate), "tax_rate")
        row["tax_lines"] = _taxes(
            purse, sums.discounted(row), own if row["taxable"] else Decimal(0), included, args
        )
        row["duties"] = _duties(books, purse, given, included, args)
    for row in shippings:
        row["tax_lines"] = _taxes(purse, sums.discounted(row), rate, included, args)
    shipping_address = address(books, args.get("shipping_address"))
    billing_address = address(books, args.get("billing_address")) or shipping_address
    email = args.get("email")
    customer = customer_for(books, email, shipping_address) if email else None
    placed = args.get("placed_at")
    placed_at = moment(datetime.fromisoformat(placed)) if placed else books.now
    number = int(args["number"]) if args.get("number") else books.store.next("order_number", 1001)
    name = args.get("name") or f"#{number}"
    if books.order_named(name):
        raise Refused(f"There is an order {name} already.")
    if (args.get("risk") or "low") not in RISKS:
        raise Refused(f"A risk is one of {', '.join(RISKS)}.")
    level, recommendation, facts = RISKS[args.get("risk") or "low"]
    payment = args.get("payment", "paid")
    if payment not in PAYMENTS:
        raise Refused(f"A payment is one of {', '.join(PAYMENTS)}.")
    # From here on nothing is refused but for want of stock.
    takes = _take_stock(books, lines)
    order: Doc = {
        "id": books.new_id(),
        "name": name,
        "number": number,
        "created_at": placed_at,
        "processed_at": placed_at,
        "cancelled_at": None,
        "cancel_reason": None,
        "staff_note": None,
        "closed_at": None,
        "email": email,
        "phone": args.get("phone"),
        "note": args.get("note"),
        "tags": sorted(args.get("tags") or []),
        "client_ip": args.get("client_ip"),
        "currency": purse.shop,
        "presentment": purse.presentment,
        "rate": str(purse.rate),
        "taxes_included": included,
        "test": bool(args.get("test")),
        "source_name": args.get("source_name", "web"),
        "attributes": [dict(entry) for entry in args.get("attributes") or ()],
        "confirmation_number": f"{books.new_id():X}"[-9:],
        "customer_id": customer["id"] if customer else None,
        "shipping_address": shipping_address,
        "billing_address": billing_address,
        "lines": lines,
        "shipping_lines": shippings,
        "discounts": discounts,
        "fees": [
            {
                "id": books.new_id(),
                "name": fee["name"],
                "amount": purse.pair(amount(fee["price"], "fee")).doc(),
                "tax_lines": [],
            }
            for fee in args.get("fees") or ()
        ],
        "transactions": [],
        "refunds": [],
        "fulfillments": [],
        "fulfillment_orders": [],
        "returns": [],
        "edits": 0,
        "risk": {"level": level, "recommendation": recommendation, "facts": facts},
        "wrong_total": _wrong(purse, args.get("wrong_total")),
        "po_number": args.get("po_number"),
    }
    order["fulfillment_orders"] = fulfillment_orders(books, lines, takes, shippings)
    _pay_at_checkout(books, order, payment)
    if customer:
        customer["spent"] = str(Decimal(customer["spent"]) + sums.totals(order)["total"].s)
        books.save_customer(customer)
    topics = ["orders/create"]
    if payment == "paid":
        topics.append("orders/paid")
        ship_gift_cards(books, order)
    books.save_order(order, *topics)
    return order


def _line(books: Books, purse: Purse, given: Doc) -> Doc:
    units = int(given.get("quantity", 1))
    if units < 1:
        raise Refused("A line needs a quantity of one at least.")
    row: Doc = {
        "id": books.new_id(),
        "quantity": units,
        "removed": 0,
        "refunded": 0,
        "allocations": [],
        "tax_lines": [],
        "attributes": [dict(entry) for entry in given.get("attributes") or ()],
        "gift_card": bool(given.get("gift_card")),
        "taxable": bool(given.get("taxable", not given.get("gift_card"))),
    }
    variant = books.variant_by_sku(given["sku"]) if given.get("sku") and not given.get("custom") else None
    if variant is not None:
        product = books.product(variant["product_id"]) or {}
        price = (
            amount(given["price"], "price") if "price" in given else Decimal(variant["price"]) * purse.rate
        )
        return row | {
            "sku": variant["sku"],
            "variant_id": variant["id"],
            "product_id": variant["product_id"],
            "item_id": variant["item_id"] if variant["tracked"] else None,
            "title": given.get("title") or product["title"],
            "variant_title": None,
            "vendor": product["vendor"],
            "price": purse.pair(price).doc(),
            "requires_shipping": variant["requires_shipping"],
            "grams": variant["grams"],
            "policy": variant["policy"],
        }
    if "price" not in given or not given.get("title"):
        raise Refused(f"The shop has no {given.get('sku')!r}; a custom line needs a title and a price.")
    return row | {
        "sku": given.get("sku"),
        "variant_id": None,
        "product_id": None,
        "item_id": None,
        "title": given["title"],
        "variant_title": None,
        "vendor": None,
        "price": purse.pair(amount(given["price"], "price")).doc(),
        "requires_shipping": bool(given.get("requires_shipping", not given.get("gift_card"))),
        "grams": int(given.get("weight_g", 0)),
        "policy": "CONTINUE",
    }


def _shipping_lines(books: Books, purse: Purse, given: Any) -> list[Doc]:
    if given is None:
        return []
    if not isinstance(given, dict):
        given = {"price": given}
    title = given.get("title", "Standard")
    return [
        {
            "id": books.new_id(),
            "title": title,
            "code": given.get("code", title),
            "price": purse.pair(amount(given.get("price", 0), "shipping price")).doc(),
            "allocations": [],
            "tax_lines": [],
        }
    ]


def _discounts(purse: Purse, given: Any, lines: list[Doc], asked: Sequence[Doc]) -> list[Doc]:
    """Discount applications, allocated to the lines: first the lines' own, then the one on the whole cart."""
    made: list[Doc] = []
    for wanted, row in zip(asked, lines, strict=True):
        if wanted.get("discount"):
            off = purse.pair(amount(wanted["discount"], "discount"))
            row["allocations"].append({"index": len(made), "amount": off.doc()})
            made.append(_application(len(made), "EXPLICIT", "ONE", off, title="Line discount"))
    if given is None:
        return made
    if not isinstance(given, dict):
        given = {"amount": given}
    worth = [sums.discounted(row) for row in lines]
    whole = sum(worth, ZERO)
    if "percentage" in given:
        off = purse.pair(whole.p * amount(given["percentage"], "percentage") / 100)
    else:
        off = purse.pair(min(amount(given["amount"], "discount"), whole.p))
    if not off:
        return made
    application = _application(
        len(made), "ALL", "ACROSS", off, code=given.get("code"), title=given.get("title")
    )
    if "percentage" in given:
        application["percentage"] = float(given["percentage"])
    spent = ZERO
    for place, (row, value) in enumerate(zip(lines, worth, strict=True)):
        if place == len(lines) - 1:
            part = off - spent
        else:
            part = Pair(
                rounded(off.p * value.p / whole.p, purse.presentment),
                rounded(off.s * value.s / whole.s, purse.shop) if whole.s else Decimal(0),
            )
        spent += part
        row["allocations"].append({"index": len(made), "amount": part.doc()})
    return [*made, application]


def _application(
    index: int, selection: str, method: str, off: Pair, *, code: str | None = None, title: str | None = None
) -> Doc:
    return {
        "index": index,
        "selection": selection,
        "method": method,
        "target": "LINE_ITEM",
        "amount": off.doc(),
        "percentage": None,
        "code": code,
        "title": title or code or "Discount",
    }


def _taxes(purse: Purse, base: Pair, rate: Decimal, included: bool, args: Doc) -> list[Doc]:
    if not rate:
        return []
    due = purse.pair(base.p * rate / (1 + rate) if included else base.p * rate)
    return [{"title": args.get("tax_title", "VAT"), "rate": float(rate), "amount": due.doc()}]


def _duties(books: Books, purse: Purse, given: Doc, included: bool, args: Doc) -> list[Doc]:
    """``duty``: an amount, or ``{price, tax_rate?, harmonized_system_code?, country_code_of_origin?}``, or a list."""
    wanted = given.get("duty") or []
    rows = []
    for duty in wanted if isinstance(wanted, list) else [wanted]:
        told = duty if isinstance(duty, dict) else {"price": duty}
        price = purse.pair(amount(told["price"], "duty"))
        rows.append(
            {
                "id": books.new_id(),
                "amount": price.doc(),
                "tax_lines": _taxes(
                    purse, price, amount(told.get("tax_rate", 0), "tax_rate"), included, args
                ),
                "harmonized_system_code": told.get("harmonized_system_code"),
                "country_code_of_origin": told.get("country_code_of_origin"),
            }
        )
    return rows


def _wrong(purse: Purse, given: Any) -> list[str] | None:
    """A total that does not add up, by this much."""
    if not given:
        return None
    return purse.pair(Decimal(1) if given is True else amount(given, "wrong_total")).doc()


def _take_stock(books: Books, lines: list[Doc]) -> dict[int, list[tuple[int, int]]]:
    wanted: dict[int, int] = {}
    anyway: set[int] = set()
    for row in lines:
        if row["item_id"]:
            wanted[row["item_id"]] = wanted.get(row["item_id"], 0) + row["quantity"]
            if row["policy"] == "CONTINUE":
                anyway.add(row["item_id"])
    takes = shelf.plan(books, wanted, anyway)
    if takes is None:
        raise Refused("Sold out: the shop does not have that many.")
    for item, places in takes.items():
        for place, units in places:
            shelf.commit(books, item, place, units)
    return {item: list(places) for item, places in takes.items()}


def new_transaction(
    books: Books,
    order: Doc,
    kind: str,
    money: Pair,
    *,
    status: str = "SUCCESS",
    gateway: str,
    parent: int | None = None,
) -> Doc:
    entry = {
        "id": books.new_id(),
        "kind": kind,
        "status": status,
        "amount": money.doc(),
        "gateway": gateway,
        "parent_id": parent,
        "created_at": books.now,
    }
    order["transactions"].append(entry)
    return entry


def _pay_at_checkout(books: Books, order: Doc, how: str) -> None:
    total = sums.totals(order)["total"]
    if not total:
        return
    kind, status, gateway = PAYMENTS[how]
    new_transaction(books, order, kind, total, status=status, gateway=gateway)
