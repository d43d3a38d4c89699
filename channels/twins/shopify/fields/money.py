"""Taxes and discounts: rows that lines, shipping and orders have alike."""

from __future__ import annotations

from decimal import Decimal

from channels.twins.shopify.books import Doc
from channels.twins.shopify.fields.lookup import (
    Resolver,
    constant,
    nothing,
)
from channels.twins.shopify.money import Pair, decimal
from channels.twins.shopify.node import Node


def taxes(source: Node, rows: list[Doc], first: int | None = None) -> list[Node]:
    return [source.part("TaxLine", row) for row in rows[:first]]


def applications(order: Doc, source: Node) -> dict[int, Node]:
    return {
        row["index"]: source.part(
            "DiscountCodeApplication" if row["code"] else "ManualDiscountApplication", row
        )
        for row in order["discounts"]
    }


MONEY: dict[str, dict[str, Resolver]] = {
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
}

APPLICATION: dict[str, Resolver] = {
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
MONEY["DiscountCodeApplication"] = MONEY["ManualDiscountApplication"] = APPLICATION
