"""Money goes back for a whole order."""

from __future__ import annotations

from channels.demo.story.stage import Stage


def pay_all_back(stage: Stage, number: str, why: str) -> None:
    """Give back everything that was paid for a cancelled order, once."""
    order = stage.order(number)
    if order and order["state"] == "cancelled" and not order["refunds"]:
        stage.desk("manager").press("orders.refund", [order["id"]], whole="on", why=why)
