"""Items from a file: new ones are made, those we have are left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from inventory.actions.add_items import NewItem, add_items
from inventory.models import Barcode, Item
from inventory.rules.item_file import read
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused


@dataclass(frozen=True)
class Imported:
    """What came of a file: items ``made``, those ``known`` before, and ``refused`` rows with their reasons."""

    made: int
    known: int
    refused: Sequence[Reason]


@transaction.atomic
def import_items(text: str, *, by: Actor) -> Imported:
    """Make what is new; a bad row stops no other. Raises :class:`Refused` when the whole is no such file."""
    found = read(text)
    if not found.rows:
        raise Refused(found.faults or Reason("empty_file", "There is no item in the file."))
    known = set(Item.objects.filter(sku__in=[row.sku for row in found.rows]).values_list("sku", flat=True))
    fresh = [row for row in found.rows if row.sku not in known]
    codes = [code for row in fresh for code in row.barcodes]
    taken = set(Barcode.objects.filter(code__in=codes).values_list("code", flat=True))
    refused = list(found.faults)
    good = []
    for row in fresh:
        clash = sorted(taken & set(row.barcodes))
        if clash:
            refused.append(
                Reason("barcode_taken", f"Row {row.number}: barcode {clash[0]} is of another item.")
            )
        else:
            taken |= set(row.barcodes)
            good.append(NewItem(row.sku, row.name, row.weight_g, row.barcodes, row.image_url))
    if good:
        add_items(good, by=by)
    return Imported(len(good), len(known), refused)
