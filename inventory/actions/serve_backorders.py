"""Stock arrived: those who wait for it are served, oldest promise first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction

from inventory.actions.fit_reservations import free_stock
from inventory.actions.move_stock import Promise, move_stock
from inventory.events import DemandMoved
from inventory.models import Reservation
from inventory.rules.allocation import Demand, Waiting
from inventory.rules.allocation import serve_backorders as choose
from oms.core.actors import SYSTEM, Actor
from oms.core.columns import insert_rows, write_columns
from oms.core.lifecycle import move
from oms.core.outbox import emit

DEEP = 500  # waiting rows looked at per item and pass; more come with the next event


@transaction.atomic
def serve_backorders(item_ids: Iterable[int], *, by: Actor = SYSTEM, not_from: Collection[int] = ()) -> int:
    """Give free stock of these items to backordered demands in promise order; returns the units served.

    ``not_from`` are locations that may not serve now. Each demand served is told to its owner by ``DemandMoved``. A row served in part is split.
    """
    waiting_items = set(
        Reservation.objects.filter(item_id__among=list(item_ids), state="backordered").values_list(
            "item_id", flat=True
        )
    )
    supply = [s for s in free_stock(waiting_items) if s.location_id not in not_from]
    if not supply:
        return 0
    queue = list(
        Reservation.objects.filter(item_id__among={s.item_id for s in supply}, state="backordered")
        .select_for_update()
        .order_by("item_id", "promised_at", "pk")[: DEEP * len(waiting_items)]
    )
    # One demand may wait in several rows, so rows are told apart by their own key here.
    row_of = {row.pk: row for row in queue}
    served = choose(
        [
            Waiting(Demand(key, row.item_id, row.quantity), since=row.promised_at)
            for key, row in row_of.items()
        ],
        supply,
    )
    got: dict[int, int] = defaultdict(int)
    new: list[Reservation] = []
    for pick in served.picks:
        row = row_of[pick.key]
        got[pick.key] += pick.quantity
        new.append(
            Reservation(
                demand_key=row.demand_key, item_id=row.item_id, location_id=pick.location_id, quantity=pick.quantity,
                promised_at=row.promised_at,
            )
        )  # fmt: skip
    ended: list[Reservation] = []
    smaller: list[Reservation] = []
    for key, quantity in got.items():
        row = row_of[key]
        if quantity == row.quantity:
            ended.append(row)
        else:
            row.quantity -= quantity
            smaller.append(row)
    move_stock(promises=[Promise(p.item_id, p.location_id, p.quantity) for p in served.picks], by=by)
    move(ended, "release", by=by, quiet=True)
    write_columns(smaller, "quantity")
    insert_rows(new)
    emit_demand_moved({row_of[key].demand_key for key in got}, "stock arrived", by=by)
    return sum(got.values())


def emit_demand_moved(keys: Iterable[UUID], why: str, *, by: Actor) -> None:
    """Tell the owners of these demands what they hold now."""
    keys = sorted(set(keys))
    totals: dict[UUID, dict[str, int]] = {key: {"firm": 0, "backordered": 0} for key in keys}
    for key, state, quantity in Reservation.objects.filter(
        demand_key__among=keys, state__in=["firm", "backordered"]
    ).values_list("demand_key", "state", "quantity"):
        totals[key][state] += quantity
    emit(
        [
            DemandMoved(demand_key=str(key), promised=t["firm"], backordered=t["backordered"], why=why)
            for key, t in totals.items()
        ],
        by=by,
    )
