"""Refunds and returns."""

from __future__ import annotations

from channels.twins.shopify import sums
from channels.twins.shopify.books import Doc
from channels.twins.shopify.fields.lookup import (
    B,
    Resolver,
    constant,
    find,
    line_node,
    listed,
    location_node,
    nothing,
)
from channels.twins.shopify.money import ZERO, Pair
from channels.twins.shopify.node import Node, order_node


def refund_line_total(row: Node, name: str) -> Doc:
    return row.bag(Pair.read(row.doc[name]))


def refund_transactions(refund: Node) -> list[Doc]:
    return [row for row in refund.of["transactions"] if row["id"] in refund.doc["transaction_ids"]]


REFUNDS: dict[str, dict[str, Resolver]] = {
    "Refund": {
        "duties": lambda x, i: [x.part("RefundDuty", row) for row in x.doc.get("duties", ())],
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
    "RefundDuty": {
        "amountSet": lambda x, i: refund_line_total(x, "amount"),
        "originalDuty": lambda x, i: x.part("Duty", find(sums.duties(x.of), x.doc["duty_id"])),
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
}
