"""What an order adds up to and what state it is in, from its own facts. No store, no clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from channels.twins.shopify.money import ZERO, Pair, Purse

Doc = dict[str, Any]


def original(line: Doc) -> Pair:
    return Pair.read(line["price"]).times(line.get("quantity", 1))


def allocated(line: Doc, *, only: set[int] | None = None) -> Pair:
    """The discounts on a line or shipping line; ``only`` those of these applications."""
    return sum(
        (Pair.read(a["amount"]) for a in line["allocations"] if only is None or a["index"] in only), ZERO
    )


def discounted(line: Doc) -> Pair:
    return original(line) - allocated(line)


def tax(line: Doc) -> Pair:
    return sum((Pair.read(t["amount"]) for t in line["tax_lines"]), ZERO)


def gone(line: Doc) -> int:
    """Units that were removed by an edit or refunded."""
    return line["removed"] + line["refunded"]


def current(line: Doc) -> int:
    return line["quantity"] - gone(line)


def unfulfilled(order: Doc, line_id: int) -> int:
    return sum(
        row["remaining"]
        for job in order["fulfillment_orders"]
        for row in job["lines"]
        if row["line_id"] == line_id
    )


def fulfilled(order: Doc, line_id: int) -> int:
    return sum(
        row["quantity"]
        for parcel in order["fulfillments"]
        if parcel["status"] == "SUCCESS"
        for row in parcel["lines"]
        if row["line_id"] == line_id
    )


def returnable(order: Doc, line_id: int) -> int:
    """Units that were shipped and have not been put back on the shelf."""
    back = sum(
        row["quantity"]
        for refund in order["refunds"]
        for row in refund["lines"]
        if row["line_id"] == line_id and row["restock_type"] == "RETURN"
    )
    return fulfilled(order, line_id) - back


def left(purse: Purse, whole: Pair, line: Doc) -> Pair:
    """What remains of a line's money when the removed and refunded units are taken off."""
    return whole - purse.share(whole, gone(line), line["quantity"])


def money_of(order: Doc, *kinds: str) -> Pair:
    return sum(
        (
            Pair.read(t["amount"])
            for t in order["transactions"]
            if t["status"] == "SUCCESS" and t["kind"] in kinds
        ),
        ZERO,
    )


def refunded_shipping(order: Doc) -> tuple[Pair, Pair]:
    """Shipping given back so far, and the tax in it."""
    rows = [row for refund in order["refunds"] for row in refund["shipping"]]
    return (
        sum((Pair.read(row["subtotal"]) for row in rows), ZERO),
        sum((Pair.read(row["tax"]) for row in rows), ZERO),
    )


def duties(order: Doc) -> list[Doc]:
    return [row for line in order["lines"] for row in line.get("duties", ())]


def refunded_duty(order: Doc, duty: Doc) -> tuple[Pair, Pair]:
    """What was given back of a duty so far, and the tax of that."""
    rows = [
        row for refund in order["refunds"] for row in refund.get("duties", ()) if row["duty_id"] == duty["id"]
    ]
    return sum((Pair.read(row["amount"]) for row in rows), ZERO), sum(
        (Pair.read(row["tax"]) for row in rows), ZERO
    )


def totals(order: Doc) -> dict[str, Pair]:
    """Every total that Shopify shows."""
    purse = Purse.of(order)
    lines, shippings = order["lines"], order["shipping_lines"]
    wrong = Pair.read(order.get("wrong_total"))
    cart_wide = {d["index"] for d in order["discounts"] if d["selection"] == "ALL"}
    subtotal = sum((discounted(line) for line in lines), ZERO)
    shipping = sum((discounted(row) for row in shippings), ZERO)
    levied = duties(order)
    duty = sum((Pair.read(row["amount"]) for row in levied), ZERO)
    duties_back = [refunded_duty(order, row) for row in levied]
    current_duty = duty - sum((back for back, _ in duties_back), ZERO)
    taxes = sum((tax(row) for row in (*lines, *shippings, *levied)), ZERO)
    fees = sum((Pair.read(row["amount"]) for row in order["fees"]), ZERO)
    back, back_tax = refunded_shipping(order)
    current_subtotal = sum((left(purse, discounted(line), line) for line in lines), ZERO)
    current_tax = sum((left(purse, tax(line), line) for line in lines), ZERO)
    current_tax += sum((tax(row) for row in (*shippings, *levied)), ZERO) - back_tax
    current_tax -= sum((back for _, back in duties_back), ZERO)
    current_discounts = sum((left(purse, allocated(line), line) for line in lines), ZERO)
    current_discounts += sum((allocated(row) for row in shippings), ZERO)
    on_top = not order["taxes_included"]
    total = subtotal + shipping + (taxes if on_top else ZERO) + duty + fees + wrong
    current_total = current_subtotal + shipping - back + current_duty + (current_tax if on_top else ZERO)
    if any(current(line) for line in lines):
        current_total += fees + wrong
    received = money_of(order, "SALE", "CAPTURE")
    refunded = money_of(order, "REFUND")
    held = money_of(order, "AUTHORIZATION") - money_of(order, "CAPTURE", "VOID")
    return {
        "subtotal": subtotal,
        "fees": fees,
        "duties": duty,
        "current_duties": current_duty,
        "shipping": shipping,
        "shipping_original": sum((original(row) for row in shippings), ZERO),
        "tax": taxes,
        "discounts": sum((allocated(row) for row in (*lines, *shippings)), ZERO),
        "cart_discount": sum((allocated(line, only=cart_wide) for line in lines), ZERO),
        "current_cart_discount": sum(
            (left(purse, allocated(line, only=cart_wide), line) for line in lines), ZERO
        ),
        "lines": sum((original(line) for line in lines), ZERO),
        "total": total,
        "current_subtotal": current_subtotal,
        "current_shipping": shipping - back,
        "current_tax": current_tax,
        "current_discounts": current_discounts,
        "current_total": current_total,
        "received": received,
        "refunded": refunded,
        "refunded_shipping": back,
        "net": received - refunded,
        "capturable": held if held.p > 0 else ZERO,
        "outstanding": current_total - received + refunded,
        "discrepancy": sum(
            (Pair.read(a["amount"]) for refund in order["refunds"] for a in refund["adjustments"]), ZERO
        ),
    }


def tax_lines(order: Doc, *, now: bool) -> list[Doc]:
    """Tax lines of the order, one for each title and rate; ``now`` takes off what was removed or refunded."""
    purse = Purse.of(order)
    found: dict[tuple[str, float], Pair] = {}
    for row in (*order["lines"], *order["shipping_lines"], *duties(order)):
        for entry in row["tax_lines"]:
            amount = Pair.read(entry["amount"])
            if now and "removed" in row:
                amount = left(purse, amount, row)
            key = (entry["title"], entry["rate"])
            found[key] = found.get(key, ZERO) + amount
    return [{"title": title, "rate": rate, "amount": amount.doc()} for (title, rate), amount in found.items()]


def financial_status(order: Doc, sums: dict[str, Pair]) -> str:
    if sums["received"].p > 0:
        if sums["refunded"].p >= sums["received"].p:
            return "REFUNDED"
        if sums["refunded"].p > 0:
            return "PARTIALLY_REFUNDED"
        return "PAID" if sums["received"].p >= sums["current_total"].p else "PARTIALLY_PAID"
    if sums["capturable"].p > 0:
        return "AUTHORIZED"
    if any(t["kind"] == "VOID" for t in order["transactions"]):
        return "VOIDED"
    if not sums["total"].p:
        return "PAID"
    return "VOIDED" if order["cancelled_at"] else "PENDING"


def fulfillment_status(order: Doc) -> str:
    open_jobs = [job for job in order["fulfillment_orders"] if any(row["remaining"] for row in job["lines"])]
    sent = any(parcel["status"] == "SUCCESS" for parcel in order["fulfillments"])
    if not open_jobs:
        return "FULFILLED" if sent else "UNFULFILLED"
    if sent:
        return "PARTIALLY_FULFILLED"
    if all(job["status"] == "ON_HOLD" for job in open_jobs):
        return "ON_HOLD"
    return "UNFULFILLED"


def return_status(order: Doc) -> str:
    states = {entry["status"] for entry in order["returns"]}
    if "REQUESTED" in states:
        return "RETURN_REQUESTED"
    if "OPEN" in states:
        return "IN_PROGRESS"
    return "RETURNED" if "CLOSED" in states else "NO_RETURN"


def weight(order: Doc, *, now: bool) -> int:
    return sum(line["grams"] * (current(line) if now else line["quantity"]) for line in order["lines"])


def refundable(order: Doc, transaction: Doc) -> Decimal:
    """What can still be given back of one sale or capture, in presentment money."""
    if transaction["kind"] not in ("SALE", "CAPTURE") or transaction["status"] != "SUCCESS":
        return Decimal(0)
    back = sum(
        (
            Decimal(t["amount"][0])
            for t in order["transactions"]
            if t["kind"] == "REFUND" and t["parent_id"] == transaction["id"] and t["status"] == "SUCCESS"
        ),
        Decimal(0),
    )
    return Decimal(transaction["amount"][0]) - back
