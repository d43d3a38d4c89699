"""What several cases are held to."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from channels.demo.shapes import Case
from channels.demo.story.stage import Stage


def all_delivered(stage: Stage, case: Case) -> Iterator[str]:
    for number in case.orders:
        row = stage.row(number)
        if row is None:
            yield f"{case.title}: {number} never came in"
        elif (row["fulfillment_status"], row["state"]) != ("delivered", "completed"):
            yield f"{case.title}: {row['number']} is {row['state']}, {row['fulfillment_status']}"


def cancelled_and_paid_back(stage: Stage, case: Case) -> Iterator[str]:
    for number in case.orders:
        row = stage.row(number)
        if row is None or row["state"] != "cancelled":
            yield f"{case.title}: {number} is {row['state'] if row else 'not here'}"
    yield from paid_back(stage, case)


def paid_back(stage: Stage, case: Case) -> Iterator[str]:
    """The refunds of the case's orders, by the plan, to the cent."""
    for number in case.orders:
        order, wanted = stage.order(number), stage.plan.expected.refunds[number]
        if order is None:
            continue
        done = sum((Decimal(r["amount"]) for r in order["refunds"] if r["state"] == "succeeded"), Decimal(0))
        if done != wanted or len(order["refunds"]) != 1:
            yield f"{case.title}: {done} in {len(order['refunds'])} refunds went back, not {wanted} in one"
