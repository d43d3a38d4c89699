"""Sold out and not reordered: the orders wait, and say for what."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.stage import Stage


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("not-reordered")
    waiting = 0
    for number in case.orders:
        order = stage.order(number)
        if order is None or order["state"] != "open":
            yield f"{number} does not wait"
            continue
        waiting += sum(line["backordered"] for line in order["lines"])
    if waiting != case.facts["missing"]:
        yield f"{waiting} candle holders are waited for, not {case.facts['missing']}"
