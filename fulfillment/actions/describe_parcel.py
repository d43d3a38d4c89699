"""A parcel as carriers want to know it."""

from __future__ import annotations

from typing import Any

from fulfillment.actions.declare_customs import declare_customs, why_not_declare
from fulfillment.carriers.base import Parcel, PostalAddress
from fulfillment.models import Shipment

TO = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")


def describe_parcel(parcel: Shipment, key: str, options: dict[str, Any]) -> Parcel:
    """``key`` is what the carrier keeps it under, ``options`` are the account's. Without a declaration where an
    item lacks its data: what is bought already is found again all the same."""
    work = parcel.fulfillment_order
    place, to = work.location, work.order.shipping_address
    return Parcel(
        key=key, weight_g=parcel.weight_g, length_mm=parcel.length_mm or 0, width_mm=parcel.width_mm or 0,
        height_mm=parcel.height_mm or 0, reference=work.number,
        sender=PostalAddress(
            name=place.name, company=place.company, line1=place.line1, line2=place.line2, city=place.city,
            region=place.region, postcode=place.postcode, country=place.country, phone=place.phone,
        ),
        recipient=PostalAddress(**{name: to.get(name, "") for name in TO}, email=work.order.email),
        customs=None if why_not_declare(parcel) else declare_customs(parcel, options),
    )  # fmt: skip
