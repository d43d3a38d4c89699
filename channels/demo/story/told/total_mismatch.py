"""The shop's total is not the sum of its parts: held until a clerk has looked."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage, holds


def act(stage: Stage) -> None:
    case = stage.plan.case("total-mismatch")
    order = stage.order(case.orders[0])
    found = holds(order, case.facts["hold"]) if order else []
    if found:
        stage.say(f"  {order['number'] if order else ''} is held: {found[0]['words']} The clerk accepts it.")
        stage.desk("clerk").press(
            "orders.release_hold", [hold["id"] for hold in found], note="The shop confirmed its total."
        )


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("total-mismatch")
    yield from all_delivered(stage, case)
    order = stage.order(case.orders[0])
    if order and not any(hold["type"] == case.facts["hold"] for hold in order["holds"]):
        yield f"{order['number']} was never held for its total"
