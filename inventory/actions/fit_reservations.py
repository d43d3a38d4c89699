"""Make the reservations equal to the need: placing, editing and cancelling are all this one function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True)
class Fitted:
    """What a demand holds now: firm units by location, and backordered ones."""

    demand_key: UUID
    firm: dict[int, int]
    backordered: int

    @property
    def promised(self) -> int:
        return sum(self.firm.values())


def fit_reservations(needs: Sequence[Need], *, by: Actor, fresh: bool = False) -> dict[UUID, Fitted]:
    """Reserve, backorder or give back until each demand holds what it needs; one pass for the whole batch.

    A growing demand takes free stock (never beyond safety stock) and waits for the rest; a shrinking one
    gives up its waiting units first. Levels are locked before reservations, both in key order. ``fresh`` demands
    are new, so nobody looks what they hold. Raises ``ShortOfStock`` when a level does not let go of what it
    should hold (a broken law, never a race).
    """
    held = {} if fresh else holdings(need.demand_key for need in needs)
    has = {key: sum(r.quantity for r in rows) for key, rows in held.items()}
    growing = [n for n in needs if n.quantity > has.get(n.demand_key, 0)]
    shrinking = [n.demand_key for n in needs if n.quantity < has.get(n.demand_key, 0)]
    supply = free_stock({n.item_id for n in growing})
    if shrinking:
        lock_shelves({(r.item_id, r.location_id) for key in shrinking for r in held[key] if r.location_id})
        # Somebody may have served a backorder between our look and our lock.
        held.update(holdings(shrinking, lock=True))

    grown = plan(
        [
            Demand(n.demand_key, n.item_id, n.quantity - has.get(n.demand_key, 0), near=n.near)
            for n in growing
        ],
        supply,
    )
    since = {n.demand_key: n.promised_at for n in needs}
    promises = [Promise(pick.item_id, pick.location_id, pick.quantity) for pick in grown.picks]
    gone: list[Reservation] = []
    smaller: list[Reservation] = []
    by_key = {n.demand_key: n for n in needs} if shrinking else {}
    for key in shrinking:
        promises += _give_back(by_key[key], held[key], gone, smaller)
    move(gone, "release", by=by, quiet=True)
    write_columns(smaller, "quantity")
    move_stock(promises=promises, by=by)
    reserve_rows([*grown.picks, *grown.shortfalls], since)

    firm: dict[UUID, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    waiting: dict[UUID, int] = defaultdict(int)
    for pick in grown.picks:
        firm[pick.key][pick.location_id] += pick.quantity
    for short in grown.shortfalls:
        waiting[short.key] += short.quantity
    for row in (r for rows in held.values() for r in rows):
        if row.state == "firm" and row.location_id:
            firm[row.demand_key][row.location_id] += row.quantity
        elif row.state == "backordered":
            waiting[row.demand_key] += row.quantity
    return {
        n.demand_key: Fitted(n.demand_key, dict(firm[n.demand_key]), waiting[n.demand_key]) for n in needs
    }


def reserve_rows(parts: Iterable[Pick | Shortfall], since: Mapping[UUID, datetime]) -> None:
    """Write what was picked as firm reservations, and what was not as backordered ones; ``since`` is each
    demand's place in the queue. The levels are the caller's."""
    insert(
        Reservation,
        [
            {
                "demand_key": part.key, "item_id": part.item_id, "quantity": part.quantity,
                "location_id": part.location_id if isinstance(part, Pick) else None,
                "state": "firm" if isinstance(part, Pick) else "backordered", "promised_at": since[part.key],
            }
            for part in parts
        ],
    )  # fmt: skip


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
