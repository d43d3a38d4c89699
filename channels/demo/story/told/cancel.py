"""The shopper changes her mind when the stock is promised already."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import cancelled_and_paid_back
from channels.demo.story.money import pay_all_back
from channels.demo.story.stage import Row, Stage, holds

HELD = "changed_at_shop"
ACCEPT = "channels.accept_change"


def act(stage: Stage) -> None:
    case = stage.plan.case("cancel")
    number = case.orders[0]
    planned, order = stage.plan.order(number), stage.order(number)
    if order is None:
        return
    if order["state"] not in {"cancelled", "completed"}:
        if not holds(order, HELD):
            stage.say(f"  {order['number']} is promised already, and the shopper cancels it at the shop.")
            stage.shop(planned.shop).act("cancel", order=number)
        order = stage.until("the cancel to come in", lambda: _known(stage, number))
        if order["state"] != "cancelled":
            # The warehouse had it already: nobody takes work back behind its back.
            clerk, page = stage.desk("clerk"), f"/admin/orders/order/{order['id']}/change/"
            stage.say(f"  {clerk.press_and_read(ACCEPT, clerk.offered(page, ACCEPT))}")
    pay_all_back(stage, number, "The customer cancelled")


def _known(stage: Stage, number: str) -> Row | None:
    order = stage.order(number)
    return order if order and (order["state"] == "cancelled" or holds(order, HELD)) else None


def check(stage: Stage) -> Iterator[str]:
    yield from cancelled_and_paid_back(stage, stage.plan.case("cancel"))
