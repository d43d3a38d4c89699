"""Goods arrive: posted as a fact, on the ledger, for sale at once unless set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.move_stock import Entry, move_stock
from inventory.models import Receipt, ReceiptLine
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line


@dataclass(frozen=True)
class Arrived:
    """``quantity`` pieces came, of which ``quarantined`` are set aside."""

    item_id: int
    quantity: int
    quarantined: int = 0


@transaction.atomic
def receive_goods(
    *, location_id: int, arrived: Sequence[Arrived], reference: str, key: str, by: Actor
) -> Receipt:
    """Post a receipt; backordered customers are served from it right after, oldest promise first.

    The same ``key`` again returns the receipt that was posted. Raises :class:`Refused` for an empty
    receipt or a quantity below one.
    """
    if not arrived or any(a.quantity < 1 or not 0 <= a.quarantined <= a.quantity for a in arrived):
        raise Refused(Reason("bad_quantity", gettext("Say for each item how many arrived: at least one.")))
    receipt, made = Receipt.objects.get_or_create(
        key=key, defaults={"location_id": location_id, "reference": reference, "actor": str(by)}
    )
    if not made:
        return receipt
    lines = ReceiptLine.objects.bulk_create(
        [
            ReceiptLine(receipt=receipt, item_id=a.item_id, quantity=a.quantity, quarantined=a.quarantined)
            for a in arrived
        ]
    )
    move_stock(
        entries=[
            Entry(
                line.item_id, location_id, "receipt", f"receipt:{receipt.pk}", f"receipt-line:{line.pk}",
                on_hand=line.quantity, unavailable=line.quarantined, note=reference[:200],
            )
            for line in lines
        ],
        by=by,
    )  # fmt: skip
    journal.write(
        [
            Line.of(
                receipt, "receive", f"{sum(a.quantity for a in arrived)} pieces received {reference}".strip()
            )
        ],
        by=by,
    )
    return receipt
