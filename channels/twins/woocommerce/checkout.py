"""The till: a basket becomes an order, or is refused because the shop believes it has not enough."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from channels.twins.woocommerce import catalogue, dates, pricing
from channels.twins.woocommerce.shop import Shop
from oms.twinkit.server import Refused

ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
)
PAYMENTS = {
    "paid": ("processing", "stripe", "Credit / Debit Card"),
    "unpaid": ("pending", "stripe", "Credit / Debit Card"),
    "on_hold": ("on-hold", "bacs", "Direct bank transfer"),
}


def place(shop: Shop, args: dict[str, Any]) -> dict[str, Any]:
    """Make the order, take its goods off the shelf and announce it.

    Raises ``Refused`` when a line cannot be sold. See ``shopper.place`` for the arguments.
    """
    payment = args.get("payment", "paid")
    if payment not in PAYMENTS:
        raise Refused(f"payment is one of {', '.join(PAYMENTS)}.")
    if not args.get("lines"):
        raise Refused("An order needs lines.")
    status, method, method_title = PAYMENTS[payment]
    number = shop.new_id("order")
    stamp = dates.given(args["placed_at"]) if args.get("placed_at") else shop.now()
    shipping = address(args.get("shipping_address") or args.get("billing_address"))
    billing = address(args.get("billing_address") or args.get("shipping_address"))
    billing["email"] = args.get("email", "")
    billing.setdefault("phone", "")
    rate = tax_rate(shop, args, shipping["country"] or billing["country"])
    currency = args.get("currency") or shop.config["currency"]
    order: dict[str, Any] = {
        "id": number,
        "parent_id": 0,
        "number": str(args.get("number") or number),
        "order_key": f"wc_order_{secrets.token_hex(7)[:13]}",
        "created_via": "checkout",
        "version": "9.8.5",
        "status": "pending",
        "currency": currency,
        "currency_symbol": {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}.get(currency, currency),
        "date_created_gmt": stamp,
        "date_modified_gmt": shop.now(),
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "prices_include_tax": bool(shop.config["prices_include_tax"]),
        "customer_id": int(args.get("customer_id") or 0),
        "customer_ip_address": args.get("customer_ip", ""),
        "customer_user_agent": args.get("user_agent", "Mozilla/5.0"),
        "customer_note": args.get("note", ""),
        "billing": billing,
        "shipping": shipping,
        "payment_method": args.get("payment_method", method),
        "payment_method_title": args.get("payment_method_title", method_title),
        "transaction_id": "",
        "cart_hash": secrets.token_hex(16),
        "meta_data": [],
        "line_items": basket(shop, args["lines"], rate, args.get("coupon")),
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": "",
        "is_editable": True,
        "needs_payment": True,
        "needs_processing": True,
        "_twin": {"tax_round_at_subtotal": bool(shop.config["tax_round_at_subtotal"])},
    }
    for key, value in (args.get("meta") or {}).items():
        shop.meta(order, key, value)
    extras(shop, order, args, rate)
    pricing.add_up(order, shop.decimals)
    if wrong := args.get("wrong_total"):
        total = Decimal(order["total"]) + 1 if wrong is True else Decimal(str(wrong))
        order["total"] = shop.money(total)
    order["_twin"]["ordered"] = [[line["sku"], line["quantity"]] for line in order["line_items"]]
    shop.store.put("number", order["number"], number)
    shop.log("placed", order=number, number=order["number"], total=order["total"])
    if status == "pending":
        shop.hold_stock(order)
    else:
        shop.set_status(order, status, "checkout")
        if payment == "paid":
            order["transaction_id"] = f"ch_{secrets.token_hex(12)}"
    order["payment_url"] = f"/checkout/order-pay/{number}/?pay_for_order=true&key={order['order_key']}"
    shop.save(order, "order.created")
    return order


def address(given: dict[str, Any] | None) -> dict[str, Any]:
    given = given or {}
    name = given.get("name", "").partition(" ")
    defaults = {"first_name": name[0], "last_name": name[2]}
    shown = {field: given.get(field, defaults.get(field, "")) for field in ADDRESS}
    shown["phone"] = given.get("phone", "")
    return shown


def tax_rate(shop: Shop, args: dict[str, Any], country: str) -> Decimal:
    rate = args.get("tax_rate", shop.config["tax_rates"].get(country, "0"))
    return Decimal(str(rate))


def basket(
    shop: Shop, wanted: list[dict[str, Any]], rate: Decimal, coupon: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """Line items, priced, discounted and taxed; checked against what the shop believes to have."""
    found = [_sold(shop, item) for item in wanted]
    _refuse_what_is_not_there(shop, wanted, found)
    gross = [
        Decimal(str(one["price"])) * int(item["quantity"]) for one, item in zip(found, wanted, strict=True)
    ]
    off = [Decimal(0)] * len(gross)
    if coupon:
        whole = sum(gross, Decimal(0))
        amount = (
            Decimal(str(coupon.get("amount") or 0)) or whole * Decimal(str(coupon.get("percent") or 0)) / 100
        )
        off = pricing.share(Decimal(shop.money(min(amount, whole))), gross, shop.decimals)
    lines = []
    for one, item, full, less in zip(found, wanted, gross, off, strict=True):
        quantity = int(item["quantity"])
        included = bool(shop.config["prices_include_tax"])
        subtotal, subtotal_tax = pricing.split_tax(full, rate, included, shop.decimals)
        total, total_tax = pricing.split_tax(full - less, rate, included, shop.decimals)
        within, before = total_tax, subtotal_tax
        if shop.config["tax_round_at_subtotal"]:
            within, before = (
                pricing.exact_tax(amount, rate, included, shop.decimals) for amount in (full - less, full)
            )
        taxes = [{"id": 1, "total": pricing.plain(within), "subtotal": pricing.plain(before)}] if rate else []
        lines.append(
            {
                "id": shop.new_id("item"),
                "name": one["name"],
                "product_id": one["product_id"],
                "variation_id": one["variation_id"],
                "quantity": quantity,
                "tax_class": "",
                "subtotal": shop.money(subtotal),
                "subtotal_tax": shop.money(subtotal_tax),
                "total": shop.money(total),
                "total_tax": shop.money(total_tax),
                "taxes": taxes,
                "meta_data": [
                    {"id": shop.new_id("meta"), "key": k, "value": v, "display_key": k, "display_value": v}
                    for k, v in (item.get("meta") or {}).items()
                ],
                "sku": one["sku"],
                "global_unique_id": "",
                "price": pricing.number(total / quantity),
                "image": {"id": "", "src": ""},
                "parent_name": one["parent_name"],
            }
        )
    return lines


def _sold(shop: Shop, item: dict[str, Any]) -> dict[str, Any]:
    """What a line of the basket is: an item of the catalogue, a new one, or a line of the merchant's own."""
    if int(item.get("quantity") or 0) <= 0:
        raise Refused("A quantity must be above zero.")
    sku = item.get("sku", "")
    known = catalogue.by_sku(shop, sku)
    if item.get("custom") or (known is None and "price" not in item):
        if not item.get("custom"):
            raise Refused(f"There is no {sku!r} in this shop; give a price to have it made.")
        return {
            "product_id": 0,
            "variation_id": 0,
            "sku": sku,
            "name": item.get("name") or "Custom item",
            "price": item.get("price", "0"),
            "parent_name": None,
        }
    if known is None:
        # New in the shop a moment ago, so that whoever reads listings now and then does not know it yet.
        fields = {"sku": sku, "name": item.get("name") or sku, "regular_price": str(item["price"])}
        known = ("product", catalogue.new_product(shop, fields))
    kind, thing = known
    if thing["status"] != "publish" or thing["price"] == "":
        raise Refused(f"{sku!r} cannot be bought.")
    parent = shop.store.get("product", thing["parent_id"]) if kind == "variation" else None
    return {
        "product_id": parent["id"] if parent else thing["id"],
        "variation_id": thing["id"] if parent else 0,
        "sku": thing["sku"],
        "name": f"{parent['name']} - {thing['name']}" if parent else thing["name"],
        "price": item.get("price", thing["price"]),
        "parent_name": parent["name"] if parent else None,
    }


def _refuse_what_is_not_there(shop: Shop, wanted: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    needed: dict[tuple[int, int], int] = {}
    for one, item in zip(found, wanted, strict=True):
        key = (one["product_id"], one["variation_id"])
        needed[key] = needed.get(key, 0) + int(item["quantity"])
    for one in found:
        key = (one["product_id"], one["variation_id"])
        left = shop.available(*key) if key[0] else None
        if left is not None and left < needed[key]:
            raise Refused(
                f'Sorry, we do not have enough "{one["name"]}" in stock to fulfill your order'
                f" ({max(left, 0)} available). We apologize for any inconvenience caused."
            )


def extras(shop: Shop, order: dict[str, Any], args: dict[str, Any], rate: Decimal) -> None:
    """Shipping, fees, coupon and tax lines."""
    included = bool(shop.config["prices_include_tax"])

    def taxed(amount: Any) -> dict[str, Any]:
        net, tax = pricing.split_tax(Decimal(str(amount)), rate, included, shop.decimals)
        exact = pricing.exact_tax(Decimal(str(amount)), rate, included, shop.decimals)
        text = pricing.plain(exact if shop.config["tax_round_at_subtotal"] else tax)
        taxes = [{"id": 1, "total": text, "subtotal": text}] if rate else []
        return {"total": shop.money(net), "total_tax": shop.money(tax), "taxes": taxes, "meta_data": []}

    shipping = args.get("shipping")
    if shipping is not None:
        given = shipping if isinstance(shipping, dict) else {"total": shipping}
        order["shipping_lines"].append(
            {
                "id": shop.new_id("item"),
                "method_title": given.get("title", "Flat rate"),
                "method_id": given.get("method_id", "flat_rate"),
                "instance_id": str(given.get("instance_id", "1")),
                "tax_status": "taxable",
                **taxed(given.get("total", "0")),
            }
        )
    for fee in args.get("fees") or []:
        order["fee_lines"].append(
            {
                "id": shop.new_id("item"),
                "name": fee["name"],
                "tax_class": "",
                "tax_status": "taxable",
                "amount": str(fee["total"]),
                **taxed(fee["total"]),
            }
        )
    if coupon := args.get("coupon"):
        order["coupon_lines"].append(
            {
                "id": shop.new_id("item"),
                "code": coupon["code"],
                "discount": "0",
                "discount_tax": "0",
                "meta_data": [],
                "discount_type": "percent" if coupon.get("percent") else "fixed_cart",
                "nominal_amount": pricing.number(coupon.get("percent") or coupon.get("amount") or 0),
                "free_shipping": False,
            }
        )
    if rate:
        country = order["shipping"]["country"] or order["billing"]["country"]
        order["tax_lines"].append(
            {
                "id": shop.new_id("item"),
                "rate_code": f"{country}-VAT-1",
                "rate_id": 1,
                "label": "VAT",
                "compound": False,
                "tax_total": "0",
                "shipping_tax_total": "0",
                "rate_percent": pricing.number(rate),
                "meta_data": [],
            }
        )
