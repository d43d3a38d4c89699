"""Goods are missing that the books say are there: promises give way first, so that no level goes below zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from inventory.actions.fit_reservations import lock_shelves
from inventory.actions.move_stock import Entry, Promise, move_stock
from inventory.actions.serve_backorders import emit_demand_moved, serve_backorders
from inventory.models import Discrepancy, Reservation, StockLevel
from inventory.rules.displacement import Level, Reserved, displace
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.lifecycle import move


@dataclass(frozen=True)
class Missing:
    """``quantity`` pieces are not on the shelf, or cannot be sold from it (``aside``: they stay on the books
    and are set aside). ``reason`` is the ledger's (shortage, adjustment, quarantine).

    ``whose`` is the demand that was being picked: ``give_up`` of its units are promised elsewhere, whatever
    the books lose. ``in_hand`` says how many pieces of which demand were already taken from the shelf; those
    cannot be missing.
    """

    item_id: int
    location_id: int
    quantity: int
    document: str
    key: str
    reason: str = "shortage"
    note: str = ""
    aside: bool = False
    whose: UUID | None = None
    give_up: int = 0
    in_hand: Mapping[UUID, int] = field(default_factory=dict)


@transaction.atomic
def record_shortage(missing: Sequence[Missing], *, by: Actor) -> list[Discrepancy]:
    """Take missing pieces off the books. Displaced promises wait again, keep their place in the queue, and
    are promised from other places at once where there is stock. What the books cannot give is a
    discrepancy for a person. Owners are told by ``DemandMoved``."""
    lock_shelves({(m.item_id, m.location_id) for m in missing})
    entries: list[Entry] = []
    promises: list[Promise] = []
    waiting: list[Reservation] = []
    gone: list[Reservation] = []
    uncovered: list[Discrepancy] = []
    moved: set[UUID] = set()
    empty: set[tuple[int, int]] = set()
    for m in missing:
        level = StockLevel.objects.filter(item_id=m.item_id, location_id=m.location_id).first()
        rows = list(
            Reservation.objects.filter(item_id=m.item_id, location_id=m.location_id, state="firm")
            .select_for_update()
            .order_by("pk")
        )
        taken, short = _choose(m, level, rows)
        for row, quantity in taken:
            promises.append(Promise(m.item_id, m.location_id, -quantity))
            waiting.append(
                Reservation(
                    demand_key=row.demand_key, item_id=row.item_id, quantity=quantity, promised_at=row.promised_at,
                    state="backordered",
                )
            )  # fmt: skip
            moved.add(row.demand_key)
            if quantity == row.quantity:
                gone.append(row)
            else:
                row.quantity -= quantity
                row.save(update_fields=["quantity"])
        off = m.quantity - short
        if off:
            entries.append(
                Entry(
                    m.item_id, m.location_id, m.reason, m.document, m.key, note=m.note[:200],
                    on_hand=0 if m.aside else -off, unavailable=off if m.aside else 0,
                )
            )  # fmt: skip
        if m.whose:
            empty.add((m.item_id, m.location_id))
        if short:
            uncovered.append(
                Discrepancy(
                    kind="shortage", item_id=m.item_id, location_id=m.location_id, expected=m.quantity, found=off,
                    words=f"{short} more pieces are missing than the books could give. {m.note}"[:250],
                )
            )  # fmt: skip
    move(gone, "release", by=by, quiet=True)
    insert_rows(waiting)
    move_stock(entries=entries, promises=promises, by=by)
    Discrepancy.objects.bulk_create(uncovered, ignore_conflicts=True)
    # A shelf where the picker found nothing is not trusted to serve the very promise it failed.
    served: dict[int, set[int]] = defaultdict(set)
    for item_id, location_id in empty:
        served[item_id].add(location_id)
    for m in missing:
        serve_backorders([m.item_id], by=by, not_from=served[m.item_id])
    emit_demand_moved(moved, "goods were missing", by=by)
    return uncovered


def _choose(
    m: Missing, level: StockLevel | None, rows: list[Reservation]
) -> tuple[list[tuple[Reservation, int]], int]:
    """Which reservations give way and by how much, and what stays uncovered."""
    left = m.quantity
    taken: list[tuple[Reservation, int]] = []
    given: dict[int, int] = {}
    owed = m.give_up
    for row in rows if m.whose else ():
        take = min(owed, row.quantity - min(row.quantity, m.in_hand.get(row.demand_key, 0)))
        if row.demand_key == m.whose and take:
            taken.append((row, take))
            given[row.pk] = take
            owed -= take
    left -= min(left, sum(given.values()))
    if left and level:
        by_key = {UUID(int=row.pk): row for row in rows}
        plan = displace(
            Level(level.on_hand - (m.quantity - left), level.unavailable),
            left,
            [
                Reserved(
                    key, row.quantity - given.get(row.pk, 0), row.promised_at,
                    min(row.quantity, m.in_hand.get(row.demand_key, 0)),
                )
                for key, row in by_key.items()
            ],
        )  # fmt: skip
        merged = {row.pk: quantity for row, quantity in taken}
        for d in plan.displaced:
            pk = by_key[d.key].pk
            merged[pk] = merged.get(pk, 0) + d.quantity
        rows_by_pk = {row.pk: row for row in rows}
        taken = [(rows_by_pk[pk], quantity) for pk, quantity in merged.items()]
        left = plan.uncovered
    return taken, left
