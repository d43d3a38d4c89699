"""What shoppers do: they buy, each order once, however often the story is begun."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from channels.demo.hands import Trouble
from channels.demo.purchases import purchase
from channels.demo.shapes import SHOPS, PlannedOrder
from channels.demo.story.stage import Row, Stage


def bought(stage: Stage) -> set[str]:
    """The numbers of all orders that stand in the shops' own books."""
    numbers: set[str] = set()
    for shop in SHOPS:
        for order in stage.shop(shop).records()["orders"]:
            numbers.add(str(order["number"]))
    return numbers


def buy(stage: Stage, orders: Sequence[PlannedOrder]) -> None:
    """Place these orders, in the order given at each shop. Raises :class:`Trouble` when a shop refuses one."""
    for shop in SHOPS:
        own = [order for order in orders if order.shop == shop]
        if not own:
            continue
        told = stage.shop(shop).act("place_many", orders=[purchase(order) for order in own])
        refused = [
            row["error"] for row in (*told.get("orders", ()), *told.get("refused", ())) if "error" in row
        ]
        if refused:
            raise Trouble(f"{shop} did not sell: {'; '.join(refused[:3])}")


def wait_received(stage: Stage, orders: Iterable[PlannedOrder]) -> dict[str, Row]:
    """Wait until all have come in and were looked at; returns them by the plan's number."""
    wanted = {stage.number(order): order.number for order in orders}
    if not wanted:
        return {}
    placed = [order.placed_at for order in orders]
    found: dict[str, Row] = {}

    def look() -> bool:
        rows = stage.every_order(placed_after=min(placed).isoformat())
        found.clear()
        found.update({wanted[row["number"]]: row for row in rows if row["number"] in wanted})
        return len(found) == len(wanted) and all(row["state"] != "received" for row in found.values())

    def state() -> str:
        missing = sorted(set(wanted.values()) - set(found))
        new = sorted(number for number, row in found.items() if row["state"] == "received")
        return f"not here: {', '.join(missing[:8]) or 'none'}; not looked at: {', '.join(new[:8]) or 'none'}"

    stage.until(f"{len(wanted)} orders to come in", look, state=state)
    return dict(found)
