"""Move promises between locations: routing chooses freely, the promise itself never wavers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from inventory.actions.fit_reservations import holdings
from inventory.actions.move_stock import Promise, move_stock
from inventory.models import Reservation
from oms.core.actors import Actor
from oms.core.columns import insert, write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move


@dataclass(frozen=True)
class Seat:
    """``quantity`` units of a demand shall be reserved at this location."""

    demand_key: UUID
    item_id: int
    location_id: int
    quantity: int


def reseat(seats: Sequence[Seat], held: Mapping[UUID, Mapping[int, int]], *, by: Actor) -> None:
    """Make the firm reservations of every demand named stand exactly at its seats.

    ``held`` is what each demand holds firm, by location, read after the caller locked all shelves of its item.
    The seats of a demand must add up to that; anything else raises :class:`Refused` (``promise_changed``: route
    again). All or nothing; one guarded write for the batch.
    """
    wanted: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    items: dict[UUID, int] = {}
    for seat in seats:
        wanted[seat.demand_key][seat.location_id] += seat.quantity
        items[seat.demand_key] = seat.item_id
    # Most sit where they should: only the others are looked at row by row.
    moving = [key for key, places in wanted.items() if places != held.get(key)]
    if not moving:
        return
    promises: list[Promise] = []
    new: list[dict[str, Any]] = []
    gone: list[Reservation] = []
    smaller: list[Reservation] = []
    for key, rows in holdings(moving, lock=True).items():
        firm = [r for r in rows if r.state == "firm"]
        if sum(r.quantity for r in firm) != sum(wanted[key].values()):
            raise Refused(
                Reason("promise_changed", gettext("What is promised changed meanwhile; route it again."))
            )
        missing = dict(wanted[key])
        oldest = min(r.promised_at for r in firm)
        for row in firm:
            assert row.location_id is not None
            stay = min(missing.get(row.location_id, 0), row.quantity)
            missing[row.location_id] = missing.get(row.location_id, 0) - stay
            leave = row.quantity - stay
            if not leave:
                continue
            promises.append(Promise(row.item_id, row.location_id, -leave))
            if stay:
                row.quantity = stay
                smaller.append(row)
            else:
                gone.append(row)
        for location, quantity in missing.items():
            if quantity > 0:
                promises.append(Promise(items[key], location, quantity))
                new.append(
                    {
                        "demand_key": key, "item_id": items[key], "location_id": location, "quantity": quantity,
                        "promised_at": oldest,
                    }
                )  # fmt: skip
    move_stock(promises=promises, by=by)
    move(gone, "release", by=by, quiet=True)
    write_columns(smaller, "quantity")
    insert(Reservation, new)
