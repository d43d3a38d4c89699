"""The shopper changes her mind when the stock is promised already."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import cancelled_and_paid_back
from channels.demo.story.money import pay_all_back
from channels.demo.story.stage import Stage


def act(stage: Stage) -> None:
    case = stage.plan.case("cancel")
    number = case.orders[0]
    planned, order = stage.plan.order(number), stage.order(number)
    if order is None:
        return
    if order["state"] not in {"cancelled", "completed"}:
        stage.say(f"  {order['number']} is promised already, and the shopper cancels it at the shop.")
        stage.shop(planned.shop).act("cancel", order=number)
        stage.until("the cancel to come in", lambda: (stage.row(number) or {}).get("state") == "cancelled")
    pay_all_back(stage, number, "The customer cancelled")


def check(stage: Stage) -> Iterator[str]:
    yield from cancelled_and_paid_back(stage, stage.plan.case("cancel"))
