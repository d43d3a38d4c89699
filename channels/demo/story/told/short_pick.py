"""The books say three, the picker finds one: the other two come from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import all_delivered
from channels.demo.story.stage import Stage


def act(stage: Stage) -> None:
    case = stage.plan.case("short-pick")
    order = stage.order(case.orders[0])
    if order is None:
        return
    works = stage.works(order["id"])
    if not works or any(line["short"] for work in works for line in work["lines"]):
        return
    (work,) = works
    if work["state"] not in {"released", "picking"}:
        return
    picker = stage.desk("warehouse")
    if work["state"] == "released":
        picker.press("fulfillment.start_pick", [work["id"]])
    (line,) = work["lines"]
    found = case.facts["found"]
    stage.say(f"  {work['number']}: {line['quantity']} × {line['title']} should be there, {found} is.")
    counted = {f"found_{line['id']}": found, f"why_{line['id']}": "not_found"}
    picker.press("fulfillment.confirm_pick", [work["id"]], **counted)


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("short-pick")
    yield from all_delivered(stage, case)
    order = stage.order(case.orders[0])
    if order:
        works = stage.works(order["id"])
        short = sum(line["short"] for work in works for line in work["lines"])
        if short != case.facts["missing"]:
            yield f"{order['number']}: {short} pieces were not found, not {case.facts['missing']}"
        if len({work["location"] for work in works if work["state"] == "shipped"}) != 2:
            yield f"{order['number']}: the missing pieces did not come from elsewhere"
