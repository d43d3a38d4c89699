"""The papers of work as PDF, from the rows as they are now. Nothing is changed by printing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.documents.packing_slip import PackingSlip, SlipLine, packing_slips
from fulfillment.documents.paper import Company
from fulfillment.documents.pick_list import PickLine, PickList, pick_lists
from fulfillment.models import FulfillmentOrder
from inventory.models import Location
from oms.core.errors import Reason, Refused

PDF = "application/pdf"
TYPES = {"pdf": PDF, "png": "image/png", "zpl": "application/zpl", "epl2": "application/epl"}


def print_pick_lists(work_ids: Sequence[int]) -> bytes:
    """One list per location with all that is to be fetched there. Raises :class:`Refused` when nothing is."""
    works = _works(work_ids)
    lines: dict[int, list[PickLine]] = defaultdict(list)
    for work in works:
        for line in work.lines.all():
            left = line.quantity - line.short - line.cancelled
            if left and work.state not in {"cancelled", "rejected"}:
                code = next((b.code for b in line.item.barcodes.all()), "")
                lines[work.location_id].append(
                    PickLine(
                        work.order.number, work.number, line.item.sku, line.item.name, left, barcode=code
                    )
                )
    if not lines:
        raise Refused(Reason("nothing_to_pick", gettext("There is nothing to fetch.")))
    now = timezone.localtime()
    lists = [
        PickList(
            number=works[0].number if len(works) == 1 else f"{now:%Y%m%d-%H%M}-{place.code}", location=place.name,
            lines=tuple(lines[place.pk]), made_at=now,
            picker=works[0].claimed_by.partition(":")[2] if len(works) == 1 else "",
        )
        for place in dict.fromkeys(work.location for work in works)
        if lines[place.pk]
    ]  # fmt: skip
    return pick_lists(lists)


def print_packing_slips(work_ids: Sequence[int]) -> bytes:
    """One slip per fulfillment order. Raises :class:`Refused` when nothing is in any of them."""
    slips = [_slip(work) for work in _works(work_ids) if work.state not in {"cancelled", "rejected"}]
    slips = [slip for slip in slips if slip.lines]
    if not slips:
        raise Refused(Reason("nothing_to_pack", gettext("There is nothing in it.")))
    return packing_slips(slips)


def address_lines(address: Mapping[str, Any]) -> tuple[str, ...]:
    """An address as it stands on paper, the name first, no empty lines."""
    town = " ".join(
        part for part in (address.get("city"), address.get("region"), address.get("postcode")) if part
    )
    names = ("name", "company", "line1", "line2")
    lines = [*(address.get(name, "") for name in names), town, address.get("country", "")]
    return tuple(line for line in lines if line)


def _works(work_ids: Sequence[int]) -> list[FulfillmentOrder]:
    return list(
        FulfillmentOrder.objects.filter(pk__in=work_ids)
        .select_related("location", "order")
        .prefetch_related("lines__item__barcodes", "lines__order_line")
        .order_by("pk")
    )


def _slip(work: FulfillmentOrder) -> PackingSlip:
    order, company = work.order, settings.COMPANY
    lines = []
    for line in work.lines.all():
        inside = line.quantity - line.short - line.cancelled
        wanted = line.order_line.ordered - line.order_line.cancelled
        if inside:
            lines.append(
                SlipLine(
                    line.item.sku, line.order_line.title, inside, ordered=wanted if wanted > inside else None
                )
            )
    return PackingSlip(
        number=work.number, order_number=order.number,
        company=Company(company["name"], tuple(x for x in (company["email"], company["website"]) if x)),
        ship_to=address_lines(order.shipping_address), lines=tuple(lines),
        ordered_on=timezone.localtime(order.placed_at).date(), bill_to=_other(order.billing_address, order.shipping_address),
        service=order.shipping_method, note=order.note,
    )  # fmt: skip


def _other(billing: Mapping[str, Any], shipping: Mapping[str, Any]) -> tuple[str, ...]:
    """The billing address where it is another one."""
    return address_lines(billing) if billing != shipping else ()


def place_lines(place: Location) -> tuple[str, ...]:
    """A location as a sender."""
    return address_lines(
        {"name": settings.COMPANY["name"], "company": place.company or place.name, "line1": place.line1,
         "line2": place.line2, "city": place.city, "region": place.region, "postcode": place.postcode,
         "country": place.country}
    )  # fmt: skip
