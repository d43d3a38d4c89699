"""Changing the lines of an order that stands already, with the stock that hangs on them."""

from __future__ import annotations

from typing import Any

from channels.twins.woocommerce import pricing
from channels.twins.woocommerce.shop import Shop, reduced


def change(shop: Shop, order: dict[str, Any], wanted: list[dict[str, Any]], by: str) -> None:
    """Set quantities (0 removes) of ``[{"id" | "sku", "quantity"}]``; totals and shelf follow.

    Raises ``ValueError`` for a line that is not there or a quantity below zero. Saving stays with the caller.
    """
    for item in wanted:
        line = find(order, item)
        quantity = int(item["quantity"])
        if quantity < 0:
            raise ValueError("A quantity cannot be below zero.")
        before = line["quantity"]
        taken = reduced(line)
        if taken is not None and shop.move_stock(line, before - quantity, "edit", order["id"]):
            shop.mark_reduced(line, max(0, taken - before + quantity))
        if quantity:
            once = order["_twin"].get("tax_round_at_subtotal", False)
            pricing.resize(line, quantity, shop.decimals, once)
        else:
            order["line_items"].remove(line)
        words = (
            f"Adjusted quantity: {line['name']} {before}→{quantity}"
            if quantity
            else f"Removed: {line['name']}"
        )
        shop.note(order, words, group="system")
        shop.log("line", order=order["id"], sku=line["sku"], before=before, after=quantity, by=by)
    pricing.add_up(order, shop.decimals)


def find(order: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    for line in order["line_items"]:
        if ("id" in item and line["id"] == item["id"]) or (
            "id" not in item and line["sku"] == item.get("sku")
        ):
            return line
    raise ValueError("Order item ID provided is not associated with order.")
