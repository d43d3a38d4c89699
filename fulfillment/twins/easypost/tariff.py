"""What this carrier asks: services by country of the sender, priced by distance and weight."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

OUNCES_PER_KG = Decimal("35.27396195")
VOLUMETRIC = Decimal(139)  # cubic inches that count as a pound
CENT = Decimal("0.01")
_EUROPE = "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK"
EUROPE = frozenset(_EUROPE.split())
# Who declares nothing to whom: the Union with Monaco, the British Isles' two, the Swiss with Liechtenstein.
UNIONS = (
    EUROPE - {"CH", "GB", "IS", "LI", "NO"} | {"MC"},
    frozenset({"GB", "IM"}),
    frozenset({"CH", "LI"}),
)


@dataclass(frozen=True)
class Service:
    """``base`` and ``per_kg`` in the tariff's currency; both grow by ``per_zone`` (a share) with each zone.
    ``days`` at zone 1; one more each three zones unless ``firm``. ``heaviest`` in kilograms."""

    carrier: str
    name: str
    base: Decimal
    per_kg: Decimal
    per_zone: Decimal
    days: int
    heaviest: Decimal
    firm: bool = False


def _service(
    carrier: str, name: str, base: str, per_kg: str, per_zone: str, days: int, kg: int, firm: bool = False
) -> Service:
    return Service(carrier, name, Decimal(base), Decimal(per_kg), Decimal(per_zone), days, Decimal(kg), firm)


_DHL = _service("DHLExpress", "ExpressWorldwide", "18.50", "4.20", "0.12", 2, 70)
HOME: dict[str, tuple[str, tuple[Service, ...]]] = {
    "US": (
        "USD",
        (
            _service("USPS", "Express", "24.40", "7.10", "0.08", 1, 31, True),
            _service("USPS", "Priority", "6.10", "2.10", "0.07", 2, 31),
            _service("USPS", "GroundAdvantage", "4.75", "1.40", "0.06", 3, 31),
        ),
    ),
    "GB": (
        "GBP",
        (
            _service("RoyalMail", "SpecialDelivery1PM", "7.65", "2.90", "0", 1, 20, True),
            _service("RoyalMail", "Tracked24", "3.95", "0.85", "0.03", 1, 20, True),
            _service("RoyalMail", "Tracked48", "2.95", "0.70", "0.03", 2, 20),
            _service("DPDUK", "ParcelNextDay", "5.20", "0.25", "0.02", 1, 30, True),
        ),
    ),
    "": (
        "EUR",
        (
            _service("DPD", "Express", "9.80", "1.10", "0.04", 1, 31, True),
            _service("DPD", "Classic", "4.90", "0.55", "0.04", 2, 31),
        ),
    ),
}
ABROAD: dict[str, tuple[Service, ...]] = {
    "US": (
        _service("USPS", "FirstClassPackageInternationalService", "13.20", "9.50", "0.10", 9, 2),
        _service("USPS", "PriorityMailInternational", "28.90", "8.10", "0.10", 6, 31),
        _DHL,
    ),
    "GB": (_service("RoyalMail", "InternationalTracked", "7.10", "6.40", "0.09", 4, 2), _DHL),
    "": (_service("DPD", "ClassicInternational", "9.40", "1.30", "0.14", 3, 31), _DHL),
}


def offers(shipment: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rates (carrier, service, amounts, days) from dear to cheap, and the messages of those that cannot."""
    sender, recipient = shipment["from_address"], shipment["to_address"]
    home = (sender["country"] or "US").upper()
    key = home if home in HOME else ""
    currency, services = HOME[key]
    if home != (recipient["country"] or "US").upper():
        services = ABROAD[key]
    far, weight = zone(sender, recipient), weighed(shipment["parcel"])
    rates, messages = [], []
    for service in services:
        if weight > service.heaviest:
            words = f"shipment.parcel.weight: {weight} kg is above the limit of {service.heaviest} kg"
            messages.append({"carrier": service.carrier, "type": "rate_error", "message": words})
            continue
        price = (service.base + service.per_kg * weight) * (1 + service.per_zone * (far - 1))
        days = service.days if service.firm else service.days + (far - 1) // 3
        rates.append(
            {
                "carrier": service.carrier,
                "service": service.name,
                "currency": currency,
                "rate": str(price.quantize(CENT)),
                "list_rate": str((price * Decimal("1.08")).quantize(CENT)),
                "retail_rate": str((price * Decimal("1.4")).quantize(CENT)),
                "days": days,
            }
        )
    return sorted(rates, key=lambda rate: -Decimal(rate["rate"])), messages


def border(sender: dict[str, Any], recipient: dict[str, Any]) -> bool:
    """Do customs stand between them? The European Union is one, as are the two that trade as one."""
    home, away = (sender["country"] or "US").upper(), (recipient["country"] or "US").upper()
    if home == away or any({home, away} <= union for union in UNIONS):
        return False
    ulster = [
        a for a in (sender, recipient) if a["country"] == "GB" and (a["zip"] or "").upper().startswith("BT")
    ]
    return not (ulster and {home, away} - {"GB"} <= UNIONS[0])


def weighed(parcel: dict[str, Any]) -> Decimal:
    """Kilograms to charge for: the greater of weight and volume, in steps of 100 g."""
    weight = Decimal(str(parcel["weight"])) / OUNCES_PER_KG
    sides = [Decimal(str(parcel[side] or 0)) for side in ("length", "width", "height")]
    volume = sides[0] * sides[1] * sides[2] / VOLUMETRIC * 16 / OUNCES_PER_KG
    return Decimal(math.ceil(max(weight, volume) * 10)) / 10


def zone(sender: dict[str, Any], recipient: dict[str, Any]) -> int:
    """1 (next door) to 8. At home from the postcodes' beginnings, abroad from the continents."""
    home, away = (sender["country"] or "US").upper(), (recipient["country"] or "US").upper()
    if home != away:
        return 3 if {home, away} <= EUROPE else 7
    here, there = _beginning(sender["zip"]), _beginning(recipient["zip"])
    if here is None or there is None:
        return 4
    return min(8, 1 + round(math.sqrt(abs(here - there)) / 3.8))


def _beginning(postcode: str | None) -> int | None:
    """Three characters as a number: digits count tenfold as in US zips, letters by their place."""
    signs = [sign for sign in (postcode or "").upper() if sign.isalnum() and sign.isascii()][:3]
    if not signs:
        return None
    value = 0
    for sign in signs:
        value = value * 10 + (int(sign) if sign.isdigit() else (ord(sign) - 65) * 10 // 26)
    return value
