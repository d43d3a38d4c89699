"""What the shop's own people do to an order."""

from __future__ import annotations

from decimal import Decimal

from channels.twins.shopify import sale, shelf, sums, work
from channels.twins.shopify.books import Books, Doc
from channels.twins.shopify.cancelling import cancel_order, refuse_cancel
from channels.twins.shopify.merchant.telling import find, find_line, only, told
from channels.twins.shopify.money import Purse
from channels.twins.shopify.refunding import make_refund, take_off
from oms.twinkit.server import Refused


def cancel(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, reason?, restock?, refund?}``; the shop restocks and refunds by default."""
    only(args, "order", "reason", "restock", "refund")
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
    only(args, "order", "shipping_address")
    order = find(books, args["order"])
    order["shipping_address"] = sale.address(books, args["shipping_address"])
    books.save_order(order)
    return told(order)


def edit_lines(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, lines: [{line|sku, quantity}], restock?, note?}``: ``quantity`` is what is still wanted."""
    only(args, "order", "lines", "restock", "note", "refund")
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
    """``{order, lines?: [{line|sku, quantity, restock?: cancel|return|no_restock}], duties?: [{line|sku}], shipping?,
    amount?, note?}``; the amount is that of the lines, their duties and shipping unless given."""
    only(args, "order", "lines", "duties", "shipping", "amount", "note")
    order = find(books, args["order"])
    purse, total = Purse.of(order), sums.totals(order)
    lines: list[tuple[int, int, str, int | None]] = []
    worth = Decimal(0)
    for given in args.get("lines") or ():
        line, units = find_line(order, given), int(given["quantity"])
        if not 1 <= units <= sums.current(line):
            raise Refused("That many cannot be refunded.")
        kind = (given.get("restock") or "no_restock").upper()
        free = {"CANCEL": sums.unfulfilled, "RETURN": sums.returnable}.get(kind)
        if kind not in ("CANCEL", "RETURN", "NO_RESTOCK") or (free and free(order, line["id"]) < units):
            raise Refused(f"Those units cannot be restocked by {kind.lower()}.")
        lines.append((line["id"], units, kind, None))
        before, size = sums.gone(line), line["quantity"]
        parts = [sums.discounted(line)] + ([] if order["taxes_included"] else [sums.tax(line)])
        worth += sum(
            (purse.share(p, before + units, size).p - purse.share(p, before, size).p for p in parts),
            Decimal(0),
        )
    duties: list[tuple[int, str]] = []
    for given in args.get("duties") or ():
        for row in find_line(order, given).get("duties", ()):
            if sums.refunded_duty(order, row)[0]:
                raise Refused("That duty was given back already.")
            duties.append((row["id"], "FULL"))
            worth += Decimal(row["amount"][0]) + (Decimal(0) if order["taxes_included"] else sums.tax(row).p)
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
    make_refund(
        books, order, lines=lines, shipping=shipping, payments=payments, note=args.get("note"), duties=duties
    )
    books.save_order(order)
    return told(order)


def dispute(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, status?, type?}``: the customer's bank opens a dispute, or says how the open one stands."""
    only(args, "order", "status", "type")
    order = find(books, args["order"])
    status, kind = args.get("status") or "NEEDS_RESPONSE", args.get("type") or "CHARGEBACK"
    if not sums.money_of(order, "SALE", "CAPTURE"):
        raise Refused(f"{order['name']}: nothing was taken that could be disputed.")
    known = order.setdefault("disputes", [])
    if known:
        known[-1].update(status=status, initiated_as=kind)
    else:
        known.append({"id": books.new_id(), "initiated_as": kind, "status": status})
    books.save_order(order)
    return told(order)


def note(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, note?, tags?}``: written by the shop's people."""
    only(args, "order", "note", "tags")
    order = find(books, args["order"])
    if "note" in args:
        order["note"] = args["note"]
    if "tags" in args:
        order["tags"] = sorted(args["tags"])
    books.save_order(order)
    return told(order)


def hold(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, reason?, notes?}``: the shop holds its fulfilment orders."""
    only(args, "order", "reason", "notes")
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
    only(args, "order")
    order = find(books, args["order"])
    for job in order["fulfillment_orders"]:
        if job["status"] == "ON_HOLD":
            job["status"], job["holds"] = "OPEN", []
            work.settle(books, job)
    books.save_order(order)
    return told(order)


def move(books: Books, config: Doc, args: Doc) -> Doc:
    """``{order, location}``: open work goes to another location, as new fulfilment orders with new ids."""
    only(args, "order", "location")
    order = find(books, args["order"])
    to = books.location_named(args["location"])
    if to is None:
        raise Refused(f"The shop has no location {args['location']}.")
    items = {row["id"]: row["item_id"] for row in order["lines"]}
    for job in list(order["fulfillment_orders"]):
        rows = [row for row in job["lines"] if row["remaining"]]
        if job["location_id"] == to["id"] or not rows or job["status"] not in ("OPEN", "IN_PROGRESS"):
            continue
        fresh = work.new_fulfillment_order(books, to["id"], job["method"], order["shipping_lines"])
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
        work.settle(books, job)
        order["fulfillment_orders"].append(fresh)
    books.save_order(order)
    return told(order)
