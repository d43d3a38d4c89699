"""The clerks: they look at what was held, and decide."""

from __future__ import annotations

from collections.abc import Iterable

from channels.demo.hands import Trouble
from channels.demo.story.stage import Row, Stage, holds

# Real data has slips and doubles, and the check that finds them is right to ask.
CLERKS = frozenset({"anomaly", "duplicate_suspect"})


def decide(stage: Stage, rows: Iterable[Row]) -> int:
    """Let ordinary orders go that a careful check has held. Raises :class:`Trouble` for a hold that nothing in
    the plan explains. Returns how many were let go."""
    ours = {stage.number(order): order for order in stage.plan.orders}
    found: list[int] = []
    for row in rows:
        planned = ours[row["number"]]
        if row["state"] != "review" or planned.case:
            continue
        for hold in holds(stage.program.get(f"orders/{row['id']}")):
            if hold["type"] not in CLERKS:
                raise Trouble(f"{row['number']} is held, and nothing explains it: {hold['words']}")
            found.append(hold["id"])
    if found:
        stage.desk("clerk").press("orders.release_hold", found, note="Looked at it: it is as it should be.")
    return len(found)
