"""Packing: what was picked goes into parcels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.actions.pick import lock_work
from fulfillment.models import ParcelLine, Shipment
from fulfillment.rules.rates import TARE_G, UNIT_WEIGHT_G
from inventory.models import Item
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from oms.core.steps import reached
from orders.actions.advance import Step, advance_lines


@dataclass(frozen=True)
class Box:
    """One parcel: pieces by fulfillment line id, and its weight in grams (0: reckoned from the items)."""

    pieces: Mapping[int, int]
    weight_g: int = 0


@dataclass(frozen=True)
class Packing:
    """How one fulfillment order is packed; no boxes means everything in one."""

    work_id: int
    boxes: Sequence[Box] = field(default_factory=tuple)


@transaction.atomic
def pack(packings: Sequence[Packing], *, by: Actor) -> list[Shipment]:
    """Make parcels of what was picked. Every picked piece must be in exactly one box, else
    :class:`Refused` (``not_all_packed``) and nothing is packed."""
    wanted = {p.work_id: p for p in packings}
    works = lock_work(list(wanted), "lines")
    weights = dict(
        Item.objects.filter(
            pk__among={line.item_id for work in works for line in work.lines.all()}
        ).values_list("pk", "weight_g")
    )
    parcels: list[Shipment] = []
    parts: list[ParcelLine] = []
    steps: list[Step] = []
    for work in works:
        picked = {line.pk: line for line in work.lines.all() if line.picked}
        boxes = wanted[work.pk].boxes or (Box({pk: line.picked for pk, line in picked.items()}),)
        packed: Counter[int] = Counter()
        for box in boxes:
            packed.update(box.pieces)
        if (
            dict(packed) != {pk: line.picked for pk, line in picked.items()}
            or min(packed.values(), default=0) < 0
        ):
            raise Refused(
                Reason(
                    "not_all_packed",
                    gettext("%(number)s: put every picked piece into exactly one parcel.")
                    % {"number": work.number},
                )
            )
        for box in boxes:
            weight = box.weight_g or TARE_G + sum(
                (weights[picked[pk].item_id] or UNIT_WEIGHT_G) * n for pk, n in box.pieces.items()
            )
            parcel = Shipment(fulfillment_order=work, weight_g=weight)
            parcels.append(parcel)
            parts += [
                ParcelLine(shipment=parcel, line=picked[pk], quantity=n) for pk, n in box.pieces.items() if n
            ]
        steps += [Step(line.order_line_id, line.picked, "picked", "packed") for line in picked.values()]
    insert_rows(parcels)
    insert_rows(parts)
    grams: dict[int, list[int]] = {}
    for parcel in parcels:
        grams.setdefault(parcel.fulfillment_order_id, []).append(parcel.weight_g)
    move(works, "pack", by=by, words=lambda work: _words(grams[work.pk])).or_refuse()
    advance_lines(steps)
    reached("packed")
    return parcels


def _words(grams: Sequence[int]) -> str:
    """``grams`` of each of its parcels."""
    return f"Packed into {len(grams)} parcel{'s' if len(grams) > 1 else ''}, {sum(grams) / 1000:.1f} kg."
