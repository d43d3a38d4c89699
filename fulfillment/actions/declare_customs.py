"""What customs are told of a parcel, from its lines as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from fulfillment.models import ParcelLine, Shipment
from fulfillment.rules import customs
from fulfillment.rules.customs import Declaration, Goods
from oms.core.errors import Reason
from orders.models import Order

READS = (
    "lines__line__item",
    "lines__line__order_line",
    "fulfillment_order__location",
    "fulfillment_order__order",
)
"""What these functions look at of a parcel, for ``prefetch_related``."""


def crosses(parcel: Shipment) -> bool:
    """Does it leave its customs territory?"""
    place, order = parcel.fulfillment_order.location, parcel.fulfillment_order.order
    postcode = str(order.shipping_address.get("postcode") or "")
    return customs.crosses(place.country, place.postcode, order.country, postcode)


def why_not_declare(parcel: Shipment) -> list[Reason]:
    """Why this parcel cannot go through customs; empty for one that need not."""
    return customs.lacking(_goods(parcel), parcel.weight_g) if crosses(parcel) else []


def declare_customs(parcel: Shipment, options: dict[str, Any] | None = None) -> Declaration | None:
    """The declaration of a parcel, ``None`` for one that crosses no border. ``options`` are the carrier
    account's: ``incoterm`` (DAP), ``customs_signer`` and ``contents_type`` (merchandise). Raises ``ValueError``
    where ``why_not_declare`` has a reason."""
    if not crosses(parcel):
        return None
    told, order = options or {}, parcel.fulfillment_order.order
    return customs.declare(
        _goods(parcel), currency=order.currency,
        signer=str(told.get("customs_signer") or settings.COMPANY["signer"] or settings.COMPANY["name"]),
        contents=str(told.get("contents_type") or "merchandise"), incoterm=str(told.get("incoterm") or "DAP"),
        eori=settings.COMPANY["eori"], invoice=parcel.fulfillment_order.number,
    )  # fmt: skip


def _goods(parcel: Shipment) -> Sequence[Goods]:
    order = parcel.fulfillment_order.order
    return [_good(part, order) for part in parcel.lines.all()]


def _good(part: ParcelLine, order: Order) -> Goods:
    item, line = part.line.item, part.line.order_line
    value: Decimal | None = line.net / line.billed if line.billed else Decimal(0)
    missing = "customs value"
    if not value:
        # A gift, or sent again at no charge: worth what it usually costs.
        value = line.unit_price or None
    if not value and item.customs_value:
        if order.currency == settings.CURRENCY:
            value = item.customs_value
        else:
            missing = f"value in {order.currency} (its customs value is in {settings.CURRENCY})"
    return Goods(
        item.sku, item.customs_description or item.name, part.quantity, item.weight_g, item.hs_code, item.origin_country,
        value, missing,
    )  # fmt: skip
