"""Make the reservations equal to the need: placing, editing and cancelling are all this one function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from inventory.actions.move_stock import Promise, Shelf, move_stock
from inventory.models import Reservation
from inventory.rules.allocation import Demand, Pick, Shortfall, Supply, plan
from oms.core.actors import Actor
from oms.core.columns import insert, write_columns
from oms.core.lifecycle import move
from oms.core.statements import prepared


@dataclass(frozen=True)
class Need:
    """What a demand should hold in all: firm and backordered units together. ``keep`` says how many must
    stay at which location (work already released there) when the need shrinks."""

    demand_key: UUID
    item_id: int
    quantity: int
    promised_at: datetime
    keep: dict[int, int] = field(default_factory=dict)
    near: tuple[int, ...] = ()


@dataclass
class Fitted:
    """What a demand holds now: firm units by location, and backordered ones."""

    demand_key: UUID
    firm: dict[int, int]
    backordered: int

    @property
    def promised(self) -> int:
        return sum(self.firm.values())

    def hold(self, state: str, location: int | None, quantity: int) -> None:
        """Units of a reservation in this state; those that hold no more do not count."""
        if state == "firm" and location:
            self.firm[location] = self.firm.get(location, 0) + quantity
        elif state == "backordered":
            self.backordered += quantity


def fit_reservations(needs: Sequence[Need], *, by: Actor, fresh: bool = False) -> dict[UUID, Fitted]:
    """Reserve, backorder or give back until each demand holds what it needs; one pass for the whole batch.

    A growing demand takes free stock (never beyond safety stock) and waits for the rest; a shrinking one
    gives up its waiting units first. Levels are locked before reservations, both in key order. ``fresh`` demands
    are new, so nobody looks what they hold. Raises ``ShortOfStock`` when a level does not let go of what it
    should hold (a broken law, never a race).
    """
    held = {} if fresh else holdings(need.demand_key for need in needs)
    has = {key: sum(r.quantity for r in rows) for key, rows in held.items()}
    more = [n.quantity - has.get(n.demand_key, 0) for n in needs] if held else [n.quantity for n in needs]
    supply = free_stock({need.item_id for need, units in zip(needs, more, strict=True) if units > 0})
    shrinking = [need for need, units in zip(needs, more, strict=True) if units < 0]
    if shrinking:
        gives = [held[need.demand_key] for need in shrinking]
        lock_shelves({(r.item_id, r.location_id) for rows in gives for r in rows if r.location_id})
        # Somebody may have served a backorder between our look and our lock.
        held.update(holdings([need.demand_key for need in shrinking], lock=True))

    # A demand is told by its place among the needs here: a number is found sooner than a UUID.
    grown = plan(
        [
            Demand(at, need.item_id, units, near=need.near)
            for at, (need, units) in enumerate(zip(needs, more, strict=True))
            if units > 0
        ],
        supply,
    )
    promises = [Promise(pick.item_id, pick.location_id, pick.quantity) for pick in grown.picks]
    gone: list[Reservation] = []
    smaller: list[Reservation] = []
    for need in shrinking:
        promises += _give_back(need, held[need.demand_key], gone, smaller)
    move(gone, "release", by=by, quiet=True)
    write_columns(smaller, "quantity")
    move_stock(promises=promises, by=by)
    parts: list[Pick | Shortfall] = [*grown.picks, *grown.shortfalls]
    insert(Reservation, [_reserved(needs[part.key], part) for part in parts])

    fitted = [Fitted(need.demand_key, {}, 0) for need in needs]
    for pick in grown.picks:
        fitted[pick.key].hold("firm", pick.location_id, pick.quantity)
    for short in grown.shortfalls:
        fitted[short.key].hold("backordered", None, short.quantity)
    for one in fitted if held else ():
        for row in held[one.demand_key]:
            one.hold(row.state, row.location_id, row.quantity)
    return {one.demand_key: one for one in fitted}


def _reserved(need: Need, part: Pick | Shortfall) -> dict[str, Any]:
    """What was picked is firm, what was not is backordered; its place in the queue is that of the need."""
    state, location = ("firm", part.location_id) if isinstance(part, Pick) else ("backordered", None)
    return {
        "demand_key": need.demand_key, "item_id": need.item_id, "quantity": part.quantity, "location_id": location,
        "state": state, "promised_at": need.promised_at,
    }  # fmt: skip


def holdings(keys: Iterable[UUID], *, lock: bool = False) -> dict[UUID, list[Reservation]]:
    """Live reservations of each demand, in key order."""
    keys = list(keys)
    rows = Reservation.objects.filter(demand_key__among=keys, state__in=["firm", "backordered"]).order_by(
        "pk"
    )
    held: dict[UUID, list[Reservation]] = {key: [] for key in keys}
    for row in rows.select_for_update() if lock else rows:
        held[row.demand_key].append(row)
    return held


_FIRM = """
SELECT demand_key, item_id, location_id, quantity FROM inventory_reservation
 WHERE demand_key = ANY(%s::uuid[]) AND state = 'firm' ORDER BY id
"""


def firm_units(keys: Iterable[UUID]) -> list[tuple[UUID, int, int, int]]:
    """What these demands hold firm, row by row: (demand key, item id, location id, quantity). For whoever only
    reads, since a row of the ORM costs many times as much."""
    with prepared() as cursor:
        cursor.execute(_FIRM, [list(keys)])
        return cursor.fetchall()


_FREE = """
SELECT s.item_id, s.location_id, s.on_hand - s.reserved - s.unavailable - s.safety_stock
  FROM inventory_stocklevel s JOIN inventory_location l ON l.id = s.location_id AND l.active AND l.ships
 WHERE s.item_id = ANY(%s::bigint[]) AND s.on_hand > s.reserved + s.unavailable + s.safety_stock
 ORDER BY s.item_id, s.location_id FOR UPDATE OF s
"""


def free_stock(item_ids: Iterable[int]) -> list[Supply]:
    """Lock and read the shelves that have something to promise; sold-out ones are not touched."""
    item_ids = sorted(item_ids)
    if not item_ids:
        return []
    with prepared() as cursor:
        cursor.execute(_FREE, [item_ids])
        return [Supply(*row) for row in cursor.fetchall()]


_LOCK = """
SELECT item_id, location_id, on_hand - reserved - unavailable - safety_stock FROM inventory_stocklevel
 WHERE item_id = ANY(%s::bigint[]) AND location_id = ANY(%s::bigint[])
 ORDER BY item_id, location_id FOR UPDATE
"""


def lock_shelves(shelves: Iterable[Shelf]) -> dict[Shelf, int]:
    """Lock the shelves of these items and locations in key order; returns what is free on each: units that nobody
    holds, safety stock left alone (below zero where that is not full)."""
    shelves = set(shelves)
    if not shelves:
        return {}
    with prepared() as cursor:
        cursor.execute(_LOCK, [sorted({s[0] for s in shelves}), sorted({s[1] for s in shelves})])
        return {(item, location): free for item, location, free in cursor.fetchall()}


def _give_back(
    need: Need, rows: list[Reservation], gone: list[Reservation], smaller: list[Reservation]
) -> list[Promise]:
    """Shrink one demand's rows to its need: waiting units go first, then the newest firm ones that no work
    stands on. Rows end in ``gone`` or, changed in place, in ``smaller``, for the caller to write and count."""
    surplus = sum(r.quantity for r in rows) - need.quantity
    promises: list[Promise] = []
    free_at: dict[int | None, int] = defaultdict(int)
    for row in rows:
        free_at[row.location_id] += row.quantity
    for location, quantity in need.keep.items():
        free_at[location] -= quantity
    for row in sorted(rows, key=lambda r: (r.state != "backordered", -r.pk)):
        take = min(surplus, row.quantity, max(0, free_at[row.location_id]))
        if not take:
            continue
        surplus -= take
        free_at[row.location_id] -= take
        if row.state == "firm" and row.location_id:
            promises.append(Promise(row.item_id, row.location_id, -take))
        if take == row.quantity:
            gone.append(row)
        else:
            row.quantity -= take
            smaller.append(row)
    return promises
