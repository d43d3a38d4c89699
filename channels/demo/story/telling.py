"""The fortnight, day by day. Every step looks at how things stand, so that a story begun again goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from channels.demo.hands import Trouble
from channels.demo.plan import by_day
from channels.demo.shapes import PlannedOrder
from channels.demo.story import books, office, road, shoppers, warehouse
from channels.demo.story.setting_up import receive, set_up
from channels.demo.story.stage import Stage
from channels.demo.story.told import TOLD

LAST_ROUNDS = 12
LEFT_ALONE = ("lost-parcel",)


def over(stage: Stage) -> bool:
    """Has all of it been played already?"""
    wanted, now = stage.plan.expected, books.figures()
    told = (now["orders_received"], now["orders_delivered"], now["orders_cancelled"], now["orders_refunded"])
    return (
        told == (wanted.orders, wanted.delivered, wanted.cancelled, len(wanted.refunds))
        and not books.unfinished()
    )


def play(stage: Stage) -> None:
    """Play what is not played yet. Raises :class:`Trouble` where something is not as the story says."""
    if over(stage):
        stage.say("The story has been played already; nothing is done twice.")
        return
    set_up(stage)
    sold = shoppers.bought(stage)
    days = by_day(stage.plan.orders)
    for number, (day, orders) in enumerate(days.items(), 1):
        left = [order for order in orders if order.number not in sold]
        if left:
            _day(stage, number, len(days), day, left)
    _end(stage)


def _day(stage: Stage, number: int, of: int, day: date, orders: Sequence[PlannedOrder]) -> None:
    stage.say(f"Day {number} of {of}, {day:%A %d %B}: {len(orders)} orders.")
    _deliveries(stage, day)
    arriving = _underway(stage)
    _sell(stage, orders)
    sent = warehouse.ship(stage)
    rows = shoppers.wait_received(stage, orders)
    let_go = office.decide(stage, rows.values())
    _act(stage)
    wait_routed(stage)
    packed = warehouse.pick_and_pack(stage)
    arrived = road.deliver(stage, arriving)
    held = f", {let_go} looked at and let go" if let_go else ""
    stage.say(f"  {len(rows)} came in{held}; {packed} packed, {sent} sent, {arrived} parcels delivered.")


def _deliveries(stage: Stage, day: date) -> None:
    for receipt in stage.plan.receipts:
        if receipt.at.date() == day:
            units = sum(quantity for _, quantity in receipt.lines)
            stage.say(f"  {receipt.name}: {units} pieces come in.")
            receive(stage, receipt.name, receipt.place, list(receipt.lines))


def _sell(stage: Stage, orders: Sequence[PlannedOrder]) -> None:
    """Ordinary orders and plain cases as they come; those of which the buying itself is the point, their way."""
    special: dict[str, list[PlannedOrder]] = {}
    plain: list[PlannedOrder] = []
    down = set(stage.plan.case("shop-down").facts["orders"])
    for order in orders:
        slug = "shop-down" if order.number in down else order.case
        if slug and hasattr(TOLD[slug], "buy"):
            special.setdefault(slug, []).append(order)
        else:
            plain.append(order)
    shoppers.buy(stage, plain)
    for slug, theirs in special.items():
        TOLD[slug].buy(stage, theirs)


def _act(stage: Stage) -> None:
    for teller in TOLD.values():
        if hasattr(teller, "act"):
            teller.act(stage)


def wait_routed(stage: Stage) -> None:
    """What changed has led to all that follows from it: the work lies in the warehouses."""

    def busy() -> dict[str, int]:
        return {kind: count for kind, count in books.unfinished().items() if kind in {"events", "reactions"}}

    stage.until("the orders to be routed", lambda: not busy(), state=lambda: str(busy()))


def _underway(stage: Stage) -> set[str]:
    """Parcels that left on an earlier day, but for those that cases have other plans with."""
    return road.on_the_way(stage) - _spoken_for(stage)


def _spoken_for(stage: Stage) -> set[str]:
    codes: set[str] = set()
    for slug in LEFT_ALONE:
        for number in stage.plan.case(slug).orders:
            row = stage.row(number)
            for work in stage.works(row["id"]) if row else ():
                codes.update(parcel["tracking_number"] for parcel in work["parcels"])
    return codes


def _end(stage: Stage) -> None:
    """The days after: whatever can still move, moves, until nothing is left but what waits for a reason."""
    wanted = stage.plan.expected
    for _round in range(LAST_ROUNDS):
        rows = list(stage.every_order())
        office.decide(stage, rows)
        _act(stage)
        wait_routed(stage)
        packed = warehouse.pick_and_pack(stage)
        sent = warehouse.ship(stage)
        arriving = _underway(stage)
        arrived = road.deliver(stage, arriving)
        if arriving:
            stage.until(
                "what arrived to be known as delivered",
                partial(_none_left, stage, frozenset(arriving)),
            )
        states = [row["state"] for row in stage.every_order()]
        finished = states.count("completed")
        over = wanted.delivered + wanted.lost, wanted.cancelled
        if packed or sent or arrived:
            stage.say(
                f"The days after: {packed} packed, {sent} sent, {arrived} delivered; {finished} orders finished."
            )
        if not (packed or sent or arrived) and (finished, states.count("cancelled")) == over:
            return
    raise Trouble(
        f"after the fortnight {finished} orders are finished and {states.count('cancelled')} cancelled,"
        f" not {over[0]} and {over[1]}"
    )


def _none_left(stage: Stage, codes: frozenset[str]) -> bool:
    return not codes & set(road.on_the_way(stage))
