"""Reads a Shopify order (Admin GraphQL 2026-07) into our words. Pure: ``{"order": …}`` in, draft out.

How the totals law is kept: Shopify tells every figure twice, as ordered (``totalPriceSet``,
``originalTotalSet``, ``taxLines``: "including refunded and removed") and as it stands now (``current…``). We
read the first kind only, on every line and for the total, so ``sum(net + tax) == total`` holds for an order
as placed, and goes on holding when it is refunded or pieces are taken off: what was given back or taken off
is a ``RefundDraft``, and pieces taken off in an edit show in ``quantity`` only. Mixing the kinds is what makes
importers drift.

Where ``taxesIncluded``, prices hold their tax: the net is the price less the line's tax lines. All discounts
are taken from ``discountAllocations``, the only place that has line, order and code discounts alike.
Amounts are pairs: ``presentmentMoney`` is the customer's, ``shopMoney`` the shop's. Figures converted to a
second currency one by one may miss their total by a hair: that gap becomes a ``rounding`` charge.

A duty is a charge of its own, named by its whole ``gid://`` (it is the only charge that a refund can name), with
its line in ``code``. Where those of the lines miss the order's total of duties, the gap is a charge without a name.
What of the tax on a duty went back Shopify does not tell: it is taken to go with the duty, part by part.

``quantity`` is what is still wanted. Shopify's ``currentQuantity`` falls for every refunded piece, whether it
was called off before shipping or came back afterwards; only the first is a change of the order. So for a line
with refunded pieces we count what was fulfilled and what its fulfillment orders still ask for; where those
are not told, ``currentQuantity`` stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
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
from oms.core.errors import Rejected
from orders.drafts import (
    NOTHING,
    AddressDraft,
    Amount,
    ChargeDraft,
    DiscountDraft,
    LineDraft,
    OrderDraft,
    PaymentDraft,
    RefundChargeDraft,
    RefundDraft,
    RefundLineDraft,
)

KINDS = {
    "AUTHORIZATION": "authorisation",
    "EMV_AUTHORIZATION": "authorisation",
    "CAPTURE": "capture",
    "SALE": "capture",
    "VOID": "void",
    "REFUND": "refund",
}  # CHANGE is cash over a counter and SUGGESTED_REFUND a proposal: neither is a fact of the ledger.
STATUSES = {
    "SUCCESS": "succeeded",
    "PENDING": "pending",
    "AWAITING_RESPONSE": "pending",
    "UNKNOWN": "pending",
    "FAILURE": "failed",
    "ERROR": "failed",
}
DISPUTES = {
    "NEEDS_RESPONSE": "pending",
    "UNDER_REVIEW": "pending",
    "ACCEPTED": "succeeded",
    "LOST": "succeeded",
    "CHARGE_REFUNDED": "succeeded",
    "WON": "failed",
    "PREVENTED": "failed",
}
RISKS = ("", "low", "medium", "high")
RECOMMENDED = {"ACCEPT": "low", "INVESTIGATE": "medium", "CANCEL": "high"}
SHIPPED = frozenset({"SUCCESS", "OPEN", "PENDING"})
DONE_WITH = frozenset({"CANCELLED", "CLOSED"})


def number_of(gid: Any) -> str:
    """The number in ``gid://shopify/Order/123``, which is how we name things of Shopify's: ``"123"``."""
    return str(gid or "").rpartition("/")[2].partition("?")[0]


def gid(kind: str, external_id: str) -> str:
    return external_id if external_id.startswith("gid://") else f"gid://shopify/{kind}/{external_id}"


def read_order(body: bytes, source: str) -> OrderDraft:
    """Raises ``Rejected(field, reason)``. ``channel_status`` is "paid/unfulfilled" and the like;
    ``channel_risk`` is empty, low, medium or high, the worst that assessment or recommendation says."""
    order = document(body, "order")["order"]
    included = order.get("taxesIncluded") is True
    currency = str(required(order, "presentmentCurrencyCode"))
    total = _money(required(order, "totalPriceSet"), "totalPriceSet")
    wanted = _wanted(order)
    lines = tuple(_line(raw, included, wanted) for raw in nodes(order, "lineItems"))
    charges = list(_charges(order, included))
    parts: list[LineDraft | ChargeDraft] = [*lines, *charges]
    # Price and discount were each rounded by themselves, so each is a figure of its own here.
    figures = [figure for part in parts for figure in (part.net + part.discount, -part.discount)]
    charges += rounding(total, figures, [part.tax for part in parts], currency)
    customer = order.get("customer") or {}
    address = order.get("shippingAddress")
    orders_before = customer.get("numberOfOrders")
    ships = any(line.requires_shipping and line.quantity for line in lines)
    payments = tuple(_payments(order))
    return OrderDraft(
        source=source,
        external_id=number_of(required(order, "id")),
        number=str(required(order, "name")),
        placed_at=moment(order.get("processedAt"), "processedAt") or required_moment(order, "createdAt"),
        updated_at=required_moment(order, "updatedAt"),
        currency=currency,
        shop_currency=str(required(order, "currencyCode")),
        total=total,
        lines=lines,
        charges=tuple(charges),
        discounts=tuple(_discounts(order)),
        payments=(*payments, *_disputes(order, payments)),
        refunds=tuple(_refund(raw, included) for raw in order.get("refunds") or ()),
        prices_include_tax=included,
        email=order.get("email") or "",
        phone=order.get("phone") or "",
        customer_name=customer.get("displayName") or (order.get("billingAddress") or {}).get("name") or "",
        customer_external_id=number_of(customer.get("id")),
        customer_orders=None if orders_before is None else int(orders_before),
        shipping_address=_address(address),
        billing_address=_address(order.get("billingAddress")),
        shipping_method=", ".join(charge.title for charge in charges if charge.kind == "shipping"),
        note=order.get("note") or "",
        tags=tuple(order.get("tags") or ()),
        channel_status=_status(order),
        channel_risk=_risk(order.get("risk") or {}),
        cancelled_at=moment(order.get("cancelledAt"), "cancelledAt"),
        cancel_reason=str(order.get("cancelReason") or "").lower(),
        test=order.get("test") is True,
        # Withheld from apps and plans without access to customer data, and told later or never.
        missing=("shipping_address",) if ships and not address else (),
    )


def nodes(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    return (holder.get(name) or {}).get("nodes") or []


def _money(bag: Any, field: str) -> Amount:
    if not bag:
        return NOTHING
    try:
        return Amount(
            number(bag["presentmentMoney"]["amount"], field), number(bag["shopMoney"]["amount"], field)
        )
    except (KeyError, TypeError):
        raise Rejected(field, "not_money", f"{field} lacks one of its two amounts") from None


def _taxes(raw: Mapping[str, Any], field: str) -> Amount:
    return sum((_money(tax["priceSet"], f"{field}.taxLines") for tax in raw.get("taxLines") or ()), NOTHING)


def _line(raw: Mapping[str, Any], included: bool, wanted: Mapping[str, int]) -> LineDraft:
    ordered = whole(raw.get("quantity"), "lineItems.quantity")
    current = whole(raw.get("currentQuantity"), "lineItems.currentQuantity")
    price = _money(required(raw, "originalTotalSet"), "lineItems.originalTotalSet")
    given = raw.get("discountAllocations") or ()
    discount = sum(
        (_money(one["allocatedAmountSet"], "lineItems.discountAllocations") for one in given), NOTHING
    )
    tax = _taxes(raw, "lineItems")
    variant, product = raw.get("variant") or {}, raw.get("product") or {}
    gift_card = raw.get("isGiftCard") is True
    known = variant or product or raw.get("sku")
    external_id = number_of(required(raw, "id"))
    unit = price.customer / ordered if ordered else price.customer
    return LineDraft(
        external_id=external_id,
        title=str(raw.get("name") or ""),
        quantity=ordered if current == ordered else min(ordered, wanted.get(external_id, current)),
        ordered=ordered,
        net=price - discount - tax if included else price - discount,
        tax=tax,
        discount=discount,
        unit_price=unit.quantize(Decimal("0.0001"), ROUND_HALF_UP),
        sku=str(raw.get("sku") or ""),
        barcode=str(variant.get("barcode") or ""),
        external_product_id=number_of(product.get("id")),
        external_variant_id=number_of(variant.get("id")),
        kind="gift_card" if gift_card else "item" if known else "custom",
        requires_shipping=raw.get("requiresShipping") is not False and not gift_card,
    )


def _discounts(order: Mapping[str, Any]) -> Iterable[DiscountDraft]:
    """What each line and each way of shipping got cheaper by, with the code or the title it was given under."""
    for name in ("lineItems", "shippingLines"):
        for raw in nodes(order, name):
            for one in raw.get("discountAllocations") or ():
                given = one.get("discountApplication") or {}
                amount = _money(one["allocatedAmountSet"], f"{name}.discountAllocations")
                code, title = str(given.get("code") or ""), str(given.get("title") or "")
                if amount and (code or title):
                    yield DiscountDraft(
                        code, title, amount, number_of(raw["id"]) if name == "lineItems" else ""
                    )


def _wanted(order: Mapping[str, Any]) -> dict[str, int]:
    """Pieces shipped and still to be shipped, by line, as far as the order's fulfillments are told."""
    wanted: dict[str, int] = {}
    for fulfillment in order.get("fulfillments") or ():
        if fulfillment.get("status") in SHIPPED:
            for row in nodes(fulfillment, "fulfillmentLineItems"):
                line = number_of(row["lineItem"]["id"])
                wanted[line] = wanted.get(line, 0) + whole(row.get("quantity"), "fulfillments.quantity")
    for work in nodes(order, "fulfillmentOrders"):
        for row in nodes(work, "lineItems"):
            line = number_of(row["lineItem"]["id"])
            left = (
                0
                if work.get("status") in DONE_WITH
                else whole(row.get("remainingQuantity"), "remainingQuantity")
            )
            wanted[line] = wanted.get(line, 0) + left
    return wanted


def _charges(order: Mapping[str, Any], included: bool) -> Iterable[ChargeDraft]:
    for raw in nodes(order, "shippingLines"):
        tax = _taxes(raw, "shippingLines")
        price = _money(required(raw, "discountedPriceSet"), "shippingLines.discountedPriceSet")
        full = _money(raw.get("originalPriceSet"), "shippingLines.originalPriceSet") or price
        yield ChargeDraft(
            kind="shipping",
            title=str(raw.get("title") or "Shipping"),
            net=price - tax if included else price,
            tax=tax,
            discount=full - price,
            code=str(raw.get("code") or ""),
            external_id=number_of(raw.get("id")),
        )
    for raw in order.get("additionalFees") or ():
        tax = _taxes(raw, "additionalFees")
        price = _money(raw.get("price"), "additionalFees.price")
        net = price - tax if included else price
        yield ChargeDraft(
            "fee", str(raw.get("name") or "Fee"), net, tax, external_id=number_of(raw.get("id"))
        )
    if order.get("dutiesIncluded") is not True:
        yield from _duties(order, included)


def _duties(order: Mapping[str, Any], included: bool) -> Iterable[ChargeDraft]:
    unnamed = _money(order.get("originalTotalDutiesSet"), "originalTotalDutiesSet")
    for line in nodes(order, "lineItems") if unnamed else ():
        for raw in line.get("duties") or ():
            price, tax = _money(required(raw, "price"), "duties.price"), _taxes(raw, "duties")
            unnamed = unnamed - price
            yield ChargeDraft(
                kind="fee",
                title=f"Duties: {line.get('name') or ''}",
                net=price - tax if included else price,
                tax=tax,
                code=f"duties:{number_of(required(line, 'id'))}",
                external_id=str(required(raw, "id")),
            )
    if unnamed:
        yield ChargeDraft("fee", "Duties", unnamed, code="duties")


def _payments(order: Mapping[str, Any]) -> Iterable[PaymentDraft]:
    for raw in order.get("transactions") or ():
        if raw.get("kind") in KINDS:
            at = moment(raw.get("processedAt"), "transactions.processedAt")
            yield PaymentDraft(
                external_id=number_of(raw.get("id")),
                kind=KINDS[raw["kind"]],
                status=STATUSES.get(str(raw.get("status")), "pending"),
                amount=_money(raw.get("amountSet"), "transactions.amountSet"),
                at=at or required_moment(raw, "createdAt"),
                gateway=str(raw.get("gateway") or ""),
            )


def _disputes(order: Mapping[str, Any], payments: Sequence[PaymentDraft]) -> Iterable[PaymentDraft]:
    """Chargebacks. Shopify's order tells neither amount nor date of one, so what was left of the money counts
    as disputed, since the order last changed. An inquiry moves no money, and is best settled by a refund."""
    disputes = [one for one in order.get("disputes") or () if one.get("initiatedAs") == "CHARGEBACK"]
    taken = [p for p in payments if p.kind == "capture" and p.status == "succeeded"]
    if not disputes or not taken:
        return
    back = [p for p in payments if p.kind == "refund" and p.status == "succeeded"]
    whole = sum((p.amount for p in taken), NOTHING)
    left = whole - sum((p.amount for p in back), NOTHING)
    first = min(disputes, key=lambda one: int(number_of(one["id"])))
    yield PaymentDraft(
        external_id=f"dispute-{number_of(first['id'])}",
        kind="chargeback",
        status=DISPUTES.get(str(first.get("status")), "pending"),
        amount=left if left.customer > 0 else whole,
        at=required_moment(order, "updatedAt"),
        gateway=taken[0].gateway,
    )


def _refund(raw: Mapping[str, Any], included: bool) -> RefundDraft:
    """``total`` is the money moved; it may be nothing, where pieces were only taken off."""
    reason, key = unsigned(raw.get("note"))
    rows = nodes(raw, "refundLineItems")
    return RefundDraft(
        external_id=number_of(raw.get("id")),
        at=required_moment(raw, "createdAt"),
        total=_money(raw.get("totalRefundedSet"), "refunds.totalRefundedSet"),
        lines=tuple(_refund_line(row, included) for row in rows),
        reason=reason,
        our_key=key,
        restocked=any(row.get("restocked") is True for row in rows),
        charges=tuple(
            _duty_back(row, included) for row in raw.get("duties") or () if row.get("originalDuty")
        ),
    )


def _duty_back(row: Mapping[str, Any], included: bool) -> RefundChargeDraft:
    duty, back = row["originalDuty"], _money(row.get("amountSet"), "refunds.duties.amountSet")
    price, tax = _money(required(duty, "price"), "duties.price"), _taxes(duty, "duties")
    share = Amount(
        _share(tax.customer, back.customer, price.customer), _share(tax.shop, back.shop, price.shop)
    )
    return RefundChargeDraft(str(required(duty, "id")), back - share if included else back, share)


def _share(tax: Decimal, back: Decimal, price: Decimal) -> Decimal:
    return (tax * back / price).quantize(Decimal("0.0001"), ROUND_HALF_UP) if price else Decimal(0)


def _refund_line(row: Mapping[str, Any], included: bool) -> RefundLineDraft:
    price = _money(row.get("subtotalSet"), "refunds.subtotalSet")
    tax = _money(row.get("totalTaxSet"), "refunds.totalTaxSet")
    quantity = whole(row.get("quantity"), "refunds.quantity")
    return RefundLineDraft(
        number_of(row["lineItem"]["id"]), quantity, price - tax if included else price, tax
    )


def _status(order: Mapping[str, Any]) -> str:
    told = (order.get("displayFinancialStatus"), order.get("displayFulfillmentStatus"))
    return "/".join(str(part).lower() for part in told if part)


def _risk(raw: Mapping[str, Any]) -> str:
    said = [str(one.get("riskLevel") or "").lower() for one in raw.get("assessments") or ()]
    said.append(RECOMMENDED.get(str(raw.get("recommendation")), ""))
    return max((risk for risk in said if risk in RISKS), key=RISKS.index, default="")


def _address(raw: Mapping[str, Any] | None) -> AddressDraft:
    raw = raw or {}
    return AddressDraft(
        name=raw.get("name") or "",
        company=raw.get("company") or "",
        line1=raw.get("address1") or "",
        line2=raw.get("address2") or "",
        city=raw.get("city") or "",
        region=raw.get("provinceCode") or raw.get("province") or "",
        postcode=raw.get("zip") or "",
        country=raw.get("countryCodeV2") or "",
        phone=raw.get("phone") or "",
    )
