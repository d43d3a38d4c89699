"""One of three is scratched: the customer keeps it and gets its price, in her own currency."""

from __future__ import annotations

from collections.abc import Iterator

from channels.demo.story.checks import paid_back
from channels.demo.story.stage import Stage


def act(stage: Stage) -> None:
    case = stage.plan.case("part-refund")
    order = stage.order(case.orders[0])
    if order is None or order["fulfillment_status"] != "delivered" or order["refunds"]:
        return
    line = next(each for each in order["lines"] if each["item"] == case.facts["sku"])
    amount = case.facts["refund"]
    stage.say(f"  {order['number']}: one piece arrived scratched; {amount} {order['currency']} go back.")
    why = "One arrived scratched; the customer keeps it"
    stage.desk("support").press(
        "orders.refund", [order["id"]], why=why, **{f"amount_{line['id']}": str(amount)}
    )


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("part-refund")
    yield from paid_back(stage, case)
    order = stage.order(case.orders[0])
    if order and any(line["returned"] for line in order["lines"]):
        yield f"{order['number']}: something came back, though the customer keeps it"
