"""How each field of the schema is read from the books.

``FIELDS[type][field]`` takes ``(source, info, **arguments)``. A field that is not listed is the document's
entry of the same name in snake case, or the key itself of a plain dict.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from graphql import GraphQLError, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, GraphQLUnionType

from channels.twins.shopify import shelf, sums
from channels.twins.shopify.books import Books, Doc, gid, number_of
from channels.twins.shopify.money import ZERO, Pair, decimal, fixed, unit
from channels.twins.shopify.node import Node, Session, order_node
from channels.twins.shopify.paging import page

Resolver = Callable[..., Any]

COUNTRIES = {
    "AU": "Australia", "AT": "Austria", "BE": "Belgium", "CA": "Canada", "CH": "Switzerland", "CY": "Cyprus",
    "CZ": "Czechia", "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "GR": "Greece", "HK": "Hong Kong SAR", "IE": "Ireland", "IL": "Israel",
    "IS": "Iceland", "IT": "Italy", "JP": "Japan", "LT": "Lithuania", "LU": "Luxembourg", "MT": "Malta",
    "NL": "Netherlands", "NO": "Norway", "PL": "Poland", "PT": "Portugal", "SA": "Saudi Arabia", "SE": "Sweden",
    "SG": "Singapore", "US": "United States", "ZA": "South Africa",
}  # fmt: skip


def country_name(address: Doc) -> str | None:
    code = address.get("country_code")
    return address.get("country") or (COUNTRIES.get(code, code) if code else None)


def full_name(doc: Doc) -> str:
    return " ".join(part for part in (doc.get("first_name"), doc.get("last_name")) if part)


def by_id(row: Node | Doc) -> int:
    return int(row.doc["id"] if isinstance(row, Node) else row["id"])


def listed(source: Node, kind: str, rows: list[Doc], args: Doc, extra: Any = None) -> Doc:
    """A connection over a list in the order's document."""
    return page(rows, args, number=by_id, wrap=lambda row: source.part(kind, row, extra))


def find(rows: list[Doc], number: int | None) -> Doc:
    return next(row for row in rows if row["id"] == number)


def address_node(address: Doc | None) -> Node | None:
    return Node("MailingAddress", address) if address else None


def formatted(address: Doc, with_name: bool = False, with_company: bool = True) -> list[str]:
    rows = [
        full_name(address) if with_name else None,
        address.get("company") if with_company else None,
        address.get("address1"),
        address.get("address2"),
        " ".join(
            part for part in (address.get("city"), address.get("province_code"), address.get("zip")) if part
        ),
        country_name(address),
    ]
    return [row for row in rows if row]


def location_node(books: Books, number: int | None) -> Node | None:
    place = books.location(number)
    return Node("Location", place) if place else None


def variant_node(books: Books, number: int | None) -> Node | None:
    variant = books.variant(number)
    return Node("ProductVariant", variant) if variant else None


def item_node(books: Books, item: int | None) -> Node | None:
    variant = books.variant_of_item(item)
    return Node("InventoryItem", {**variant, "id": variant["item_id"]}, extra=variant) if variant else None


def product_node(books: Books, number: int | None) -> Node | None:
    product = books.product(number)
    return Node("Product", product) if product else None


def level_node(level: Doc | None) -> Node | None:
    return Node("InventoryLevel", level) if level else None


def level_id(level: Doc) -> str:
    return f"{gid('InventoryLevel', level['id'])}?inventory_item_id={level['item_id']}"


def variants_of(books: Books, product: Doc) -> list[Doc]:
    return [variant for number in product["variants"] if (variant := books.variant(number))]


def stock_of(books: Books, variant: Doc) -> int:
    return sum(level["available"] for level in books.levels_of(variant["item_id"]))


def applications(order: Doc, source: Node) -> dict[int, Node]:
    return {
        row["index"]: source.part(
            "DiscountCodeApplication" if row["code"] else "ManualDiscountApplication", row
        )
        for row in order["discounts"]
    }


def risk_of(order: Node) -> Doc:
    risk = order.doc["risk"]
    return {
        "recommendation": risk["recommendation"],
        "assessments": [
            {
                "riskLevel": risk["level"],
                "provider": None,
                "facts": [{"description": words, "sentiment": sign} for words, sign in risk["facts"]],
            }
        ],
    }


def attributes(source: Node) -> list[Doc]:
    return source.doc["attributes"]


def taxes(source: Node, rows: list[Doc], first: int | None = None) -> list[Node]:
    return [source.part("TaxLine", row) for row in rows[:first]]


def some(rows: list[Doc], first: int | None) -> list[Doc]:
    return rows if first is None else rows[:first]


def code_indexes(order: Doc) -> set[int]:
    return {row["index"] for row in order["discounts"] if row["code"]}


def line_own_discounts(line: Node, with_codes: bool) -> Pair:
    """Discounts on the line itself; those on the whole order are never among them."""
    own = {
        d["index"] for d in line.of["discounts"] if d["selection"] != "ALL" and (with_codes or not d["code"])
    }
    return sums.allocated(line.doc, only=own)


def each_of(line: Node, whole: Pair) -> Doc:
    purse, units = line.purse, line.doc["quantity"]
    return line.bag(purse.share(whole, 1, units) if units > 1 else whole)


def total(name: str) -> Resolver:
    return lambda order, _info: order.bag(order.sums[name])


def nothing(_source: Any, _info: Any, **_args: Any) -> None:
    return None


def constant(value: Any) -> Resolver:
    return lambda _source, _info, **_args: value


def maximum_refundable(entry: Node) -> Doc | None:
    if entry.doc["kind"] not in ("SALE", "CAPTURE"):
        return None
    return {"amount": decimal(sums.refundable(entry.of, entry.doc)), "currencyCode": entry.of["presentment"]}


def unsettled(entry: Node) -> Doc:
    open_money = ZERO
    if entry.doc["kind"] == "AUTHORIZATION" and entry.doc["status"] == "SUCCESS":
        open_money = entry.sums["capturable"]
    elif entry.doc["status"] == "PENDING":
        open_money = Pair.read(entry.doc["amount"])
    return entry.bag(open_money)


def job_actions(job: Doc) -> list[Doc]:
    match job["status"]:
        case "OPEN":
            names = ["CREATE_FULFILLMENT", "HOLD", "MOVE", "SPLIT", "REPORT_PROGRESS"]
        case "IN_PROGRESS":
            names = ["CREATE_FULFILLMENT", "HOLD", "MARK_AS_OPEN", "SPLIT"]
        case "ON_HOLD":
            names = ["RELEASE_HOLD", "HOLD"]
        case _:
            names = []
    return [{"action": name, "externalUrl": None} for name in names]


def assigned(job: Node, books: Books) -> Doc:
    place = books.location(job.doc["location_id"]) or {}
    at = place["address"]
    return {
        "address1": at.get("address1"),
        "address2": at.get("address2"),
        "city": at.get("city"),
        "countryCode": at.get("country_code"),
        "location": Node("Location", place),
        "name": place["name"],
        "phone": at.get("phone"),
        "province": at.get("province"),
        "zip": at.get("zip"),
    }


def destination(job: Node) -> Node | None:
    to = job.of["shipping_address"]
    if not to or job.doc["method"] == "NONE":
        return None
    return job.part("FulfillmentOrderDestination", {**to, "email": job.of["email"]})


def line_node(source: Node, number: int) -> Node:
    return source.part("LineItem", find(source.of["lines"], number))


def refund_line_total(row: Node, name: str) -> Doc:
    return row.bag(Pair.read(row.doc[name]))


def parcel_share(row: Node, whole: Callable[[Doc], Pair]) -> Doc:
    line = find(row.of["lines"], row.doc["line_id"])
    return row.bag(row.purse.share(whole(line), row.doc["quantity"], line["quantity"]))


def B(info: Any) -> Books:
    session: Session = info.context
    return session.books


FIELDS: dict[str, dict[str, Resolver]] = {
    "AdditionalFee": {
        "price": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "taxLines": lambda x, i: taxes(x, x.doc["tax_lines"]),
    },
    "Order": {
        "additionalFees": lambda o, i: [o.part("AdditionalFee", row) for row in o.doc["fees"]],
        "app": constant({"id": gid("App", 1), "name": "Online Store"}),
        "billingAddress": lambda o, i: address_node(o.doc["billing_address"]),
        "billingAddressMatchesShippingAddress": lambda o, i: (
            o.doc["billing_address"] == o.doc["shipping_address"]
        ),
        "canMarkAsPaid": lambda o, i: o.sums["outstanding"].p > 0 and not o.doc["cancelled_at"],
        "cancellation": lambda o, i: {"staffNote": o.doc["staff_note"]} if o.doc["cancelled_at"] else None,
        "capturable": lambda o, i: o.sums["capturable"].p > 0,
        "cartDiscountAmountSet": lambda o, i: (
            o.bag(o.sums["cart_discount"]) if o.sums["cart_discount"] else None
        ),
        "closed": lambda o, i: o.doc["closed_at"] is not None,
        "confirmed": constant(True),
        "currencyCode": lambda o, i: o.doc["currency"],
        "currentCartDiscountAmountSet": total("current_cart_discount"),
        "currentShippingPriceSet": total("current_shipping"),
        "currentSubtotalLineItemsQuantity": lambda o, i: sum(sums.current(row) for row in o.doc["lines"]),
        "currentSubtotalPriceSet": total("current_subtotal"),
        "currentTaxLines": lambda o, i: taxes(o, sums.tax_lines(o.doc, now=True)),
        "currentTotalAdditionalFeesSet": lambda o, i: o.bag(o.sums["fees"]) if o.doc["fees"] else None,
        "originalTotalAdditionalFeesSet": lambda o, i: o.bag(o.sums["fees"]) if o.doc["fees"] else None,
        "currentTotalDiscountsSet": total("current_discounts"),
        "currentTotalDutiesSet": nothing,
        "currentTotalPriceSet": total("current_total"),
        "currentTotalTaxSet": total("current_tax"),
        "currentTotalWeight": lambda o, i: str(sums.weight(o.doc, now=True)),
        "customAttributes": lambda o, i: attributes(o),
        "customer": lambda o, i: (
            Node("Customer", found) if (found := B(i).customer(o.doc["customer_id"])) else None
        ),
        "customerLocale": constant("en"),
        "discountApplications": lambda o, i, **a: page(
            list(applications(o.doc, o).values()), a, number=lambda node: node.doc["index"]
        ),
        "discountCode": lambda o, i: next((d["code"] for d in o.doc["discounts"] if d["code"]), None),
        "discountCodes": lambda o, i: [d["code"] for d in o.doc["discounts"] if d["code"]],
        "displayAddress": lambda o, i: address_node(o.doc["shipping_address"] or o.doc["billing_address"]),
        "displayFinancialStatus": lambda o, i: sums.financial_status(o.doc, o.sums),
        "displayFulfillmentStatus": lambda o, i: sums.fulfillment_status(o.doc),
        "dutiesIncluded": constant(False),
        "edited": lambda o, i: o.doc["edits"] > 0,
        "estimatedTaxes": constant(False),
        "fulfillable": lambda o, i: any(
            row["remaining"] for job in o.doc["fulfillment_orders"] for row in job["lines"]
        ),
        "fulfillmentOrders": lambda o, i, displayable=False, query=None, **a: listed(
            o, "FulfillmentOrder", o.doc["fulfillment_orders"], a
        ),
        "fulfillments": lambda o, i, first=None, query=None: [
            o.part("Fulfillment", row) for row in some(o.doc["fulfillments"], first)
        ],
        "fulfillmentsCount": lambda o, i: count(len(o.doc["fulfillments"])),
        "fullyPaid": lambda o, i: o.sums["outstanding"].p <= 0,
        "lineItems": lambda o, i, **a: listed(o, "LineItem", o.doc["lines"], a),
        "merchantEditable": lambda o, i: not o.doc["cancelled_at"],
        "netPaymentSet": total("net"),
        "originalTotalDutiesSet": nothing,
        "originalTotalPriceSet": total("total"),
        "paymentGatewayNames": lambda o, i: list(dict.fromkeys(t["gateway"] for t in o.doc["transactions"])),
        "presentmentCurrencyCode": lambda o, i: o.doc["presentment"],
        "refundDiscrepancySet": total("discrepancy"),
        "refundable": lambda o, i: any(sums.current(row) for row in o.doc["lines"]) or o.sums["net"].p > 0,
        "refunds": lambda o, i, first=None: [o.part("Refund", row) for row in some(o.doc["refunds"], first)],
        "requiresShipping": lambda o, i: any(row["requires_shipping"] for row in o.doc["lines"]),
        "restockable": lambda o, i: any(sums.current(row) for row in o.doc["lines"]),
        "returnStatus": lambda o, i: sums.return_status(o.doc),
        "returns": lambda o, i, query=None, **a: listed(o, "Return", o.doc["returns"], a),
        "risk": lambda o, i: risk_of(o),
        "shippingAddress": lambda o, i: address_node(o.doc["shipping_address"]),
        "shippingLine": lambda o, i: (
            o.part("ShippingLine", o.doc["shipping_lines"][0]) if o.doc["shipping_lines"] else None
        ),
        "shippingLines": lambda o, i, includeRemovals=False, **a: listed(
            o, "ShippingLine", o.doc["shipping_lines"], a
        ),
        "sourceIdentifier": nothing,
        "subtotalLineItemsQuantity": lambda o, i: sum(row["quantity"] for row in o.doc["lines"]),
        "subtotalPriceSet": total("subtotal"),
        "taxExempt": constant(False),
        "taxLines": lambda o, i: taxes(o, sums.tax_lines(o.doc, now=False)),
        "totalCapturableSet": total("capturable"),
        "totalDiscountsSet": total("discounts"),
        "totalOutstandingSet": total("outstanding"),
        "totalPriceSet": total("total"),
        "totalReceivedSet": total("received"),
        "totalRefundedSet": total("refunded"),
        "totalRefundedShippingSet": total("refunded_shipping"),
        "totalShippingPriceSet": total("shipping"),
        "totalTaxSet": total("tax"),
        "totalTipReceivedSet": lambda o, i: o.bag(ZERO),
        "totalWeight": lambda o, i: str(sums.weight(o.doc, now=False)),
        "transactions": lambda o, i, first=None, capturable=None, manuallyResolvable=None: [
            o.part("OrderTransaction", row)
            for row in some(o.doc["transactions"], first)
            if capturable is None
            or capturable == (row["kind"] == "AUTHORIZATION" and o.sums["capturable"].p > 0)
        ],
        "transactionsCount": lambda o, i: count(len(o.doc["transactions"])),
        "unpaid": lambda o, i: o.sums["received"].p == 0 and o.sums["total"].p > 0,
    },
    "LineItem": {
        "currentQuantity": lambda x, i: sums.current(x.doc),
        "customAttributes": lambda x, i: attributes(x),
        "discountAllocations": lambda x, i: [
            x.part("DiscountAllocation", row) for row in x.doc["allocations"]
        ],
        "discountedTotalSet": lambda x, i, withCodeDiscounts=False: x.bag(
            sums.original(x.doc) - line_own_discounts(x, withCodeDiscounts)
        ),
        "discountedUnitPriceAfterAllDiscountsSet": lambda x, i: each_of(x, sums.discounted(x.doc)),
        "discountedUnitPriceSet": lambda x, i: each_of(
            x, sums.original(x.doc) - line_own_discounts(x, False)
        ),
        "isGiftCard": lambda x, i: x.doc["gift_card"],
        "merchantEditable": lambda x, i: not x.of["cancelled_at"],
        "name": lambda x, i: x.doc["title"],
        "nonFulfillableQuantity": lambda x, i: (
            x.doc["quantity"] - sums.unfulfilled(x.of, x.doc["id"]) - sums.fulfilled(x.of, x.doc["id"])
        ),
        "originalTotalSet": lambda x, i: x.bag(sums.original(x.doc)),
        "originalUnitPriceSet": lambda x, i: x.bag(Pair.read(x.doc["price"])),
        "product": lambda x, i: product_node(B(i), x.doc["product_id"]),
        "refundableQuantity": lambda x, i: sums.current(x.doc),
        "restockable": lambda x, i: bool(x.doc["item_id"]) and sums.current(x.doc) > 0,
        "taxLines": lambda x, i, first=None: taxes(x, x.doc["tax_lines"], first),
        "totalDiscountSet": lambda x, i: x.bag(line_own_discounts(x, True)),
        "unfulfilledDiscountedTotalSet": lambda x, i: x.bag(
            x.purse.share(
                sums.original(x.doc) - line_own_discounts(x, False),
                sums.unfulfilled(x.of, x.doc["id"]),
                x.doc["quantity"],
            )
        ),
        "unfulfilledOriginalTotalSet": lambda x, i: x.bag(
            Pair.read(x.doc["price"]).times(sums.unfulfilled(x.of, x.doc["id"]))
        ),
        "unfulfilledQuantity": lambda x, i: sums.unfulfilled(x.of, x.doc["id"]),
        "variant": lambda x, i: variant_node(B(i), x.doc["variant_id"]),
        "weight": lambda x, i: grams(x.doc["grams"]),
    },
    "ShippingLine": {
        "carrierIdentifier": nothing,
        "currentDiscountedPriceSet": lambda x, i: x.bag(
            sums.discounted(x.doc) - sums.refunded_shipping(x.of)[0]
        ),
        "custom": constant(False),
        "deliveryCategory": constant("shipping"),
        "discountAllocations": lambda x, i: [
            x.part("DiscountAllocation", row) for row in x.doc["allocations"]
        ],
        "discountedPriceSet": lambda x, i: x.bag(sums.discounted(x.doc)),
        "isRemoved": constant(False),
        "originalPriceSet": lambda x, i: x.bag(sums.original(x.doc)),
        "phone": nothing,
        "source": constant("shopify"),
        "taxLines": lambda x, i: taxes(x, x.doc["tax_lines"]),
    },
    "TaxLine": {
        "channelLiable": constant(False),
        "priceSet": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "ratePercentage": lambda x, i: float(Decimal(str(x.doc["rate"])) * 100),
        "source": nothing,
    },
    "DiscountAllocation": {
        "allocatedAmountSet": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "discountApplication": lambda x, i: applications(x.of, x)[x.doc["index"]],
    },
    "OrderTransaction": {
        "accountNumber": nothing,
        "amountSet": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "authorizationExpiresAt": nothing,
        "formattedGateway": lambda x, i: x.doc["gateway"].replace("_", " ").title(),
        "manualPaymentGateway": lambda x, i: x.doc["gateway"] == "manual",
        "manuallyCapturable": lambda x, i: x.doc["kind"] == "AUTHORIZATION" and x.sums["capturable"].p > 0,
        "maximumRefundableV2": lambda x, i: maximum_refundable(x),
        "multiCapturable": constant(False),
        "order": lambda x, i: order_node(x.of),
        "parentTransaction": lambda x, i: (
            x.part("OrderTransaction", find(x.of["transactions"], x.doc["parent_id"]))
            if x.doc["parent_id"]
            else None
        ),
        "paymentId": lambda x, i: f"{x.of['name']}.{x.doc['id'] % 1000}",
        "processedAt": lambda x, i: x.doc["created_at"],
        "receiptJson": constant("{}"),
        "test": lambda x, i: x.of["test"],
        "totalUnsettledSet": lambda x, i: unsettled(x),
    },
    "FulfillmentOrder": {
        "assignedLocation": lambda x, i: assigned(x, B(i)),
        "deliveryMethod": lambda x, i: {
            "__typename": "DeliveryMethod",
            "id": gid("DeliveryMethod", x.doc["method_id"]),
            "methodType": x.doc["method"],
            "presentedName": x.doc["service"],
            "serviceCode": x.doc["service"],
        },
        "destination": lambda x, i: destination(x),
        "fulfillAt": lambda x, i: x.doc["created_at"],
        "fulfillBy": nothing,
        "fulfillmentHolds": lambda x, i: [x.part("FulfillmentHold", row) for row in x.doc["holds"]],
        "fulfillments": lambda x, i, **a: listed(
            x,
            "Fulfillment",
            [row for row in x.of["fulfillments"] if x.doc["id"] in row["fulfillment_order_ids"]],
            a,
        ),
        "lineItems": lambda x, i, **a: listed(x, "FulfillmentOrderLineItem", x.doc["lines"], a),
        "order": lambda x, i: order_node(x.of),
        "orderId": lambda x, i: gid("Order", x.of["id"]),
        "orderName": lambda x, i: x.of["name"],
        "orderProcessedAt": lambda x, i: x.of["processed_at"],
        "supportedActions": lambda x, i: job_actions(x.doc),
    },
    "FulfillmentOrderLineItem": {
        "inventoryItemId": lambda x, i: (
            gid("InventoryItem", found) if (found := line_node(x, x.doc["line_id"]).doc["item_id"]) else None
        ),
        "lineItem": lambda x, i: line_node(x, x.doc["line_id"]),
        "productTitle": lambda x, i: line_node(x, x.doc["line_id"]).doc["title"],
        "remainingQuantity": lambda x, i: x.doc["remaining"],
        "requiresShipping": lambda x, i: line_node(x, x.doc["line_id"]).doc["requires_shipping"],
        "sku": lambda x, i: line_node(x, x.doc["line_id"]).doc["sku"],
        "totalQuantity": lambda x, i: x.doc["total"],
        "variant": lambda x, i: variant_node(B(i), line_node(x, x.doc["line_id"]).doc["variant_id"]),
        "variantTitle": nothing,
        "vendor": lambda x, i: line_node(x, x.doc["line_id"]).doc["vendor"],
        "weight": lambda x, i: grams(line_node(x, x.doc["line_id"]).doc["grams"]),
    },
    "FulfillmentHold": {
        "displayReason": lambda x, i: x.doc["reason"].replace("_", " ").capitalize(),
        "handle": nothing,
        "heldByRequestingApp": constant(False),
        "reasonNotes": lambda x, i: x.doc["notes"],
    },
    "Fulfillment": {
        "deliveredAt": nothing,
        "displayStatus": lambda x, i: "CANCELED" if x.doc["status"] == "CANCELLED" else "FULFILLED",
        "estimatedDeliveryAt": nothing,
        "fulfillmentLineItems": lambda x, i, **a: listed(x, "FulfillmentLineItem", x.doc["lines"], a),
        "fulfillmentOrders": lambda x, i, **a: listed(
            x,
            "FulfillmentOrder",
            [job for job in x.of["fulfillment_orders"] if job["id"] in x.doc["fulfillment_order_ids"]],
            a,
        ),
        "inTransitAt": nothing,
        "location": lambda x, i: location_node(B(i), x.doc["location_id"]),
        "order": lambda x, i: order_node(x.of),
        "requiresShipping": lambda x, i: any(
            line_node(x, row["line_id"]).doc["requires_shipping"] for row in x.doc["lines"]
        ),
        "totalQuantity": lambda x, i: sum(row["quantity"] for row in x.doc["lines"]),
        "trackingInfo": lambda x, i, first=None: some(x.doc["tracking"], first),
    },
    "FulfillmentLineItem": {
        "discountedTotalSet": lambda x, i: parcel_share(x, sums.discounted),
        "lineItem": lambda x, i: line_node(x, x.doc["line_id"]),
        "originalTotalSet": lambda x, i: parcel_share(x, sums.original),
    },
    "Refund": {
        "order": lambda x, i: order_node(x.of),
        "orderAdjustments": lambda x, i, **a: listed(x, "OrderAdjustment", x.doc["adjustments"], a),
        "processedAt": lambda x, i: x.doc["created_at"],
        "refundLineItems": lambda x, i, **a: listed(x, "RefundLineItem", x.doc["lines"], a),
        "refundShippingLines": lambda x, i, **a: listed(x, "RefundShippingLine", x.doc["shipping"], a),
        "return": nothing,
        "totalRefundedSet": lambda x, i: x.bag(
            sum((Pair.read(t["amount"]) for t in refund_transactions(x) if t["status"] == "SUCCESS"), ZERO)
        ),
        "transactions": lambda x, i, **a: listed(x, "OrderTransaction", refund_transactions(x), a),
        "updatedAt": lambda x, i: x.doc["created_at"],
    },
    "RefundLineItem": {
        "lineItem": lambda x, i: line_node(x, x.doc["line_id"]),
        "location": lambda x, i: location_node(B(i), x.doc["location_id"]),
        "priceSet": lambda x, i: x.bag(Pair.read(line_node(x, x.doc["line_id"]).doc["price"])),
        "subtotalSet": lambda x, i: refund_line_total(x, "subtotal"),
        "totalTaxSet": lambda x, i: refund_line_total(x, "tax"),
    },
    "RefundShippingLine": {
        "shippingLine": lambda x, i: x.part(
            "ShippingLine", find(x.of["shipping_lines"], x.doc["shipping_line_id"])
        ),
        "subtotalAmountSet": lambda x, i: refund_line_total(x, "subtotal"),
        "taxAmountSet": lambda x, i: refund_line_total(x, "tax"),
    },
    "OrderAdjustment": {
        "amountSet": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "taxAmountSet": lambda x, i: x.bag(ZERO),
    },
    "Return": {
        "closedAt": nothing,
        "decline": nothing,
        "order": lambda x, i: order_node(x.of),
        "refunds": lambda x, i, **a: listed(x, "Refund", [], a),
        "requestApprovedAt": nothing,
        "returnLineItems": lambda x, i, **a: listed(x, "ReturnLineItem", x.doc["lines"], a),
        "totalQuantity": lambda x, i: sum(row["quantity"] for row in x.doc["lines"]),
    },
    "ReturnLineItem": {
        "customerNote": lambda x, i: x.doc["note"],
        "fulfillmentLineItem": lambda x, i: next(
            x.part("FulfillmentLineItem", row)
            for parcel in x.of["fulfillments"]
            for row in parcel["lines"]
            if row["id"] == x.doc["fulfillment_line_id"]
        ),
        "processableQuantity": constant(0),
        "processedQuantity": constant(0),
        "refundableQuantity": lambda x, i: x.doc["quantity"],
        "refundedQuantity": constant(0),
        "returnReason": lambda x, i: x.doc["reason"],
        "returnReasonNote": lambda x, i: x.doc["note"] or "",
        "unprocessedQuantity": lambda x, i: x.doc["quantity"],
    },
    "Customer": {
        "amountSpent": lambda c, i: {
            "amount": decimal(Decimal(c.doc["spent"])),
            "currencyCode": i.context.config["currency"],
        },
        "defaultAddress": lambda c, i: address_node(c.doc.get("address")),
        "defaultEmailAddress": lambda c, i: {
            "emailAddress": c.doc["email"],
            "validFormat": "@" in c.doc["email"],
        },
        "defaultPhoneNumber": lambda c, i: {"phoneNumber": c.doc["phone"]} if c.doc.get("phone") else None,
        "displayName": lambda c, i: full_name(c.doc) or c.doc["email"],
        "locale": constant("en"),
        "note": nothing,
        "numberOfOrders": lambda c, i: str(c.doc["orders"]),
        "tags": constant([]),
        "taxExempt": constant(False),
        "verifiedEmail": constant(True),
    },
    "MailingAddress": {
        "coordinatesValidated": constant(False),
        "country": lambda a, i: country_name(a.doc),
        "countryCodeV2": lambda a, i: a.doc["country_code"],
        "formatted": lambda a, i, withCompany=True, withName=False: formatted(a.doc, withName, withCompany),
        "formattedArea": lambda a, i: ", ".join(x for x in (a.doc["city"], country_name(a.doc)) if x),
        "latitude": nothing,
        "longitude": nothing,
        "name": lambda a, i: full_name(a.doc) or None,
    },
    "Product": {
        "description": lambda p, i, truncateAt=None: p.doc["title"][:truncateAt],
        "descriptionHtml": lambda p, i: p.doc["title"],
        "hasOnlyDefaultVariant": lambda p, i: len(p.doc["variants"]) == 1,
        "hasOutOfStockVariants": lambda p, i: any(stock_of(B(i), v) <= 0 for v in variants_of(B(i), p.doc)),
        "isGiftCard": constant(False),
        "publishedAt": lambda p, i: p.doc["created_at"],
        "totalInventory": lambda p, i: sum(stock_of(B(i), v) for v in variants_of(B(i), p.doc)),
        "tracksInventory": lambda p, i: any(v["tracked"] for v in variants_of(B(i), p.doc)),
        "variants": lambda p, i, sortKey=None, **a: page(
            [Node("ProductVariant", v) for v in variants_of(B(i), p.doc)], a, number=by_id
        ),
        "variantsCount": lambda p, i: count(len(p.doc["variants"])),
    },
    "ProductVariant": {
        "availableForSale": lambda v, i: v.doc["policy"] == "CONTINUE" or stock_of(B(i), v.doc) > 0,
        "barcode": lambda v, i: v.doc["barcode"] or None,
        "compareAtPrice": nothing,
        "displayName": lambda v, i: f"{(B(i).product(v.doc['product_id']) or {})['title']} - Default Title",
        "inventoryItem": lambda v, i: item_node(B(i), v.doc["item_id"]),
        "inventoryPolicy": lambda v, i: v.doc["policy"],
        "inventoryQuantity": lambda v, i: stock_of(B(i), v.doc) if v.doc["tracked"] else None,
        "position": constant(1),
        "price": lambda v, i: fixed(Decimal(v.doc["price"]), i.context.config["currency"]),
        "product": lambda v, i: product_node(B(i), v.doc["product_id"]),
        "sellableOnlineQuantity": lambda v, i: stock_of(B(i), v.doc),
        "taxable": constant(True),
        "title": constant("Default Title"),
    },
    "InventoryItem": {
        "countryCodeOfOrigin": nothing,
        "duplicateSkuCount": constant(0),
        "harmonizedSystemCode": nothing,
        "inventoryLevel": lambda t, i, locationId, includeInactive=False: level_node(
            B(i).level(t.doc["id"], number_of("Location", locationId) or 0)
        ),
        "inventoryLevels": lambda t, i, includeInactive=False, query=None, **a: page(
            [Node("InventoryLevel", level) for level in B(i).levels_of(t.doc["id"])],
            a,
            number=by_id,
            value=lambda _: "",
        ),
        "locationsCount": lambda t, i: count(len(B(i).levels_of(t.doc["id"]))),
        "measurement": lambda t, i: {
            "__typename": "InventoryItemMeasurement",
            "id": gid("InventoryItemMeasurement", t.doc["id"]),
            "weight": grams(t.doc["grams"]),
        },
        "unitCost": nothing,
        "variant": lambda t, i: Node("ProductVariant", t.extra),
    },
    "InventoryLevel": {
        "canDeactivate": lambda x, i: x.doc["committed"] == 0,
        "id": lambda x, i: level_id(x.doc),
        "isActive": constant(True),
        "item": lambda x, i: item_node(B(i), x.doc["item_id"]),
        "location": lambda x, i: location_node(B(i), x.doc["location_id"]),
        "quantities": lambda x, i, names: quantities(x.doc, names),
    },
    "Location": {
        "address": lambda x, i: {
            **{_camel(k): v for k, v in x.doc["address"].items()},
            "country": country_name(x.doc["address"]),
            "formatted": formatted(x.doc["address"]),
        },
        "fulfillsOnlineOrders": lambda x, i: x.doc["active"],
        "hasActiveInventory": lambda x, i: any(
            level["location_id"] == x.doc["id"] for level in B(i).store.scan("levels")
        ),
        "inventoryLevel": lambda x, i, inventoryItemId, includeInactive=False: level_node(
            B(i).level(number_of("InventoryItem", inventoryItemId) or 0, x.doc["id"])
        ),
        "inventoryLevels": lambda x, i, includeInactive=False, query=None, **a: page(
            [
                Node("InventoryLevel", level)
                for level in B(i).store.scan("levels")
                if level["location_id"] == x.doc["id"]
            ],
            a,
            number=by_id,
            value=lambda _: "",
        ),
        "isActive": lambda x, i: x.doc["active"],
        "isFulfillmentService": constant(False),
        "shipsInventory": lambda x, i: x.doc["active"],
        "updatedAt": lambda x, i: x.doc["created_at"],
    },
    "InventoryAdjustmentGroup": {
        "app": nothing,
        "changes": lambda x, i, inventoryItemIds=None, locationIds=None, quantityNames=None: [
            {
                "delta": row["delta"],
                "item": item_node(B(i), row["item_id"]),
                "ledgerDocumentUri": None,
                "location": location_node(B(i), row["location_id"]),
                "name": row["name"],
                "quantityAfterChange": row["after"],
            }
            for row in x.doc["changes"]
            if (inventoryItemIds is None or gid("InventoryItem", row["item_id"]) in inventoryItemIds)
            and (locationIds is None or gid("Location", row["location_id"]) in locationIds)
            and (quantityNames is None or row["name"] in quantityNames)
        ],
    },
    "WebhookSubscription": {
        "apiVersion": constant({"displayName": "2026-07", "handle": "2026-07", "supported": True}),
        "callbackUrl": lambda w, i: w.doc["uri"],
        "endpoint": lambda w, i: {"__typename": "WebhookHttpEndpoint", "callbackUrl": w.doc["uri"]},
        "format": constant("JSON"),
        "metafieldNamespaces": constant([]),
    },
}


def _application_fields() -> dict[str, Resolver]:
    return {
        "allocationMethod": lambda x, i: x.doc["method"],
        "description": nothing,
        "targetSelection": lambda x, i: x.doc["selection"],
        "targetType": lambda x, i: x.doc["target"],
        "value": lambda x, i: (
            {"__typename": "PricingPercentageValue", "percentage": x.doc["percentage"]}
            if x.doc["percentage"] is not None
            else {
                "__typename": "MoneyV2",
                "amount": decimal(Pair.read(x.doc["amount"]).p),
                "currencyCode": x.of["presentment"],
            }
        ),
    }


FIELDS["DiscountCodeApplication"] = FIELDS["ManualDiscountApplication"] = _application_fields()


def count(number: int) -> Doc:
    return {"count": number, "precision": "EXACT"}


def grams(weight: int) -> Doc:
    return {"unit": "GRAMS", "value": float(weight)}


def refund_transactions(refund: Node) -> list[Doc]:
    return [row for row in refund.of["transactions"] if row["id"] in refund.doc["transaction_ids"]]


def quantities(level: Doc, names: list[str]) -> list[Doc]:
    for name in names:
        if name not in shelf.NAMES:
            raise GraphQLError(f"The quantity name '{name}' is invalid.", extensions={"code": "BAD_REQUEST"})
    return [
        {
            "__typename": "InventoryQuantity",
            "id": f"{gid('InventoryQuantity', level['id'])}?inventory_item_id={level['item_id']}&name={name}",
            "name": name,
            "quantity": shelf.quantity(level, name),
            "updatedAt": level["updated_at"],
        }
        for name in names
    ]


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def _from_document(name: str) -> Resolver:
    key = _snake(name)
    return lambda source, _info, **_args: (
        source.doc.get(key) if isinstance(source, Node) else source.get(name)
    )


def _id(source: Any, _info: Any) -> str:
    return source.id if isinstance(source, Node) else source["id"]


def _legacy(source: Any, _info: Any) -> str:
    return str(source.doc["id"])


def _type_of(source: Any, *_: Any) -> str:
    return source.kind if isinstance(source, Node) else source["__typename"]


def attach(schema: GraphQLSchema, roots: dict[str, dict[str, Resolver]]) -> None:
    """Give every field of the schema its resolver; ``roots`` are those of queries and mutations."""
    tables = FIELDS | roots
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = _type_of
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        table = tables.get(kind.name, {})
        unknown = set(table) - set(kind.fields) - {"description"}
        if unknown:
            raise ValueError(f"{kind.name} has no field {', '.join(sorted(unknown))}")
        for name, field in kind.fields.items():
            field.resolve = (
                table.get(name) or {"id": _id, "legacyResourceId": _legacy}.get(name) or _from_document(name)
            )


__all__ = ["FIELDS", "attach", "unit"]
