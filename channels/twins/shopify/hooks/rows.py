"""The rows that several webhook bodies share."""

from __future__ import annotations

from channels.twins.shopify import sums
from channels.twins.shopify.addresses import country_name, full_name
from channels.twins.shopify.books import Doc, gid
from channels.twins.shopify.money import Pair, Purse, fixed


def when(moment: str | None) -> str | None:
    return None if moment is None else moment.replace("Z", "+00:00")


def address_row(address: Doc | None) -> Doc | None:
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


def customer_row(config: Doc, customer: Doc) -> Doc:
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
                    **{
                        k: v
                        for k, v in (address_row(home) or {}).items()
                        if k not in ("latitude", "longitude")
                    },
                    "country_name": country_name(home),
                    "default": True,
                }
            }
            if home
            else {}
        ),
    }


def tax_line_row(purse: Purse, row: Doc) -> Doc:
    amount = Pair.read(row["amount"])
    return {
        "price": fixed(amount.s, purse.shop),
        "rate": row["rate"],
        "title": row["title"],
        "price_set": purse.rest_set(amount),
        "channel_liable": False,
    }


def application_row(purse: Purse, row: Doc) -> Doc:
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


def allocations_row(purse: Purse, row: Doc) -> list[Doc]:
    return [
        {
            "amount": fixed(Pair.read(entry["amount"]).s, purse.shop),
            "amount_set": purse.rest_set(Pair.read(entry["amount"])),
            "discount_application_index": entry["index"],
        }
        for entry in row["allocations"]
    ]


def line_row(purse: Purse, order: Doc, line: Doc) -> Doc:
    price, own = Pair.read(line["price"]), own_discount_row(order, line)
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
        "tax_lines": [tax_line_row(purse, row) for row in line["tax_lines"]],
        "duties": [],
        "discount_allocations": allocations_row(purse, line),
    }


def own_discount_row(order: Doc, line: Doc) -> Pair:
    return sums.allocated(line, only={d["index"] for d in order["discounts"] if d["selection"] != "ALL"})


def shipping_line_row(purse: Purse, row: Doc) -> Doc:
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
        "tax_lines": [tax_line_row(purse, entry) for entry in row["tax_lines"]],
        "discount_allocations": allocations_row(purse, row),
    }


def transaction_row(order: Doc, row: Doc) -> Doc:
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
