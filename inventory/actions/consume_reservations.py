"""Goods leave the house: their reservations end for good, and the ledger says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext

from inventory.actions.fit_reservations import holdings, lock_shelves
from inventory.actions.move_stock import Entry, Promise, move_stock
from inventory.models import Reservation
from oms.core.actors import Actor
from oms.core.columns import insert_rows, write_columns
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move


@dataclass(frozen=True)
class Use:
    """``quantity`` units of a demand leave from a location. ``key`` makes it happen once."""

    demand_key: UUID
    item_id: int
    location_id: int
    quantity: int
    document: str
    key: str


def consume_reservations(uses: Sequence[Use], *, by: Actor) -> None:
    """Consume firm reservations and take the goods off the level, one ledger line per use.

    Raises :class:`Refused` (``not_reserved``) when a demand does not hold that much at that place.
    """
    lock_shelves({(use.item_id, use.location_id) for use in uses})
    held = holdings({use.demand_key for use in uses}, lock=True)
    consumed: dict[int, Reservation] = {}
    smaller: dict[int, Reservation] = {}
    split: list[Reservation] = []
    for use in uses:
        left = use.quantity
        for row in held[use.demand_key]:
            if not left or row.state != "firm" or row.location_id != use.location_id or row.pk in consumed:
                continue
            if row.quantity <= left:
                left -= row.quantity
                consumed[row.pk] = row
            else:  # a part leaves: it becomes a row of its own, consumed at once
                row.quantity -= left
                smaller[row.pk] = row
                split.append(
                    Reservation(
                        demand_key=row.demand_key, item_id=row.item_id, location_id=row.location_id, quantity=left,
                        promised_at=row.promised_at,
                    )
                )  # fmt: skip
                left = 0
        if left:
            raise Refused(Reason("not_reserved", gettext("These units are not reserved there any more.")))
    move_stock(
        entries=[
            Entry(
                use.item_id, use.location_id, "shipment", use.document, use.key,
                on_hand=-use.quantity, demand_key=use.demand_key,
            )
            for use in uses
        ],
        promises=[Promise(use.item_id, use.location_id, -use.quantity) for use in uses],
        by=by,
    )  # fmt: skip
    write_columns([row for pk, row in smaller.items() if pk not in consumed], "quantity")
    insert_rows(split)
    move([*consumed.values(), *split], "consume", by=by, quiet=True)
