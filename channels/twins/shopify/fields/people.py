"""Customers, addresses and subscriptions."""

from __future__ import annotations

from decimal import Decimal

from channels.twins.shopify.addresses import country_name, formatted, full_name
from channels.twins.shopify.fields.lookup import (
    Resolver,
    address_node,
    constant,
    nothing,
)
from channels.twins.shopify.money import decimal

PEOPLE: dict[str, dict[str, Resolver]] = {
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
    "WebhookSubscription": {
        "apiVersion": constant({"displayName": "2026-07", "handle": "2026-07", "supported": True}),
        "callbackUrl": lambda w, i: w.doc["uri"],
        "endpoint": lambda w, i: {"__typename": "WebhookHttpEndpoint", "callbackUrl": w.doc["uri"]},
        "format": constant("JSON"),
        "metafieldNamespaces": constant([]),
    },
}
