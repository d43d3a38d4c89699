"""From the API's words to an order draft. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from orders.drafts import AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft


def to_draft(ask: Mapping[str, Any], now: datetime) -> OrderDraft:
    """``ask`` as ``NewOrder`` leaves it; the shop sells in one currency."""
    placed = ask.get("placed_at") or now
    return OrderDraft(
        source=ask["source"], external_id=ask["external_id"], number=ask.get("number") or ask["external_id"],
        placed_at=placed, updated_at=placed, currency=ask["currency"], shop_currency=ask["currency"],
        total=Amount.same(ask["total"]),
        lines=tuple(_line(line) for line in ask["lines"]),
        charges=tuple(
            ChargeDraft(c["kind"], c["title"], Amount.same(c["net"]), Amount.same(c["tax"]), code=c["code"])
            for c in ask["charges"]
        ),
        payments=tuple(
            PaymentDraft(p["external_id"], p["kind"], p["status"], Amount.same(p["amount"]), p.get("at") or now, p["gateway"])
            for p in ask["payments"]
        ),
        prices_include_tax=ask["prices_include_tax"], tax_rounding=ask["tax_rounding"],
        tax_decimals=ask["tax_decimals"], email=ask["email"], phone=ask["phone"],
        customer_name=ask["customer_name"], shipping_address=AddressDraft(**ask["shipping_address"]),
        billing_address=AddressDraft(**ask["billing_address"]), shipping_method=ask["shipping_method"],
        note=ask["note"], tags=tuple(ask["tags"]),
    )  # fmt: skip


def _line(line: Mapping[str, Any]) -> LineDraft:
    return LineDraft(
        external_id=line["external_id"], title=line["title"], quantity=line["quantity"], net=Amount.same(line["net"]),
        tax=Amount.same(line["tax"]), discount=Amount.same(line["discount"]), unit_price=line.get("unit_price", Decimal(0)),
        sku=line["sku"], barcode=line["barcode"], kind=line["kind"], requires_shipping=line["requires_shipping"],
    )  # fmt: skip
