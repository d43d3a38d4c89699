"""Fulfilment orders and what was sent."""

from __future__ import annotations

from collections.abc import Callable

from channels.twins.shopify import sums
from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.fields.lookup import (
    B,
    Resolver,
    constant,
    find,
    grams,
    line_node,
    listed,
    location_node,
    nothing,
    some,
    variant_node,
)
from channels.twins.shopify.money import Pair
from channels.twins.shopify.node import Node, order_node


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


def parcel_share(row: Node, whole: Callable[[Doc], Pair]) -> Doc:
    line = find(row.of["lines"], row.doc["line_id"])
    return row.bag(row.purse.share(whole(line), row.doc["quantity"], line["quantity"]))


FULFILMENT: dict[str, dict[str, Resolver]] = {
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
}
