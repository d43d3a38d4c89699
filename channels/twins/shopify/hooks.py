"""Webhook bodies, in the shape of Shopify's older REST resources, and their headers.

A body is made when the thing happened and never again: a retry carries the original one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

from channels.twins.shopify import sums
from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.money import ZERO, Pair, Purse, fixed
from channels.twins.shopify.reading import country_name, full_name, stock_of, variants_of

API_VERSION = "2026-07"


def topic_name(topic: str) -> str:
    """``ORDERS_CREATE`` is called ``orders/create`` on the wire, ``INVENTORY_LEVELS_UPDATE`` likewise."""
    head, _, tail = topic.lower().rpartition("_")
    if topic == "ORDERS_PARTIALLY_FULFILLED":
        head, tail = "orders", "partially_fulfilled"
    return f"{head}/{tail}"


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def headers(config: Doc, job: Doc, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": job["topic"],
        "X-Shopify-Hmac-Sha256": signature(config["secret"], body),
        "X-Shopify-Shop-Domain": config["shop_domain"],
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Webhook-Id": job["webhook_id"],
        "X-Shopify-Event-Id": job["event_id"],
        "X-Shopify-Triggered-At": job["triggered_at"],
    } | ({"X-Shopify-Name": job["name"]} if job.get("name") else {})


def unique(*parts: object) -> str:
    """An id that is the same for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(str(part) for part in parts)))


def body_of(books: Books, config: Doc, event: Doc) -> Doc | None:
    """What an announced event says; ``None`` when its subject is gone."""
    topic = event["topic"]
    resource = topic.split("/")[0]
    if topic == "orders/edited":
        return {"order_edit": event["edit"]}
    if resource == "orders":
        order = books.order(event["key"])
        return order_body(books, config, order) if order else None
    if resource == "products":
        product = books.product(event["key"])
        return product_body(books, config, product) if product else None
    if resource == "inventory_levels":
        item, _, place = str(event["key"]).partition(":")
        level = books.level(int(item), int(place))
        return level_body(level) if level else None
    order = books.order(event["order_id"])
    if order is None:
        return None
    match resource:
        case "refunds":
            return refund_body(order, _row(order, "refunds", event["key"]))
        case "fulfillments":
            return fulfillment_body(order, _row(order, "fulfillments", event["key"]))
        case "returns":
            return return_body(order, _row(order, "returns", event["key"]))
    raise LookupError(topic)


def _row(order: Doc, part: str, number: Any) -> Doc:
    return next(row for row in order[part] if row["id"] == number)


def when(moment: str | None) -> str | None:
    return None if moment is None else moment.replace("Z", "+00:00")


def serialise(body: Doc, only: list[str]) -> str:
    if only:
        body = {name: value for name, value in body.items() if name in only}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


# --- orders ------------------------------------------------------------------------------------------------


def order_body(books: Books, config: Doc, order: Doc) -> Doc:
    purse, total = Purse.of(order), sums.totals(order)

    def money(name: str) -> str:
        return fixed(total[name].s, purse.shop)

    def both(key: str, name: str) -> Doc:
        return {key: money(name), f"{key}_set": purse.rest_set(total[name])}

    customer = books.customer(order["customer_id"])
    fulfilment = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial"}
    return {
        "id": order["id"],
        "admin_graphql_api_id": gid("Order", order["id"]),
        "app_id": None,
        "browser_ip": order["client_ip"],
        "buyer_accepts_marketing": False,
        "cancel_reason": order["cancel_reason"].lower() if order["cancel_reason"] else None,
        "cancelled_at": when(order["cancelled_at"]),
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "closed_at": when(order["closed_at"]),
        "confirmation_number": order["confirmation_number"],
        "confirmed": True,
        "contact_email": order["email"],
        "created_at": when(order["created_at"]),
        "currency": order["currency"],
        "current_shipping_price_set": purse.rest_set(total["current_shipping"]),
        **both("current_subtotal_price", "current_subtotal"),
        "current_total_additional_fees_set": purse.rest_set(total["fees"]) if order["fees"] else None,
        **both("current_total_discounts", "current_discounts"),
        "current_total_duties_set": None,
        **both("current_total_price", "current_total"),
        **both("current_total_tax", "current_tax"),
        "customer_locale": "en",
        "device_id": None,
        "discount_codes": [
            {
                "code": row["code"],
                "amount": fixed(Pair.read(row["amount"]).s, purse.shop),
                "type": "percentage" if row["percentage"] is not None else "fixed_amount",
            }
            for row in order["discounts"]
            if row["code"]
        ],
        "duties_included": False,
        "email": order["email"] or "",
        "estimated_taxes": False,
        "financial_status": sums.financial_status(order, total).lower(),
        "fulfillment_status": fulfilment.get(sums.fulfillment_status(order)),
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": order["name"],
        "note": order["note"],
        "note_attributes": [{"name": row["key"], "value": row.get("value")} for row in order["attributes"]],
        "number": order["number"],
        "order_number": order["number"],
        "order_status_url": f"https://{config['shop_domain']}/orders/{order['id']:x}/authenticate",
        "original_total_additional_fees_set": purse.rest_set(total["fees"]) if order["fees"] else None,
        "original_total_duties_set": None,
        "payment_gateway_names": list(dict.fromkeys(t["gateway"] for t in order["transactions"])),
        "payment_terms": None,
        "phone": order["phone"],
        "po_number": order["po_number"],
        "presentment_currency": order["presentment"],
        "processed_at": when(order["processed_at"]),
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": order["source_name"],
        "source_url": None,
        **both("subtotal_price", "subtotal"),
        "tags": ", ".join(order["tags"]),
        "tax_exempt": False,
        "tax_lines": [_tax_line(purse, row) for row in sums.tax_lines(order, now=False)],
        "taxes_included": order["taxes_included"],
        "test": order["test"],
        "token": unique("order", order["id"]).replace("-", ""),
        "total_cash_rounding_payment_adjustment_set": purse.rest_set(ZERO),
        "total_cash_rounding_refund_adjustment_set": purse.rest_set(ZERO),
        **both("total_discounts", "discounts"),
        **both("total_line_items_price", "lines"),
        "total_outstanding": money("outstanding"),
        **both("total_price", "total"),
        "total_shipping_price_set": purse.rest_set(total["shipping"]),
        **both("total_tax", "tax"),
        "total_tip_received": "0.00",
        "total_weight": sums.weight(order, now=False),
        "updated_at": when(order["updated_at"]),
        "user_id": None,
        "billing_address": _address(order["billing_address"]),
        "customer": _customer(config, customer) if customer else None,
        "discount_applications": [_application(purse, row) for row in order["discounts"]],
        "fulfillments": [fulfillment_body(order, row) | {"origin_address": {}} for row in order["fulfillments"]],
        "line_items": [
            {**_line(purse, order, row), "current_quantity": sums.current(row), "attributed_staffs": [],
             "sales_line_item_group_id": None}
            for row in order["lines"]
        ],
        "line_item_groups": [],
        "refunds": [refund_body(order, row) for row in order["refunds"]],
        "returns": [],
        "shipping_address": _address(order["shipping_address"]),
        "shipping_lines": [_shipping_line(purse, row) for row in order["shipping_lines"]],
    }  # fmt: skip


def _address(address: Doc | None) -> Doc | None:
    if address is None:
        return None
    return {
        "first_name": address["first_name"] or "",
        "address1": address["address1"] or "",
        "phone": address["phone"],
        "city": address["city"] or "",
        "zip": address["zip"] or "",
        "province": address["province"],
        "country": country_name(address) or "",
        "last_name": address["last_name"] or "",
        "address2": address["address2"],
        "company": address["company"],
        "latitude": None,
        "longitude": None,
        "name": full_name(address),
        "country_code": address["country_code"] or "",
        "province_code": address["province_code"],
    }


def _customer(config: Doc, customer: Doc) -> Doc:
    home = customer.get("address")
    return {
        "id": customer["id"],
        "created_at": when(customer["created_at"]),
        "updated_at": when(customer["updated_at"]),
        "first_name": customer["first_name"],
        "last_name": customer["last_name"],
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer["email"],
        "phone": customer["phone"],
        "currency": config["currency"],
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", customer["id"]),
        **(
            {
                "default_address": {
                    "id": home["id"],
                    "customer_id": customer["id"],
                    **{k: v for k, v in (_address(home) or {}).items() if k not in ("latitude", "longitude")},
                    "country_name": country_name(home),
                    "default": True,
                }
            }
            if home
            else {}
        ),
    }


def _tax_line(purse: Purse, row: Doc) -> Doc:
    amount = Pair.read(row["amount"])
    return {
        "price": fixed(amount.s, purse.shop),
        "rate": row["rate"],
        "title": row["title"],
        "price_set": purse.rest_set(amount),
        "channel_liable": False,
    }


def _application(purse: Purse, row: Doc) -> Doc:
    percentage = row["percentage"]
    return {
        "target_type": row["target"].lower(),
        "type": "discount_code" if row["code"] else "manual",
        "value": str(percentage) if percentage is not None else fixed(Pair.read(row["amount"]).s, purse.shop),
        "value_type": "percentage" if percentage is not None else "fixed_amount",
        "allocation_method": row["method"].lower(),
        "target_selection": row["selection"].lower(),
        **({"code": row["code"]} if row["code"] else {"title": row["title"], "description": row["title"]}),
    }


def _allocations(purse: Purse, row: Doc) -> list[Doc]:
    return [
        {
            "amount": fixed(Pair.read(entry["amount"]).s, purse.shop),
            "amount_set": purse.rest_set(Pair.read(entry["amount"])),
            "discount_application_index": entry["index"],
        }
        for entry in row["allocations"]
    ]


def _line(purse: Purse, order: Doc, line: Doc) -> Doc:
    price, own = Pair.read(line["price"]), _own_discount(order, line)
    sent, open_units = sums.fulfilled(order, line["id"]), sums.unfulfilled(order, line["id"])
    return {
        "id": line["id"],
        "admin_graphql_api_id": gid("LineItem", line["id"]),
        "fulfillable_quantity": open_units,
        "fulfillment_service": "gift_card" if line["gift_card"] else "manual",
        "fulfillment_status": None if not sent else "partial" if open_units else "fulfilled",
        "gift_card": line["gift_card"],
        "grams": line["grams"],
        "name": line["title"],
        "price": fixed(price.s, purse.shop),
        "price_set": purse.rest_set(price),
        "product_exists": line["product_id"] is not None,
        "product_id": line["product_id"],
        "properties": [{"name": row["key"], "value": row.get("value")} for row in line["attributes"]],
        "quantity": line["quantity"],
        "requires_shipping": line["requires_shipping"],
        "sku": line["sku"] or "",
        "taxable": line["taxable"],
        "title": line["title"],
        "total_discount": fixed(own.s, purse.shop),
        "total_discount_set": purse.rest_set(own),
        "variant_id": line["variant_id"],
        "variant_inventory_management": "shopify" if line["item_id"] else None,
        "variant_title": line["variant_title"],
        "vendor": line["vendor"],
        "tax_lines": [_tax_line(purse, row) for row in line["tax_lines"]],
        "duties": [],
        "discount_allocations": _allocations(purse, line),
    }


def _own_discount(order: Doc, line: Doc) -> Pair:
    return sums.allocated(line, only={d["index"] for d in order["discounts"] if d["selection"] != "ALL"})


def _shipping_line(purse: Purse, row: Doc) -> Doc:
    price, less = sums.original(row), sums.discounted(row)
    return {
        "id": row["id"],
        "carrier_identifier": None,
        "code": row["code"],
        "current_discounted_price_set": purse.rest_set(less),
        "discounted_price": fixed(less.s, purse.shop),
        "discounted_price_set": purse.rest_set(less),
        "is_removed": False,
        "phone": None,
        "price": fixed(price.s, purse.shop),
        "price_set": purse.rest_set(price),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": row["title"],
        "tax_lines": [_tax_line(purse, entry) for entry in row["tax_lines"]],
        "discount_allocations": _allocations(purse, row),
    }


# --- parts of orders ---------------------------------------------------------------------------------------


def refund_body(order: Doc, refund: Doc) -> Doc:
    purse = Purse.of(order)
    lines = {row["id"]: row for row in order["lines"]}
    return {
        "id": refund["id"],
        "admin_graphql_api_id": gid("Refund", refund["id"]),
        "order_id": order["id"],
        "created_at": when(refund["created_at"]),
        "note": refund["note"] or "",
        "user_id": 1,
        "processed_at": when(refund["created_at"]),
        "duties": [],
        "total_duties_set": purse.rest_set(ZERO),
        "return": None,
        "refund_shipping_lines": [
            {
                "id": row["id"],
                "shipping_line_id": row["shipping_line_id"],
                "subtotal_amount_set": purse.rest_set(Pair.read(row["subtotal"])),
            }
            for row in refund["shipping"]
        ],
        "restock": any(row["restocked"] for row in refund["lines"]),
        "order_adjustments": [
            {
                "id": row["id"],
                "amount": fixed(Pair.read(row["amount"]).s, purse.shop),
                "amount_set": purse.rest_set(Pair.read(row["amount"])),
                "kind": "refund_discrepancy",
                "order_id": order["id"],
                "reason": "Refund discrepancy",
                "refund_id": refund["id"],
                "tax_amount": "0.00",
                "tax_amount_set": purse.rest_set(ZERO),
            }
            for row in refund["adjustments"]
        ],
        "refund_line_items": [
            {
                "id": row["id"],
                "quantity": row["quantity"],
                "line_item_id": row["line_id"],
                "location_id": row["location_id"],
                "restock_type": row["restock_type"].lower(),
                "subtotal": float(Pair.read(row["subtotal"]).s),
                "total_tax": float(Pair.read(row["tax"]).s),
                "subtotal_set": purse.rest_set(Pair.read(row["subtotal"])),
                "total_tax_set": purse.rest_set(Pair.read(row["tax"])),
                "line_item": _line(purse, order, lines[row["line_id"]]),
            }
            for row in refund["lines"]
        ],
        "transactions": [
            _transaction(order, row)
            for row in order["transactions"]
            if row["id"] in refund["transaction_ids"]
        ],
    }


def _transaction(order: Doc, row: Doc) -> Doc:
    purse = Purse.of(order)
    amount = Pair.read(row["amount"])
    return {
        "id": row["id"],
        "admin_graphql_api_id": gid("OrderTransaction", row["id"]),
        "amount": fixed(amount.p, purse.presentment),
        "amount_rounding": None,
        "authorization": None,
        "created_at": when(row["created_at"]),
        "currency": purse.presentment,
        "device_id": None,
        "error_code": None,
        "gateway": row["gateway"],
        "kind": row["kind"].lower(),
        "location_id": None,
        "manual_payment_gateway": row["gateway"] == "manual",
        "message": None,
        "order_id": order["id"],
        "parent_id": row["parent_id"],
        "payment_id": f"{order['name']}.{row['id'] % 1000}",
        "processed_at": when(row["created_at"]),
        "receipt": {},
        "source_name": order["source_name"],
        "status": row["status"].lower(),
        "test": order["test"],
        # Here, and only here, Shopify says "currency" for "currency_code".
        "total_unsettled_set": {
            "shop_money": {"amount": "0.0", "currency": purse.shop},
            "presentment_money": {"amount": "0.0", "currency": purse.presentment},
        },
        "user_id": None,
    }


def fulfillment_body(order: Doc, parcel: Doc) -> Doc:
    purse = Purse.of(order)
    lines = {row["id"]: row for row in order["lines"]}
    first = parcel["tracking"][0] if parcel["tracking"] else {}
    return {
        "id": parcel["id"],
        "admin_graphql_api_id": gid("Fulfillment", parcel["id"]),
        "order_id": order["id"],
        "status": parcel["status"].lower(),
        "created_at": when(parcel["created_at"]),
        "service": "manual",
        "updated_at": when(parcel["updated_at"]),
        "tracking_company": first.get("company"),
        "shipment_status": None,
        "location_id": parcel["location_id"],
        "origin_address": None,
        "email": order["email"] or "",
        "destination": _address(order["shipping_address"]),
        "line_items": [
            {**_line(purse, order, lines[row["line_id"]]), "quantity": row["quantity"]}
            for row in parcel["lines"]
        ],
        "tracking_number": first.get("number"),
        "tracking_numbers": [row["number"] for row in parcel["tracking"] if row["number"]],
        "tracking_url": first.get("url"),
        "tracking_urls": [row["url"] for row in parcel["tracking"] if row["url"]],
        "receipt": {},
        "name": parcel["name"],
    }


def return_body(order: Doc, entry: Doc) -> Doc:
    return {
        "id": entry["id"],
        "admin_graphql_api_id": gid("Return", entry["id"]),
        "order": {"id": order["id"], "admin_graphql_api_id": gid("Order", order["id"])},
        "status": entry["status"].lower(),
        "name": entry["name"],
        "total_return_line_items": sum(row["quantity"] for row in entry["lines"]),
        "total_exchange_line_items": 0,
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "return_line_items": [
            {
                "id": row["id"],
                "admin_graphql_api_id": gid("ReturnLineItem", row["id"]),
                "quantity": row["quantity"],
                "return_reason": row["reason"].lower(),
                "return_reason_note": row["note"] or "",
                "customer_note": row["note"],
                "fulfillment_line_item": {"id": row["fulfillment_line_id"]},
            }
            for row in entry["lines"]
        ],
    }


# --- products and stock ------------------------------------------------------------------------------------


def level_body(level: Doc) -> Doc:
    return {
        "inventory_item_id": level["item_id"],
        "location_id": level["location_id"],
        "available": level["available"],
        "updated_at": when(level["updated_at"]),
        "admin_graphql_api_id": f"{gid('InventoryLevel', level['id'])}?inventory_item_id={level['item_id']}",
    }


def product_body(books: Books, config: Doc, product: Doc) -> Doc:
    rows = variants_of(books, product)
    return {
        "id": product["id"],
        "admin_graphql_api_id": gid("Product", product["id"]),
        "body_html": product["title"],
        "created_at": when(product["created_at"]),
        "handle": product["handle"],
        "product_type": product["product_type"],
        "published_at": when(product["created_at"]),
        "template_suffix": None,
        "title": product["title"],
        "updated_at": when(product["updated_at"]),
        "vendor": product["vendor"],
        "status": product["status"].lower(),
        "published_scope": "web",
        "tags": ", ".join(product["tags"]),
        "variants": [
            {
                "id": row["id"],
                "admin_graphql_api_id": gid("ProductVariant", row["id"]),
                "barcode": row["barcode"] or None,
                "compare_at_price": None,
                "created_at": when(row["created_at"]),
                "inventory_policy": row["policy"].lower(),
                "position": 1,
                "price": row["price"],
                "product_id": product["id"],
                "sku": row["sku"],
                "taxable": True,
                "title": "Default Title",
                "updated_at": when(row["updated_at"]),
                "option1": "Default Title",
                "option2": None,
                "option3": None,
                "image_id": None,
                "inventory_item_id": row["item_id"],
                "inventory_quantity": stock_of(books, row),
                "old_inventory_quantity": stock_of(books, row),
            }
            for row in rows
        ],
        "options": [],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", row["id"]), "updated_at": when(row["updated_at"])}
            for row in rows
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }
