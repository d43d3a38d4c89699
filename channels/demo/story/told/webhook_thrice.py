"""The shop tells of the order three times. There is one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from channels.demo.shapes import PlannedOrder
from channels.demo.story import books, shoppers
from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage

STEP = "webhook.orders/create"


def buy(stage: Stage, orders: Sequence[PlannedOrder]) -> None:
    case = stage.plan.case("webhook-thrice")
    shop = stage.shop(orders[0].shop)
    again = case.facts["deliveries"] - 1
    before = _told(stage)
    shop.faults({"kind": "duplicate", "step": STEP, "times": 1, "copies": again})
    stage.say(f"  The shop tells of order {orders[0].number} {again + 1} times.")
    shoppers.buy(stage, orders)
    stage.until("the shop to repeat itself", lambda: _told(stage) > before)
    shop.faults()


def _told(stage: Stage) -> int:
    shop = stage.shop(stage.plan.order(stage.plan.case("webhook-thrice").orders[0]).shop)
    return shop.struck().get("duplicate", {}).get(STEP, 0)


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("webhook-thrice")
    yield from all_delivered(stage, case)
    external = {
        row["external_id"] for row in stage.every_order(number=stage.number(stage.plan.order(case.orders[0])))
    }
    if len(external) != 1:
        yield f"one order told three times became {len(external)} orders"
    # Asked of our own inbox: the shop's count of its faults ends with its process, what it told us is kept.
    told = books.one(
        "SELECT count(*) FROM core_inboundmessage WHERE hint AND external_id = ANY(%s)", sorted(external)
    )
    if told < case.facts["deliveries"]:
        yield f"the shop told of the order {told} times, not {case.facts['deliveries']}"
