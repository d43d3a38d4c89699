"""New things to stock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext

from inventory.models import Barcode, Item
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line


@dataclass(frozen=True)
class NewItem:
    """``weight_g`` is grams a piece, 0 where unknown; four are for customs; the sides are millimetres,
    empty where unknown."""

    sku: str
    name: str
    weight_g: int = 0
    barcodes: tuple[str, ...] = ()
    image_url: str = ""
    hs_code: str = ""
    origin_country: str = ""
    customs_description: str = ""
    customs_value: Decimal | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@transaction.atomic
def add_items(new: Sequence[NewItem], *, by: Actor) -> list[Item]:
    """Make items with their barcodes. Raises :class:`Refused` for a SKU or barcode that is taken."""
    reasons = [Reason("sku_missing", gettext("Every item needs a SKU.")) for n in new if not n.sku.strip()]
    known = Item.objects.filter(sku__in=[n.sku for n in new]).values_list("sku", flat=True)
    twice = [sku for sku, times in Counter(n.sku for n in new).items() if times > 1]
    reasons += [
        Reason("sku_taken", gettext("There is an item %(sku)s already.") % {"sku": sku})
        for sku in sorted({*known, *twice})
    ]
    reasons += taken_barcodes([code for n in new for code in n.barcodes])
    if reasons:
        raise Refused(reasons)
    items = Item.objects.bulk_create(
        [
            Item(
                sku=n.sku, name=n.name, weight_g=n.weight_g, image_url=n.image_url, hs_code=n.hs_code,
                origin_country=n.origin_country, customs_description=n.customs_description, customs_value=n.customs_value,
                length_mm=n.length_mm, width_mm=n.width_mm, height_mm=n.height_mm,
            )
            for n in new
        ]
    )  # fmt: skip
    Barcode.objects.bulk_create(
        [Barcode(item=item, code=code) for item, n in zip(items, new, strict=True) for code in n.barcodes]
    )
    journal.write([Line.of(item, "add", f"{item.sku} {item.name} is new.") for item in items], by=by)
    return items


def taken_barcodes(codes: Sequence[str], *, but_of: int | None = None) -> list[Reason]:
    """Why these barcodes cannot be given: one is of another item, or named twice. An empty list: they can."""
    known = Barcode.objects.filter(code__in=codes).select_related("item")
    others = [b for b in known if b.item_id != but_of]
    reasons = [
        Reason(
            "barcode_taken",
            gettext("The barcode %(code)s is of %(sku)s.") % {"code": b.code, "sku": b.item.sku},
        )
        for b in others
    ]
    twice = [code for code, times in Counter(codes).items() if times > 1]
    return reasons + [
        Reason("barcode_twice", gettext("The barcode %(code)s is named twice.") % {"code": code})
        for code in twice
    ]
