"""The shop sells the hamper under a SKU of its own: the rest goes on, and the hamper when a clerk has said
what it is."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage, holds

ON_ITS_WAY = {"packed", "shipped"}


def act(stage: Stage) -> None:
    case = stage.plan.case("unknown-item")
    order = stage.order(case.orders[0])
    if order is None or not holds(order, case.facts["hold"]):
        return
    # Nobody has looked yet; the flowers do not wait for that.
    if not any(work["state"] in ON_ITS_WAY for work in stage.works(order["id"])):
        return
    (listing,) = stage.desk("clerk").find("channels/listing", case.facts["sku"])
    said = stage.desk("clerk").press_and_read("channels.map", [listing], item=case.facts["maps_to"])
    stage.say(f"  The clerk says what {case.facts['sku']} is. {said}")


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("unknown-item")
    yield from all_delivered(stage, case)
    order = stage.order(case.orders[0])
    if order and not any(hold["type"] == case.facts["hold"] for hold in order["holds"]):
        yield f"{order['number']} was never held for an unknown item"
    if order and len(stage.works(order["id"])) < 2:
        yield f"{order['number']} did not go on without its unknown item"
