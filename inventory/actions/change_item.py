"""What is known of an item changes; its SKU never does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from inventory.actions.add_items import taken_barcodes
from inventory.events import StockChanged
from inventory.models import Barcode, Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Refused
from oms.core.journal import Line
from oms.core.outbox import emit

CUSTOMS = ("hs_code", "origin_country", "customs_description", "customs_value")
SIDES = ("length_mm", "width_mm", "height_mm")
FIELDS = ("name", "weight_g", *SIDES, "image_url", "active", *CUSTOMS)


@transaction.atomic
def change_item(
    item_id: int, *, values: Mapping[str, Any], barcodes: Sequence[str] | None = None, by: Actor
) -> Item:
    """Write ``values`` (of ``FIELDS``) and, where given, make ``barcodes`` all that the item has. What is
    the same already is no change and leaves no line. Raises :class:`Refused` for a barcode of another item."""
    item = Item.objects.select_for_update().get(pk=item_id)
    told: dict[str, list[Any]] = {
        name: [getattr(item, name), values[name]]
        for name in FIELDS
        if name in values and values[name] != getattr(item, name)
    }
    if barcodes is not None:
        reasons = taken_barcodes(barcodes, but_of=item.pk)
        if reasons:
            raise Refused(reasons)
        had = sorted(item.barcodes.values_list("code", flat=True))
        if had != sorted(barcodes):
            told["barcodes"] = [had, sorted(barcodes)]
            item.barcodes.exclude(code__in=barcodes).delete()
            Barcode.objects.bulk_create([Barcode(item=item, code=c) for c in barcodes if c not in had])
    for name, (_, new) in told.items():
        if name in FIELDS:
            setattr(item, name, new)
    if told:
        item.save(update_fields=[name for name in told if name in FIELDS] or None)
        words = "; ".join(f"{name}: {old} → {new}" for name, (old, new) in told.items())
        journal.write([Line.of(item, "change", words, data=_plain(told))], by=by)
        if "active" in told:
            emit([StockChanged((item.pk,), item.active)], by=by)
    return item


def _plain(told: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: [str(x) if isinstance(x, Decimal) else x for x in pair] for name, pair in told.items()}
