"""The carrier has lost the parcel: the customer gets all the money back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from channels.demo.story.checks import paid_back
from channels.demo.story.stage import Row, Stage


def act(stage: Stage) -> None:
    case = stage.plan.case("lost-parcel")
    order = stage.order(case.orders[0])
    if order is None or order["refunds"]:
        return
    for parcel in _parcels(stage, order):
        if not parcel["shipped_at"]:
            continue
        code = parcel["tracking_number"]
        if parcel["state"] != "lost":
            stage.say(f"  The carrier cannot find {code} any more.")
            stage.easypost.act("advance", tracking_code=code, to="lost")
            stage.until(f"{code} to be known as lost", partial(_is_lost, stage, parcel["id"]))
        shipping = sum(
            Decimal(c["net"]) + Decimal(c["tax"]) for c in order["charges"] if c["kind"] == "shipping"
        )
        stage.desk("manager").press(
            "fulfillment.settle_parcel", [parcel["id"]], shipping=f"{shipping:.2f}", why="Lost by the carrier"
        )


def _parcels(stage: Stage, order: Row) -> list[Row]:
    return [parcel for work in stage.works(order["id"]) for parcel in work["parcels"]]


def _is_lost(stage: Stage, parcel: int) -> bool:
    return _state(stage, parcel) == "lost"


def _state(stage: Stage, parcel: int) -> str:
    return str(stage.program.get(f"parcels/{parcel}")["state"])


def check(stage: Stage) -> Iterator[str]:
    case = stage.plan.case("lost-parcel")
    yield from paid_back(stage, case)
    order = stage.order(case.orders[0])
    if order and {parcel["state"] for parcel in _parcels(stage, order)} != {"lost"}:
        yield f"{order['number']}: its parcel is not lost"
