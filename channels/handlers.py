"""Doors for events: what the channels have to hear of."""

from __future__ import annotations

from collections.abc import Sequence

from channels.actions import note_untold as note
from channels.actions import tell
from channels.actions.mark_listings import mark_listings as mark
from oms.core.relay import Told


def mark_listings(events: Sequence[Told]) -> None:
    mark({item for event in events for item in event.payload["item_ids"]})


def tell_shipment(events: Sequence[Told]) -> None:
    parcels = [pk for event in events for pk in event.payload["shipment_ids"]]
    tell.tell_shipments(parcels)
    tell.tell_replacements(parcels)


def tell_refund(events: Sequence[Told]) -> None:
    tell.tell_refunds([event.payload["refund_id"] for event in events])


def note_untold(events: Sequence[Told]) -> None:
    for event in events:
        if event.payload["tell"]:
            note.note_untold(event.payload["order_id"], event.payload.get("units", {}))


def settle_untold(events: Sequence[Told]) -> None:
    note.settle_refunded([event.payload["order_id"] for event in events])


def tell_cancel(events: Sequence[Told]) -> None:
    tell.tell_cancels([event.payload["order_id"] for event in events if event.payload["tell"]])
    note.settle_cancelled([event.payload["order_id"] for event in events if not event.payload["tell"]])
