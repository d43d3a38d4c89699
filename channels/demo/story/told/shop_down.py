"""A shop answers nobody for a while; what was bought meanwhile comes in when it is back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels.demo.shapes import PlannedOrder
from channels.demo.story import shoppers
from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage


def buy(stage: Stage, orders: Sequence[PlannedOrder]) -> None:
    shop = stage.shop(orders[0].shop)
    stage.say(f"  {shop.name} goes down; {len(orders)} orders are bought meanwhile.")
    shop.configure(down=True)
    try:
        shoppers.buy(stage, orders)
        stage.until("the console to say that the shop does not answer", lambda: _failing(stage))
        if any(stage.row(order.number) for order in orders):
            stage.say("  (an order came in though its shop is down)")
    finally:
        shop.configure(down=False)
    stage.say(f"  {shop.name} is back.")


def _failing(stage: Stage) -> bool:
    return "does not answer" in stage.desk("clerk").page("/admin/channels/channelaccount/")


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("shop-down")
    yield from all_delivered(stage, case)
    missing = [number for number in case.facts["orders"] if stage.row(number) is None]
    if missing:
        yield f"bought while the shop was down, and never came in: {', '.join(missing)}"
