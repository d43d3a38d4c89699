"""Goods come back without papers: on the books and set aside at once, matched to their order later."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from inventory.models import Item, Location
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from returns.actions.receive import check_keys
from returns.models import Return, ReturnLine, ReturnReceipt


@dataclass(frozen=True)
class Unannounced:
    """``pieces`` by item id lie at a location, and nobody knows yet of which order they are. ``note`` is what
    the parcel says (a name, a tracking number). ``key`` (up to 90 characters) makes it happen once."""

    location_id: int
    pieces: Mapping[int, int]
    key: str
    note: str = ""


@transaction.atomic
def receive_unannounced(arrivals: Sequence[Unannounced], *, by: Actor) -> list[Return]:
    """Book goods without a return: one of its own for each arrival, here already and without an order
    (:func:`returns.actions.match_returns.match_returns` gives it one). No money moves.

    The same key again returns what was written. Raises :class:`Refused` for an unknown item or location and
    for no pieces at all; then nothing is booked.
    """
    check_keys([a.key for a in arrivals])
    known: dict[str, Return] = {
        r.key.rpartition(":")[0]: r.line.rma
        for r in ReturnReceipt.objects.filter(
            key__in=[f"{a.key}:{item}" for a in arrivals for item in a.pieces]
        ).select_related("line__rma")
    }
    fresh = list({a.key: a for a in arrivals if a.key not in known}.values())
    items = Item.objects.in_bulk({item for a in fresh for item in a.pieces})
    places = Location.objects.in_bulk({a.location_id for a in fresh})
    reasons = [reason for a in fresh for reason in _refusals(a, items, places)]
    if reasons:
        raise Refused(reasons)
    rows = [
        Return(
            number=f"new:{uuid.uuid4().hex}", state="received", location_id=a.location_id, reason=a.note.strip()[:200],
            requested_by=str(by)[:150],
        )
        for a in fresh
    ]  # fmt: skip
    Return.objects.bulk_create(rows)
    for rma in rows:
        rma.number = f"U-{rma.pk}"
    Return.objects.bulk_update(rows, ["number"])
    lines = [
        ReturnLine(rma=rma, item_id=item, quantity=n, received=n, reception="received")
        for rma, a in zip(rows, fresh, strict=True)
        for item, n in a.pieces.items()
    ]
    ReturnLine.objects.bulk_create(lines)
    keys = {rma.pk: a.key for rma, a in zip(rows, fresh, strict=True)}
    receipts = [
        ReturnReceipt(
            line=line, location_id=line.rma.location_id or 0, quantity=line.quantity,
            key=f"{keys[line.rma_id]}:{line.item_id}", actor=str(by)[:150],
        )
        for line in lines
    ]  # fmt: skip
    ReturnReceipt.objects.bulk_create(receipts)
    handle_units(
        [
            Handling(
                line.item_id or 0, receipt.location_id, receipt.quantity, "arrive", f"return:{line.rma_id}",
                f"return-receipt:{receipt.pk}",
            )
            for line, receipt in zip(lines, receipts, strict=True)
        ],
        by=by,
    )  # fmt: skip
    told = [
        f"{', '.join(f'{n} × {items[item].name}' for item, n in a.pieces.items())} came to"
        f" {places[a.location_id].name} without papers; set aside. {rma.reason}".strip()
        for rma, a in zip(rows, fresh, strict=True)
    ]
    journal.write(
        [Line.of(rma, "receive_unannounced", words) for rma, words in zip(rows, told, strict=True)], by=by
    )
    known.update({a.key: rma for rma, a in zip(rows, fresh, strict=True)})
    return [known[a.key] for a in arrivals]


def _refusals(
    arrival: Unannounced, items: Mapping[int, Item], places: Mapping[int, Location]
) -> list[Reason]:
    reasons = []
    if arrival.location_id not in places:
        reasons.append(Reason("unknown_location", gettext("There is no such location.")))
    if not arrival.pieces or any(n < 1 for n in arrival.pieces.values()):
        reasons.append(Reason("nothing_arrived", gettext("Say how many pieces arrived.")))
    if any(item not in items for item in arrival.pieces):
        reasons.append(Reason("unknown_item", gettext("There is no such item.")))
    return reasons
