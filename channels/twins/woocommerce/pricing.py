"""What an order costs: lines, taxes and totals in the shop's decimals. Money is written as strings."""

from __future__ import annotations

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

TOTALS = (
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
)
MONEY = frozenset(
    (
        *TOTALS,
        "subtotal",
        "subtotal_tax",
        "discount",
        "amount",
        "tax_total",
        "shipping_tax_total",
    )
)


def money(value: Any, decimals: int = 2) -> str:
    return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def number(value: Any) -> int | float:
    """A JSON number as PHP writes it: no fraction where there is none."""
    exact = float(value)
    return int(exact) if exact.is_integer() else exact


def plain(value: Any) -> str:
    """Without trailing zeros, as WooCommerce writes the taxes inside a line."""
    text = f"{Decimal(str(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def split_tax(amount: Decimal, rate: Decimal, included: bool, decimals: int) -> tuple[Decimal, Decimal]:
    """Net and tax of an amount; rounded once per line, so that they always add up to what was charged."""
    unit = Decimal(1).scaleb(-decimals)
    if not included:
        net = amount.quantize(unit, ROUND_HALF_UP)
        return net, (net * rate / 100).quantize(unit, ROUND_HALF_UP)
    gross = amount.quantize(unit, ROUND_HALF_UP)
    tax = (gross - gross / (1 + rate / 100)).quantize(unit, ROUND_HALF_DOWN)
    return gross - tax, tax


def exact_tax(amount: Decimal, rate: Decimal, included: bool, decimals: int) -> Decimal:
    """The same tax before it is rounded to what can be paid, as shops keep it that round once on the order."""
    tax = amount - amount / (1 + rate / 100) if included else amount * rate / 100
    return tax.quantize(Decimal(1).scaleb(-decimals - 4), ROUND_HALF_UP)


def share(amount: Decimal, weights: list[Decimal], decimals: int) -> list[Decimal]:
    """An amount over weights, in whole cents; the last one takes the rest."""
    unit = Decimal(1).scaleb(-decimals)
    whole = sum(weights) or Decimal(1)
    shares = [(amount * weight / whole).quantize(unit, ROUND_HALF_UP) for weight in weights]
    if shares:
        shares[-1] += amount - sum(shares)
    return shares


def add_up(order: dict[str, Any], decimals: int) -> None:
    """Set the order's totals and tax lines from its parts. Where tax is rounded once on the order, it is summed from the
    exact taxes inside the parts; what was charged with the tax in it stays as it was charged."""
    once = order["_twin"].get("tax_round_at_subtotal", False)

    def total(part: str, name: str) -> Decimal:
        return sum((Decimal(line[name]) for line in order[part]), Decimal(0))

    def taxed(*parts: str) -> Decimal:
        if not once:
            return sum((total(part, "total_tax") for part in parts), Decimal(0))
        taxes = [tax["total"] for part in parts for line in order[part] for tax in line["taxes"]]
        return Decimal(money(sum(map(Decimal, taxes), Decimal(0)), decimals))

    cart_tax, shipping_tax = taxed("line_items", "fee_lines"), taxed("shipping_lines")
    shipping = total("shipping_lines", "total")
    tax = cart_tax + shipping_tax
    if order["prices_include_tax"]:
        tax = sum(
            (total(part, "total_tax") for part in ("line_items", "fee_lines", "shipping_lines")), Decimal(0)
        )
    figures = {
        "discount_total": total("line_items", "subtotal") - total("line_items", "total"),
        "discount_tax": total("line_items", "subtotal_tax") - total("line_items", "total_tax"),
        "shipping_total": shipping,
        "shipping_tax": shipping_tax,
        "cart_tax": cart_tax,
        "total_tax": cart_tax + shipping_tax,
        "total": total("line_items", "total") + total("fee_lines", "total") + shipping + tax,
    }
    order.update({name: money(figure, decimals) for name, figure in figures.items()})
    for line in order["tax_lines"]:
        line["tax_total"], line["shipping_tax_total"] = (
            money(cart_tax, decimals),
            money(shipping_tax, decimals),
        )
    for coupon in order["coupon_lines"][:1]:
        coupon["discount"], coupon["discount_tax"] = order["discount_total"], order["discount_tax"]


def resize(line: dict[str, Any], quantity: int, decimals: int, once: bool = False) -> None:
    """Change a line's quantity at its own prices; ``once`` keeps its taxes exact."""
    before = Decimal(line["quantity"])
    for name in ("subtotal", "subtotal_tax", "total", "total_tax"):
        line[name] = money(Decimal(line[name]) * quantity / before, decimals)
    for tax in line["taxes"]:
        if once:
            tax["total"], tax["subtotal"] = (
                plain(Decimal(tax[name]) * quantity / before) for name in ("total", "subtotal")
            )
            continue
        tax["total"], tax["subtotal"] = plain(line["total_tax"]), plain(line["subtotal_tax"])
    line["quantity"] = quantity


def reformat(document: Any, decimals: int) -> Any:
    """The same document with another number of decimals (the ``dp`` argument)."""
    if isinstance(document, list):
        return [reformat(item, decimals) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        name: money(value, decimals)
        if name in MONEY and isinstance(value, str) and value
        else value
        if name in ("taxes", "meta_data")
        else reformat(value, decimals)
        for name, value in document.items()
    }
