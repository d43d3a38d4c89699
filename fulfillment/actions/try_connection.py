"""Speak with a carrier once, to see whether address and keys are right."""

from __future__ import annotations

from django.utils.translation import gettext

from fulfillment.actions.note_carrier import carrier_answered, carrier_failed
from fulfillment.actions.reach_carrier import carrier_for
from fulfillment.carriers.base import Parcel, PostalAddress
from fulfillment.models import CarrierAccount
from inventory.models import Location
from oms.core import money
from oms.core.errors import OmsError, Reason, Refused


def try_connection(account: CarrierAccount) -> str:
    """What it offers for a kilogram sent from our first place to itself, in words: asking costs nothing.
    Raises :class:`Refused` without a place with an address, ``Retry`` or ``Permanent`` with its no."""
    place = (
        Location.objects.filter(active=True, ships=True).exclude(line1="").order_by("rank", "code").first()
    )
    if place is None:
        raise Refused(Reason("no_place", gettext("Add a place with its address first.")))
    at = PostalAddress(
        name=place.name, company=place.company, line1=place.line1, line2=place.line2, city=place.city, region=place.region,
        postcode=place.postcode, country=place.country, phone=place.phone,
    )  # fmt: skip
    try:
        quotes = carrier_for(account).rates(Parcel(f"try-{account.pk}", at, at, 1000))
    except OmsError as error:
        carrier_failed(account.pk, error)
        raise
    carrier_answered(account.pk)
    best = min(quotes, key=lambda quote: quote.amount)
    return (
        f"{account.name} answers, with {len(quotes)} offers for a kilogram from {place.name}; the cheapest is"
        f" {best.carrier} {best.service} for {money.words(best.amount, best.currency)}."
    )
