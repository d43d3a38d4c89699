"""The carrier's vans: what was sent on an earlier day arrives."""

from __future__ import annotations

from collections.abc import Collection

from channels.demo.story.stage import Stage


def deliver(stage: Stage, codes: Collection[str]) -> int:
    """Deliver these parcels (by tracking number); the carrier tells us by itself. Returns how many."""
    if not codes:
        return 0
    told = stage.easypost.act("advance_many", tracking_codes=sorted(codes), to="delivered")
    return int(told["advanced"])


def on_the_way(stage: Stage) -> set[str]:
    """Tracking numbers of all parcels that left and have not arrived, by our own books."""
    return {
        row["tracking_number"]
        for state in ("labelled", "in_transit", "out_for_delivery")
        for row in stage.program.each("parcels", state=state)
        if row["shipped_at"] and row["tracking_number"]
    }
