"""What shoppers do: buy, pay, ask to return."""

from __future__ import annotations

from channels.twins.shopify import sale, sums, work
from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.merchant.telling import find, find_line, only, told
from channels.twins.shopify.money import Purse
from oms.twinkit.server import Refused

PLACE = (
    "email", "phone", "shipping_address", "billing_address", "lines", "shipping", "fees", "discount", "currency", "rate",
    "payment", "placed_at", "number", "name", "client_ip", "risk", "taxes_included", "tax_rate", "tax_title",
    "wrong_total", "note", "tags", "attributes", "test", "source_name", "po_number",
)  # fmt: skip  # fmt: skip


PLACE_LINE = (
    "sku", "quantity", "title", "price", "custom", "gift_card", "requires_shipping", "taxable", "tax_rate",
    "discount", "attributes", "weight_g", "duty",
)  # fmt: skip  # fmt: skip


def place(books: Books, config: Doc, args: Doc) -> Doc:
    """A shopper buys. Raises ``Refused`` when the shop does not have it."""
    only(args, *PLACE)
    for line in args.get("lines") or ():
        only(line, *PLACE_LINE)
    return told(sale.make_order(books, config, args))


def place_many(books: Books, config: Doc, args: Doc) -> Doc:
    """``{orders: [...]}``; each by itself: what the shop refuses is listed with its reason, the rest stands."""
    only(args, "orders")
    placed, refused = [], []
    for place_in_list, given in enumerate(args["orders"]):
        try:
            placed.append(place(books, config, given))
        except Refused as error:
            refused.append({"index": place_in_list, "number": given.get("number"), "error": str(error)})
    return {"placed": placed, "refused": refused}


def pay(books: Books, config: Doc, args: Doc) -> Doc:
    """An authorised payment is captured, a pending one comes in: ``{order, amount?}``."""
    only(args, "order", "amount")
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
        work.ship_gift_cards(books, order)
    books.save_order(order, *(["orders/paid"] if paid else []))
    return told(order)


def request_return(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, lines: [{line|sku, quantity, reason?, note?}]}``: a customer asks; the return is REQUESTED."""
    only(args, "order", "lines")
    order = find(books, args["order"])
    asked: dict[int, int] = {}
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
