"""Too many things do not fit: a manager refuses the order, and the money goes back."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import cancelled_and_paid_back
from channels.demo.story.money import pay_all_back
from channels.demo.story.stage import Stage, holds


def act(stage: Stage) -> None:
    case = stage.plan.case("suspicious")
    order = stage.order(case.orders[0])
    found = holds(order, case.facts["hold"]) if order else []
    if order and found:
        stage.say(f"  {order['number']}: {found[0]['words']} The manager refuses it.")
        stage.desk("manager").press("fulfillment.cancel_order", [order["id"]], why="Looks like fraud.")
    pay_all_back(stage, case.orders[0], "Refused as a fraud risk")


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("suspicious")
    yield from cancelled_and_paid_back(stage, case)
    order = stage.order(case.orders[0])
    if order and not any(hold["type"] == case.facts["hold"] for hold in order["holds"]):
        yield f"{order['number']} was never held for its risk"
