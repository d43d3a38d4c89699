"""Reads a WooCommerce REST v3 order into our words. Pure: ``{"order": …, "refunds": […]}`` in, draft out.

How the totals law is kept: WooCommerce never rewrites an order when it is refunded. Line totals, shipping,
fees and the order's ``total`` all stay as they were paid, refunds are records beside them. So every amount
here is *as paid*, the refunds are ``RefundDraft``s, and ``sum(net + tax) == total`` holds before and after a
refund. An edit in the shop's admin recalculates lines and total together, so it holds after an edit too.
Coupons are already inside the line totals. Shops that round tax on the whole order show line taxes that miss
the total by a cent: that gap, and only that, becomes a ``rounding`` charge.

All amounts are net already, with the tax apart, whatever ``prices_include_tax`` says (it tells only how the
prices were typed in). A refund of three pieces is not an order for three fewer: ``quantity`` stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from typing import Any

from channels.adapters.reading import (
    document,
    moment,
    number,
    required,
    required_moment,
    rounding,
    unsigned,
    whole,
)
from orders.drafts import (
    AddressDraft,
    Amount,
    ChargeDraft,
    DiscountDraft,
    LineDraft,
    OrderDraft,
    PaymentDraft,
    RefundDraft,
    RefundLineDraft,
)

OUR_KEY = "_oms_key"
NOT_PLACED = frozenset({"checkout-draft", "auto-draft", "draft"})
CALLED_OFF = {"cancelled": "cancelled at the shop", "trash": "put in the trash at the shop"}
# What the bundle and composite plug-ins add to the line that stands for the whole: its parts are what ships.
PARENT_MARKS = ("bundled_items", "composite_children")


def read_order(body: bytes, source: str) -> OrderDraft:
    """Raises ``Rejected(field, reason)``. ``channel_status`` is WooCommerce's own word, custom or not."""
    found = document(body, "order")
    order, own_refunds = found["order"], found.get("refunds")
    placed = required_moment(order, "date_created_gmt")
    modified = moment(order.get("date_modified_gmt"), "date_modified_gmt") or placed
    status = str(required(order, "status")).removeprefix("wc-")
    currency = str(required(order, "currency"))
    refunds = tuple(_refund(raw, order, modified) for raw in own_refunds or order.get("refunds") or ())
    total = _money(required(order, "total"), "total")
    needs_shipping = order.get("needs_processing") is not False
    lines = tuple(_line(raw, order, needs_shipping) for raw in order.get("line_items") or ())
    charges = [*map(_shipping, order.get("shipping_lines") or ()), *map(_fee, order.get("fee_lines") or ())]
    parts: list[LineDraft | ChargeDraft] = [*lines, *charges]
    charges += rounding(total, [part.net for part in parts], [part.tax for part in parts], currency)
    billing, shipping = order.get("billing") or {}, order.get("shipping") or {}
    # An untouched shipping form means "to the billing address".
    address = _address(shipping if _filled(shipping) else billing, billing)
    ships = any(line.requires_shipping for line in lines)
    customer = order.get("customer_id")
    return OrderDraft(
        source=source,
        external_id=str(required(order, "id")),
        number=str(order.get("number") or order["id"]),
        placed_at=placed,
        updated_at=max([modified, *(refund.at for refund in refunds)]),
        currency=currency,
        shop_currency=currency,
        total=total,
        lines=lines,
        charges=tuple(charges),
        discounts=tuple(map(_coupon, order.get("coupon_lines") or ())),
        payments=_payments(order, total, refunds),
        refunds=refunds,
        prices_include_tax=order.get("prices_include_tax") is True,
        email=billing.get("email") or "",
        phone=billing.get("phone") or "",
        customer_name=_name(billing) or billing.get("company") or "",
        customer_external_id=str(customer) if customer and str(customer) != "0" else "",
        shipping_address=address,
        billing_address=_address(billing, billing),
        shipping_method=", ".join(charge.title for charge in charges if charge.kind == "shipping"),
        note=order.get("customer_note") or "",
        channel_status=status,
        cancelled_at=modified if status in CALLED_OFF else None,
        cancel_reason=CALLED_OFF.get(status, ""),
        missing=("shipping_address",) if ships and not (address.line1 or address.country) else (),
    )


def changed_at(order: Mapping[str, Any], refunds: list[dict[str, Any]]) -> datetime:
    """When this order last changed; refunds count, since not every gateway's refund touches its order."""
    changed = moment(order.get("date_modified_gmt"), "date_modified_gmt") or required_moment(
        order, "date_created_gmt"
    )
    times = [moment(refund.get("date_created_gmt"), "refunds.date_created_gmt") for refund in refunds]
    return max([changed, *(at for at in times if at)])


def _money(value: Any, field: str) -> Amount:
    return Amount.same(number(value, field))


def _line(raw: Mapping[str, Any], order: Mapping[str, Any], needs_shipping: bool) -> LineDraft:
    quantity = whole(raw.get("quantity"), "line_items.quantity")
    net = _money(raw.get("total"), "line_items.total")
    before = _money(raw.get("subtotal") or raw.get("total"), "line_items.subtotal")
    window = before.customer
    if order.get("prices_include_tax") is True:
        window += number(raw.get("subtotal_tax"), "line_items.subtotal_tax")
    product, variation = raw.get("product_id") or "", raw.get("variation_id") or ""
    sku = raw.get("sku") or ""
    # A bundle is told as the whole and its parts. Money stays on whichever line the shop put it; goods are
    # counted on the parts only.
    whole_of_bundle = any(raw.get(mark) for mark in PARENT_MARKS)
    return LineDraft(
        external_id=str(required(raw, "id")),
        title=unescape(str(raw.get("name") or "")),
        quantity=quantity,
        net=net,
        tax=_money(raw.get("total_tax"), "line_items.total_tax"),
        discount=before - net,
        unit_price=(window / quantity).quantize(Decimal("0.0001"), ROUND_HALF_UP) if quantity else window,
        sku=str(sku),
        external_product_id=str(product),
        external_variant_id=str(variation or product),
        kind="custom" if whole_of_bundle or not (product or sku) else "item",
        requires_shipping=needs_shipping and not whole_of_bundle,
    )


def _shipping(raw: Mapping[str, Any]) -> ChargeDraft:
    return ChargeDraft(
        kind="shipping",
        title=unescape(str(raw.get("method_title") or "Shipping")),
        net=_money(raw.get("total"), "shipping_lines.total"),
        tax=_money(raw.get("total_tax"), "shipping_lines.total_tax"),
        code=str(raw.get("method_id") or ""),
        external_id=str(raw.get("id") or ""),
    )


def _coupon(raw: Mapping[str, Any]) -> DiscountDraft:
    """WooCommerce tells a coupon's money for the whole order only, without tax; for free shipping it is nothing."""
    return DiscountDraft(
        code=unescape(str(raw.get("code") or "")),
        title="",
        amount=_money(raw.get("discount"), "coupon_lines.discount"),
    )


def _fee(raw: Mapping[str, Any]) -> ChargeDraft:
    """A fee below zero is how WooCommerce plug-ins give a discount on the whole order."""
    net = _money(raw.get("total"), "fee_lines.total")
    return ChargeDraft(
        kind="discount" if net.customer < 0 else "fee",
        title=unescape(str(raw.get("name") or "Fee")),
        net=net,
        tax=_money(raw.get("total_tax"), "fee_lines.total_tax"),
        external_id=str(raw.get("id") or ""),
    )


def _payments(
    order: Mapping[str, Any], total: Amount, refunds: tuple[RefundDraft, ...]
) -> tuple[PaymentDraft, ...]:
    """WooCommerce tells only that it was paid and when, so the whole total is one fact. Refunds follow."""
    paid_at = moment(order.get("date_paid_gmt"), "date_paid_gmt")
    gateway, transaction = str(order.get("payment_method") or ""), str(order.get("transaction_id") or "")
    paid = []
    if paid_at and total:
        kind = "capture" if transaction else "external_paid"
        paid.append(
            PaymentDraft(transaction or f"paid-{order['id']}", kind, "succeeded", total, paid_at, gateway)
        )
    back = [
        PaymentDraft(f"refund-{refund.external_id}", "refund", "succeeded", refund.total, refund.at, gateway)
        for refund in refunds
        if refund.total
    ]
    return (*paid, *back)


def _refund(raw: Mapping[str, Any], order: Mapping[str, Any], modified: datetime) -> RefundDraft:
    """Full records have ``amount`` and lines; the order's own short list only ``total``, below zero."""
    reason, key = unsigned(raw.get("reason"))
    for meta in raw.get("meta_data") or ():
        if meta.get("key") == OUR_KEY:
            key = str(meta.get("value") or "")
    amount = raw.get("amount") if raw.get("amount") not in (None, "") else raw.get("total")
    lines = tuple(filter(None, map(_refund_line, raw.get("line_items") or ())))
    return RefundDraft(
        external_id=str(required(raw, "id")),
        at=moment(raw.get("date_created_gmt"), "refunds.date_created_gmt") or modified,
        total=Amount.same(abs(number(amount, "refunds.amount"))),
        lines=lines,
        reason=reason,
        our_key=key,
        restocked=not key and _put_back(order, {line.external_line_id for line in lines}),
    )


def refunded_item(raw: Mapping[str, Any]) -> str:
    """The id of what a row of a refund gives back; empty where it does not say."""
    return str(_meta(raw, "_refunded_item_id") or "")


def _refund_line(raw: Mapping[str, Any]) -> RefundLineDraft | None:
    """Lines of a refund are negative and point to the sold line by a meta value."""
    sold = refunded_item(raw)
    if not sold:
        return None
    return RefundLineDraft(
        external_line_id=sold,
        quantity=abs(whole(raw.get("quantity"), "refunds.quantity")),
        net=-_money(raw.get("total"), "refunds.total"),
        tax=-_money(raw.get("total_tax"), "refunds.total_tax"),
    )


def _put_back(order: Mapping[str, Any], line_ids: set[str]) -> bool:
    """WooCommerce keeps its restocking as a tally on the sold line, not on the refund."""
    return any(
        str(raw.get("id")) in line_ids and number(_meta(raw, "_restock_refunded_items"), "restocked") > 0
        for raw in order.get("line_items") or ()
    )


def _meta(raw: Mapping[str, Any], key: str) -> Any:
    return next((meta.get("value") for meta in raw.get("meta_data") or () if meta.get("key") == key), None)


def _filled(address: Mapping[str, Any]) -> bool:
    return any(address.get(part) for part in ("address_1", "city", "postcode"))


def _name(raw: Mapping[str, Any]) -> str:
    return f"{raw.get('first_name') or ''} {raw.get('last_name') or ''}".strip()


def _address(raw: Mapping[str, Any], billing: Mapping[str, Any]) -> AddressDraft:
    return AddressDraft(
        name=_name(raw),
        company=raw.get("company") or "",
        line1=raw.get("address_1") or "",
        line2=raw.get("address_2") or "",
        city=raw.get("city") or "",
        region=raw.get("state") or "",
        postcode=raw.get("postcode") or "",
        country=raw.get("country") or "",
        phone=raw.get("phone") or billing.get("phone") or "",
    )
