"""Packing: what was picked goes into parcels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.actions.pick import lock_work
from fulfillment.models import Box, FulfillmentOrder, ParcelLine, Shipment
from fulfillment.rules.boxes import Sides
from fulfillment.rules.rates import TARE_G, UNIT_WEIGHT_G
from inventory.models import Item
from oms.core.actors import Actor
from oms.core.columns import insert_rows
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from oms.core.steps import reached
from orders.actions.advance import Step, advance_lines


@dataclass(frozen=True)
class Parcel:
    """Pieces by fulfillment line id; the code of the box they lie in; weight in grams (0: reckoned from the items and
    the box) and sides in millimetres (none: those of the box)."""

    pieces: Mapping[int, int]
    weight_g: int = 0
    box: str = ""
    sides: Sides | None = None


@dataclass(frozen=True)
class Packing:
    """How one fulfillment order is packed; no parcels means everything in one."""

    work_id: int
    parcels: Sequence[Parcel] = field(default_factory=tuple)


@transaction.atomic
def pack(packings: Sequence[Packing], *, by: Actor) -> list[Shipment]:
    """Make parcels of what was picked. Every picked piece must be in exactly one, else :class:`Refused`
    (``not_all_packed``) and nothing is packed; so for a box that is not used there, or would be too heavy."""
    wanted = {p.work_id: p for p in packings}
    works = lock_work(list(wanted), "lines")
    weights = dict(
        Item.objects.filter(
            pk__among={line.item_id for work in works for line in work.lines.all()}
        ).values_list("pk", "weight_g")
    )
    boxes = _boxes(packings)
    made: list[Shipment] = []
    parts: list[ParcelLine] = []
    steps: list[Step] = []
    for work in works:
        picked = {line.pk: line for line in work.lines.all() if line.picked}
        parcels = wanted[work.pk].parcels or (Parcel({pk: line.picked for pk, line in picked.items()}),)
        packed: Counter[int] = Counter()
        for parcel in parcels:
            packed.update(parcel.pieces)
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
        for parcel in parcels:
            box = _box(parcel, work, boxes)
            weight = parcel.weight_g or (box.weight_g if box else TARE_G) + sum(
                (weights[picked[pk].item_id] or UNIT_WEIGHT_G) * n for pk, n in parcel.pieces.items()
            )
            if box and box.max_weight_g and weight > box.max_weight_g:
                raise Refused(_too_heavy(work, box, weight))
            sides = parcel.sides or (box.sides if box else (None, None, None))
            shipment = Shipment(
                fulfillment_order=work, weight_g=weight, box=box.name if box else "",
                length_mm=sides[0], width_mm=sides[1], height_mm=sides[2],
            )  # fmt: skip
            made.append(shipment)
            parts += [
                ParcelLine(shipment=shipment, line=picked[pk], quantity=n)
                for pk, n in parcel.pieces.items()
                if n
            ]
        steps += [Step(line.order_line_id, line.picked, "picked", "packed") for line in picked.values()]
    insert_rows(made)
    insert_rows(parts)
    told: dict[int, list[Shipment]] = {}
    for shipment in made:
        told.setdefault(shipment.fulfillment_order_id, []).append(shipment)
    move(works, "pack", by=by, words=lambda work: _words(told[work.pk])).or_refuse()
    advance_lines(steps)
    reached("packed")
    return made


def _boxes(packings: Sequence[Packing]) -> Mapping[str, Box]:
    """The boxes that are named, by code; nothing is asked where none is."""
    codes = {parcel.box for packing in packings for parcel in packing.parcels if parcel.box}
    if not codes:
        return {}
    return {
        box.code: box for box in Box.objects.filter(code__in=codes, active=True).prefetch_related("places")
    }


def _box(parcel: Parcel, work: FulfillmentOrder, boxes: Mapping[str, Box]) -> Box | None:
    if not parcel.box:
        return None
    box = boxes.get(parcel.box)
    if box is None or not box.used_at(work.location_id):
        raise Refused(
            Reason(
                "box_unknown",
                gettext("%(number)s: no box “%(code)s” is in use there.")
                % {"number": work.number, "code": parcel.box},
            )
        )
    return box


def _too_heavy(work: FulfillmentOrder, box: Box, weight: int) -> Reason:
    return Reason(
        "too_heavy",
        gettext("%(number)s: %(box)s carries %(most)s g, and the parcel would weigh %(weight)s g.")
        % {"number": work.number, "box": box, "most": box.max_weight_g, "weight": weight},
    )


def _words(parcels: Sequence[Shipment]) -> str:
    grams = sum(parcel.weight_g for parcel in parcels)
    boxes = Counter(parcel.box for parcel in parcels if parcel.box)
    named = ", ".join(f"{n} × {box}" for box, n in boxes.items())
    told = f"Packed into {len(parcels)} parcel{'s' if len(parcels) > 1 else ''}, {grams / 1000:.1f} kg"
    return f"{told}: {named}." if named else f"{told}."
