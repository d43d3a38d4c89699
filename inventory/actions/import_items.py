"""Items from a file: new ones are made; of those we have only what customs want, and the sides, where nobody entered
them, is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.add_items import NewItem, add_items
from inventory.actions.change_item import CUSTOMS, SIDES
from inventory.models import Barcode, Item
from inventory.rules.item_file import Row, read
from oms.core import journal
from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason, Refused
from oms.core.journal import Line


@dataclass(frozen=True)
class Imported:
    """What came of a file: items ``made``, those ``known`` before, of these the ``filled`` ones, which got
    customs data or sides that they lacked, and ``refused`` rows with their reasons."""

    made: int
    known: int
    refused: Sequence[Reason]
    filled: int = 0


@transaction.atomic
def import_items(text: str, *, by: Actor) -> Imported:
    """Make what is new; a bad row stops no other. Raises :class:`Refused` when the whole is no such file."""
    found = read(text)
    if not found.rows:
        raise Refused(found.faults or Reason("empty_file", gettext("There is no item in the file.")))
    known = {
        item.sku: item
        for item in Item.objects.filter(sku__in=[row.sku for row in found.rows])
        .select_for_update()
        .order_by("pk")
    }
    fresh = [row for row in found.rows if row.sku not in known]
    codes = [code for row in fresh for code in row.barcodes]
    taken = set(Barcode.objects.filter(code__in=codes).values_list("code", flat=True))
    refused = list(found.faults)
    good = []
    for row in fresh:
        clash = sorted(taken & set(row.barcodes))
        if clash:
            refused.append(
                Reason(
                    "barcode_taken",
                    gettext("Row %(number)s: barcode %(n)s is of another item.")
                    % {"number": row.number, "n": clash[0]},
                )
            )
        else:
            taken |= set(row.barcodes)
            good.append(
                NewItem(
                    row.sku, row.name, row.weight_g, row.barcodes, row.image_url, row.hs_code, row.origin_country,
                    row.customs_description, row.customs_value, row.length_mm, row.width_mm, row.height_mm,
                )
            )  # fmt: skip
    if good:
        add_items(good, by=by)
    filled = _fill([(known[row.sku], row) for row in found.rows if row.sku in known], by)
    return Imported(len(good), len(known), refused, filled)


def _fill(pairs: Sequence[tuple[Item, Row]], by: Actor) -> int:
    told: list[Line] = []
    filled: list[Item] = []
    for item, row in pairs:
        lacking = [name for name in (*CUSTOMS, *SIDES) if getattr(row, name) and not getattr(item, name)]
        for name in lacking:
            setattr(item, name, getattr(row, name))
        if lacking:
            filled.append(item)
            words = "; ".join(f"{name}: {getattr(item, name)}" for name in lacking)
            told.append(Line.of(item, "change", f"From a file: {words}"))
    write_columns(filled, *CUSTOMS, *SIDES)
    journal.write(told, by=by)
    return len(filled)
