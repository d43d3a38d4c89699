"""What it wants lies in two places: two parcels for one order, and the reasons are kept."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("split-shipment")
    yield from all_delivered(stage, case)
    order = stage.order(case.orders[0])
    if order:
        sent = [work for work in stage.works(order["id"]) if work["state"] == "shipped"]
        if len({work["location"] for work in sent}) != case.facts["shipments"]:
            yield f"{order['number']} was sent from {len(sent)} places, not {case.facts['shipments']}"
        if not all(work["decision"] and work["decision"]["words"] for work in sent):
            yield f"nothing says why {order['number']} was split"
