"""The warehouse's day: send what was packed yesterday, then pick, pack and label what is new."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from channels.demo.hands import Trouble
from channels.demo.story.stage import Row, Stage

HEAVIEST_KG = 25.0


def open_work(stage: Stage, *states: str) -> list[Row]:
    return [row for state in states for row in stage.program.each("fulfillment-orders", state=state)]


def pick_and_pack(stage: Stage, leave: Collection[str] = ()) -> int:
    """Pick everything that is released, pack it, ask for labels; ``leave`` alone the work of these orders (the
    plan's numbers). Takes up what an earlier day left half done. Returns how many pieces of work."""
    mine = {stage.number(stage.plan.order(number)) for number in leave}
    hand = stage.desk("warehouse")

    def rows(state: str) -> list[Row]:
        return [row for row in open_work(stage, state) if row["order_number"] not in mine]

    if released := rows("released"):
        hand.press("fulfillment.start_pick", [row["id"] for row in released])
    if picking := rows("picking"):
        hand.press("fulfillment.confirm_pick", [row["id"] for row in picking])
    picked = rows("picked")
    pack(stage, picked)
    ask_labels(stage, [row["id"] for row in rows("packed")])
    return len(picked)


def pack(stage: Stage, rows: Iterable[Row]) -> None:
    """Light work in one press; what is too heavy for one parcel is packed into several at the packing table,
    whose scales are a program of their own."""
    weights = {sku: item.weight_g for sku, item in stage.plan.items.items()}
    heavy = _heavy(stage)
    light: list[int] = []
    for row in rows:
        boxes: list[dict[int, int]] = []
        if row["order_number"] in heavy:
            boxes = _boxes(stage.program.get(f"fulfillment-orders/{row['id']}"), weights)
        if len(boxes) < 2:
            light.append(row["id"])
        else:
            parcels = [{"lines": [{"line": pk, "quantity": n} for pk, n in box.items()]} for box in boxes]
            stage.program.post(f"fulfillment-orders/{row['id']}/pack", parcels=parcels)
    if light:
        stage.desk("warehouse").press("fulfillment.pack", light)


def _heavy(stage: Stage) -> set[str]:
    """Our numbers of the orders that weigh more than one parcel may."""
    items = stage.plan.items
    return {
        stage.number(order)
        for order in stage.plan.orders
        if sum(items[line.sku].weight_g * line.quantity for line in order.lines if line.known)
        > HEAVIEST_KG * 1000
    }


def _boxes(work: Row, weights: dict[str, int]) -> list[dict[int, int]]:
    """What was picked, piece by piece into boxes of at most ``HEAVIEST_KG``."""
    boxes: list[dict[int, int]] = [{}]
    left = room = HEAVIEST_KG * 1000
    for line in work["lines"]:
        weight = weights.get(line["item"]) or 1
        pieces = line["picked"]
        while pieces:
            fit = min(pieces, int(left // weight))
            if not fit:
                if not boxes[-1]:
                    fit = 1  # a single piece heavier than a box goes alone
                else:
                    boxes.append({})
                    left = room
                    continue
            boxes[-1][line["id"]] = boxes[-1].get(line["id"], 0) + fit
            left -= fit * weight
            pieces -= fit
    return boxes


def ask_labels(stage: Stage, work_ids: Iterable[int]) -> None:
    """Labels for the parcels that have none and for which none is being bought."""
    wanted = set(work_ids)
    bare = [
        row["id"]
        for row in stage.program.each("parcels", state="draft")
        if row["fulfillment_order"] in wanted
        and not any(label["state"] in {"requested", "purchased"} for label in row["labels"])
    ]
    if bare:
        stage.desk("warehouse").press("fulfillment.buy_label", bare, account=carrier(stage))


def carrier(stage: Stage) -> int:
    return int(next(row["id"] for row in stage.program.each("carriers") if row["slug"] == "easypost"))


def ship(stage: Stage, leave: Collection[str] = ()) -> int:
    """Hand over everything that is packed, when its labels are there. Returns how many pieces of work."""
    mine = {stage.number(stage.plan.order(number)) for number in leave}
    packed = {row["id"] for row in open_work(stage, "packed") if row["order_number"] not in mine}
    if not packed:
        return 0

    def labelled() -> bool:
        bare = [
            row for row in stage.program.each("parcels", state="draft") if row["fulfillment_order"] in packed
        ]
        for row in bare:
            failed = [label["failure"] for label in row["labels"] if label["state"] == "failed"]
            if failed:
                raise Trouble(f"no label for parcel {row['id']}: {failed[-1]}")
        left.append(len(bare))
        return not bare

    left: list[int] = []
    stage.until("labels to be bought", labelled, state=lambda: f"{left[-1]} parcels have none")
    stage.desk("warehouse").press("fulfillment.ship", sorted(packed))
    return len(packed)
