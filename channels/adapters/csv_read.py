"""Reads the rows of one order of a CSV file into our words. Pure; every refusal names its row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from channels.adapters.reading import document, whole
from oms.core.errors import Rejected
from oms.core.money import known_currency
from orders.drafts import NOTHING, AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft

ADDRESS = (
    "name",
    "company",
    "address1",
    "address2",
    "city",
    "region",
    "postcode",
    "country",
    "phone",
    "email",
)
ORDER_COLUMNS = frozenset(
    {
        "order", "placed_at", "updated_at", "total", "currency", "status", "note", "paid_at", "payment",
        "shipping", "shipping_tax", "shipping_method", "order_discount",
        *ADDRESS, *(f"billing_{name}" for name in ADDRESS),
    }
)  # fmt: skip
LINE_COLUMNS = frozenset(
    {"line", "sku", "title", "barcode", "quantity", "unit_price", "line_total", "discount", "tax"}
)
EXACT = re.compile(r"-?\d+(\.\d+)?")
COMMA = re.compile(r"-?\d[\d.' ]*,\d+")


class BadRow(Rejected):
    """A ``Rejected`` that knows its row."""

    def __init__(self, row: int, field: str, reason: str, words: str):
        super().__init__(field, reason, f"row {row}: {words}")
        self.row = row


def read_order(body: bytes, source: str) -> OrderDraft:
    """Raises ``Rejected(field, reason)``, its words beginning with the row."""
    told = document(body, "order")["order"]
    rows: Sequence[Mapping[str, Any]] = told["rows"]
    options: Mapping[str, Any] = told.get("options") or {}
    included = options.get("prices_include_tax") is True
    order = Order(rows, options)
    for row in rows:
        if row.get("extra_cells"):
            raise BadRow(
                row["row"],
                "row",
                "too_long",
                "more cells than the heading has: quote texts that hold the delimiter",
            )
    currency = (order.text("currency") or str(options.get("currency") or "")).upper()
    if not known_currency(currency):
        raise BadRow(
            order.first, "currency", "unknown", f"'{currency}' is no currency; fill the column or the option"
        )
    lines = tuple(_line(row, place, included) for place, row in enumerate(rows, start=1))
    seen: set[str] = set()
    for row, line in zip(rows, lines, strict=True):
        if line.external_id in seen:
            raise BadRow(row["row"], "line", "twice", f"the order already has a line '{line.external_id}'")
        seen.add(line.external_id)
    charges = tuple(_charges(order, included))
    parts: list[LineDraft | ChargeDraft] = [*lines, *charges]
    law = sum((part.net + part.tax for part in parts), NOTHING)
    total = Amount.same(order.amount("total")) if order.text("total") else law
    placed = order.time("placed_at")
    if placed is None:
        raise BadRow(order.first, "placed_at", "missing", "no date")
    updated, paid = order.time("updated_at") or placed, order.time("paid_at")
    cancelled = order.text("status").lower() in ("cancelled", "canceled")
    reference = order.text("payment") or f"paid-{order.text('order')}"
    address = _address(order, "")
    billing = _address(order, "billing_")
    return OrderDraft(
        source=source,
        external_id=order.text("order"),
        number=order.text("order"),
        placed_at=placed,
        updated_at=updated,
        currency=currency,
        shop_currency=currency,
        total=total,
        lines=lines,
        charges=charges,
        payments=(PaymentDraft(reference, "external_paid", "succeeded", total, paid),)
        if paid and total
        else (),
        prices_include_tax=included,
        email=order.text("email") or order.text("billing_email"),
        phone=order.text("phone") or order.text("billing_phone"),
        customer_name=order.text("billing_name") or order.text("name"),
        shipping_address=address,
        billing_address=billing if billing != AddressDraft() else address,
        shipping_method=order.text("shipping_method"),
        note=order.text("note"),
        channel_status=order.text("status"),
        cancelled_at=updated if cancelled else None,
        cancel_reason="cancelled in the file" if cancelled else "",
        missing=() if address.line1 or address.country else ("shipping_address",),
    )


class Order:
    """The columns that belong to the order: told on one of its rows or on several, but the same."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], options: Mapping[str, Any]):
        self.rows, self.options, self.first = rows, options, int(rows[0]["row"])

    def cell(self, name: str) -> tuple[int, str]:
        told = [(int(row["row"]), str(row[name])) for row in self.rows if row.get(name)]
        for row, text in told[1:]:
            if text != told[0][1]:
                raise BadRow(
                    row, name, "contradiction", f"{name} is '{text}', but '{told[0][1]}' in row {told[0][0]}"
                )
        return told[0] if told else (self.first, "")

    def text(self, name: str) -> str:
        return self.cell(name)[1]

    def amount(self, name: str) -> Decimal:
        row, text = self.cell(name)
        return exact(row, name, text)

    def time(self, name: str) -> datetime | None:
        row, text = self.cell(name)
        if not text:
            return None
        form = self.options.get("date_format")
        try:
            found = datetime.strptime(text, str(form)) if form else datetime.fromisoformat(text)
        except ValueError:
            wanted = (
                f"like {form}"
                if form
                else "as 2026-01-31 or 2026-01-31 14:05 (or set the option date_format)"
            )
            raise BadRow(row, name, "not_a_time", f"{name} '{text}' is not written {wanted}") from None
        if found.tzinfo is None:
            try:
                found = found.replace(tzinfo=ZoneInfo(str(self.options.get("zone") or "UTC")))
            except (ZoneInfoNotFoundError, ValueError):
                raise Rejected(
                    "zone", "unknown", f"the option zone is no time zone: {self.options['zone']}"
                ) from None
        return found.astimezone(UTC)


def exact(row: int, name: str, text: str) -> Decimal:
    """A plain decimal. A comma is refused, not guessed: 1,234 may be a thousand or one and a bit."""
    if not text:
        return Decimal(0)
    if not EXACT.fullmatch(text):
        why = (
            "has a comma: write 1234.50, with a point and nothing between thousands"
            if COMMA.fullmatch(text)
            else ("is not a number such as 12.50")
        )
        raise BadRow(
            row, name, "decimal_comma" if COMMA.fullmatch(text) else "not_a_number", f"{name} '{text}' {why}"
        )
    return Decimal(text)


def _line(cells: Mapping[str, Any], place: int, included: bool) -> LineDraft:
    row = int(cells["row"])

    def amount(name: str) -> Decimal:
        return exact(row, name, str(cells.get(name) or ""))

    if not cells.get("quantity"):
        raise BadRow(row, "quantity", "missing", "no quantity")
    try:
        quantity = whole(amount("quantity"), "quantity")
    except BadRow:
        raise
    except Rejected:
        raise BadRow(
            row, "quantity", "not_whole", f"quantity '{cells['quantity']}' is not a whole number"
        ) from None
    if quantity < 0:
        raise BadRow(row, "quantity", "negative", "quantity is below zero: a return is no order line")
    sku, title = str(cells.get("sku") or ""), str(cells.get("title") or "")
    if not (sku or title):
        raise BadRow(row, "sku", "missing", "neither sku nor title")
    if not (cells.get("unit_price") or cells.get("line_total")):
        raise BadRow(row, "unit_price", "missing", "neither unit_price nor line_total")
    tax, discount = amount("tax"), amount("discount")
    price = amount("line_total") if cells.get("line_total") else amount("unit_price") * quantity - discount
    unit = amount("unit_price") or ((price + discount) / quantity if quantity else Decimal(0))
    return LineDraft(
        external_id=str(cells.get("line") or place),
        title=title or sku,
        quantity=quantity,
        net=Amount.same(price - tax if included else price),
        tax=Amount.same(tax),
        discount=Amount.same(discount),
        unit_price=unit.quantize(Decimal("0.0001"), ROUND_HALF_UP),
        sku=sku,
        barcode=str(cells.get("barcode") or ""),
        external_variant_id=sku,
        kind="item" if sku else "custom",
    )


def _charges(order: Order, included: bool) -> list[ChargeDraft]:
    found = []
    price, tax = order.amount("shipping"), order.amount("shipping_tax")
    if price or tax:
        title = order.text("shipping_method") or "Shipping"
        found.append(
            ChargeDraft("shipping", title, Amount.same(price - tax if included else price), Amount.same(tax))
        )
    discount = order.amount("order_discount")
    if discount:
        found.append(ChargeDraft("discount", "Discount", Amount.same(-abs(discount))))
    return found


def _address(order: Order, prefix: str) -> AddressDraft:
    told = {name: order.text(f"{prefix}{name}") for name in ADDRESS}
    return AddressDraft(
        name=told["name"],
        company=told["company"],
        line1=told["address1"],
        line2=told["address2"],
        city=told["city"],
        region=told["region"],
        postcode=told["postcode"],
        country=told["country"].upper() if len(told["country"]) == 2 else told["country"],
        phone=told["phone"],
    )
