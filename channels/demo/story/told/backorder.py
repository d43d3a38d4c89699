"""Sold before it was there: it goes out when the delivery has come."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("backorder")
    yield from all_delivered(stage, case)
    order = stage.order(case.orders[0])
    if order:
        receipts = {row["reference"]: row for row in stage.program.each("receipts")}
        came = receipts.get(case.facts["receipt"])
        shipped = [work["shipped_at"] for work in stage.works(order["id"]) if work["shipped_at"]]
        if came is None:
            yield f"nothing of “{case.facts['receipt']}” was received"
        elif shipped and min(shipped) < came["at"]:
            yield f"{order['number']} was sent before there was anything to send"
