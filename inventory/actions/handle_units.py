"""Units change between "for sale" and "set aside", or leave the books, where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.actions.move_stock import Entry, move_stock
from oms.core.actors import Actor


@dataclass(frozen=True)
class Handling:
    """What is done with ``quantity`` units at a location.

    ``kind``: ``arrive`` (come in, set aside until inspected), ``arrive_instead`` (the same, of an item that was
    never sent to the customer who sent it), ``unarrive`` (they never came: it was another item), ``restock`` (set aside → for sale),
    ``quarantine`` and ``refurbish`` (stays set aside, said so), ``write_off`` (set aside → off the books),
    ``return_to_supplier`` and ``return_to_customer`` (set aside → out of the house),
    ``damage`` (for sale → set aside).
    """

    item_id: int
    location_id: int
    quantity: int
    kind: str
    document: str
    key: str
    note: str = ""


#            kind: (ledger reason, change of on hand, change of unavailable)
_EFFECTS = {
    "arrive": ("return", 1, 1),
    "arrive_instead": ("other_item", 1, 1),
    "unarrive": ("return", -1, -1),
    "restock": ("restock", 0, -1),
    "write_off": ("write_off", -1, -1),
    "return_to_supplier": ("to_supplier", -1, -1),
    "return_to_customer": ("to_customer", -1, -1),
    "damage": ("quarantine", 0, 1),
}
_STAYS = ("quarantine", "refurbish")


def handle_units(handlings: Sequence[Handling], *, by: Actor) -> None:
    """Move units between states, one ledger line each. What stays set aside moves nothing. Raises ``ShortOfStock`` when they are not there."""
    move_stock(
        entries=[
            Entry(
                h.item_id, h.location_id, _EFFECTS[h.kind][0], h.document, h.key,
                on_hand=_EFFECTS[h.kind][1] * h.quantity, unavailable=_EFFECTS[h.kind][2] * h.quantity, note=h.note,
            )
            for h in handlings
            if h.kind not in _STAYS
        ],
        by=by,
    )  # fmt: skip
