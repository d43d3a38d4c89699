"""The body of an order."""

from __future__ import annotations

from channels.twins.shopify import sums
from channels.twins.shopify.books import Books, Doc, gid
from channels.twins.shopify.hooks.parcels import fulfillment_body, refund_body
from channels.twins.shopify.hooks.rows import (
    address_row,
    application_row,
    customer_row,
    line_row,
    shipping_line_row,
    tax_line_row,
    when,
)
from channels.twins.shopify.hooks.signing import unique
from channels.twins.shopify.money import ZERO, Pair, Purse, fixed


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
        "current_total_duties_set": purse.rest_set(total["current_duties"]) if sums.duties(order) else None,
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
        "original_total_duties_set": purse.rest_set(total["duties"]) if sums.duties(order) else None,
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
        "tax_lines": [tax_line_row(purse, row) for row in sums.tax_lines(order, now=False)],
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
        "billing_address": address_row(order["billing_address"]),
        "customer": customer_row(config, customer) if customer else None,
        "discount_applications": [application_row(purse, row) for row in order["discounts"]],
        "fulfillments": [fulfillment_body(order, row) | {"origin_address": {}} for row in order["fulfillments"]],
        "line_items": [
            {**line_row(purse, order, row), "current_quantity": sums.current(row), "attributed_staffs": [],
             "sales_line_item_group_id": None}
            for row in order["lines"]
        ],
        "line_item_groups": [],
        "refunds": [refund_body(order, row) for row in order["refunds"]],
        "returns": [],
        "shipping_address": address_row(order["shipping_address"]),
        "shipping_lines": [shipping_line_row(purse, row) for row in order["shipping_lines"]],
    }  # fmt: skip
