"""Orders, their lines and payments."""

from __future__ import annotations

from channels.twins.shopify import sums
from channels.twins.shopify.books import Doc, gid
from channels.twins.shopify.fields.lookup import (
    B,
    Resolver,
    address_node,
    constant,
    count,
    find,
    grams,
    listed,
    nothing,
    product_node,
    some,
    variant_node,
)
from channels.twins.shopify.fields.money import applications, taxes
from channels.twins.shopify.money import ZERO, Pair, decimal
from channels.twins.shopify.node import Node, order_node
from channels.twins.shopify.paging import page


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


ORDERS: dict[str, dict[str, Resolver]] = {
    "AdditionalFee": {
        "price": lambda x, i: x.bag(Pair.read(x.doc["amount"])),
        "taxLines": lambda x, i: taxes(x, x.doc["tax_lines"]),
    },
    "Duty": {
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
        "currentTotalDutiesSet": lambda o, i: o.bag(o.sums["current_duties"]) if sums.duties(o.doc) else None,
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
        "disputes": lambda o, i: [o.part("OrderDisputeSummary", row) for row in o.doc.get("disputes", ())],
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
        "originalTotalDutiesSet": lambda o, i: o.bag(o.sums["duties"]) if sums.duties(o.doc) else None,
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
    "OrderDisputeSummary": {
        "initiatedAs": lambda x, i: x.doc["initiated_as"],
        "status": lambda x, i: x.doc["status"],
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
        "duties": lambda x, i: [x.part("Duty", row) for row in x.doc.get("duties", ())],
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
}
