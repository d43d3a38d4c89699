"""Both shops sell the last piece in the same second: one order gets it, the other waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from channels.demo.shapes import PlannedOrder
from channels.demo.story import shoppers
from channels.demo.story.stage import Stage

NEWS_TAKES = 5.0


def buy(stage: Stage, orders: Sequence[PlannedOrder]) -> None:
    """News of a sale takes its time here, told or asked for, so that also on a slow machine neither shop hears of
    the other's before it has sold itself."""
    stage.say("  One clock is left, and both shops sell it in this very second.")
    shops = [stage.shop(order.shop) for order in orders]
    for shop in shops:
        shop.faults(*({"kind": kind, "seconds": NEWS_TAKES} for kind in ("webhook_delay", "delay")))
    with ThreadPoolExecutor(len(orders)) as crowd:
        list(crowd.map(lambda order: shoppers.buy(stage, [order]), orders))
    for shop in shops:
        shop.faults()


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("race")
    orders = [stage.order(number) for number in case.orders]
    delivered = [order for order in orders if order and order["fulfillment_status"] == "delivered"]
    waiting = [
        order
        for order in orders
        if order and any(line["backordered"] == line["ordered"] for line in order["lines"])
    ]
    if (len(delivered), len(waiting)) != (case.facts["winners"], len(orders) - case.facts["winners"]):
        yield f"the race: {len(delivered)} got the last piece and {len(waiting)} wait for it"
