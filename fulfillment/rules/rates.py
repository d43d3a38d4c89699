"""What a parcel costs to send, estimated for choosing between locations; what a carrier charges is another
fact.

The cost of a parcel is ``base + per_zone * zone + handling + kg * (per_kg + per_kg_zone * zone)``: affine in
weight, which is what lets routing compare thousands of plans. Figures are floats, since nothing here is
charged to anybody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import asin, cos, radians, sin, sqrt

from fulfillment.rules.areas import area_of
from fulfillment.rules.countries import CENTROIDS, UNKNOWN_KM

EARTH_KM = 6371.0
UNIT_WEIGHT_G = 500
"""What a unit is taken to weigh while nobody has weighed it."""
TARE_G = 100
"""Box and filling."""


@dataclass(frozen=True)
class Place:
    """Where something is; ``country`` is ISO 3166 alpha-2. Without coordinates the area of the postcode
    counts, where we know it, and else the middle of the country. ``area`` is the postcode's, from the imported
    table; without one our own rough table is asked."""

    country: str = ""
    postcode: str = ""
    latitude: float | None = None
    longitude: float | None = None
    area: tuple[float, float] | None = None


@dataclass(frozen=True)
class RateCard:
    """Money in ``currency``. ``zone_km`` are the upper ends of zones 1, 2 …; beyond the last is one more
    zone. ``handling`` is the cost of touching an order, by location id, else ``default_handling``;
    ``split_penalty`` is what a further parcel costs in trouble; ``abroad`` is added when a border is
    crossed."""

    currency: str = "EUR"
    base: float = 6.00
    per_zone: float = 0.45
    per_kg: float = 0.40
    per_kg_zone: float = 0.33
    abroad: float = 0.0
    split_penalty: float = 1.00
    default_handling: float = 0.50
    handling: Mapping[int, float] = field(default_factory=dict)
    zone_km: tuple[float, ...] = (80, 240, 480, 965, 1610, 2250, 2900)


@dataclass(frozen=True)
class Tariff:
    """A rate card for one way: ``fixed`` a parcel and ``per_kg``."""

    km: float
    zone: int
    fixed: float
    per_kg: float

    def cost(self, weight_g: float) -> float:
        return self.fixed + self.per_kg * weight_g / 1000


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Kilometres between two points on the globe; degrees in."""
    up, across = radians(lat2 - lat1), radians(lon2 - lon1)
    chord = sin(up / 2) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(across / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1.0, chord)))


def distance_km(origin: Place, destination: Place) -> float:
    """Great circle between the coordinates. Where either has none, between the middles of their countries;
    inside one country then a typical domestic way, and for an unknown country a long one."""
    start, end = _point(origin), _point(destination)
    if start is None or end is None:
        return UNKNOWN_KM
    exact = _located(origin) and _located(destination)
    if not exact and origin.country.upper() == destination.country.upper():
        return CENTROIDS[origin.country.upper()][2] if origin.country.upper() in CENTROIDS else UNKNOWN_KM
    return great_circle_km(*start, *end)


def _located(place: Place) -> tuple[float, float] | None:
    """Where it is, better than by its country: by coordinates, else by its postcode."""
    if place.latitude is not None and place.longitude is not None:
        return place.latitude, place.longitude
    return place.area or area_of(place.country, place.postcode)


def known_by(place: Place) -> str:
    """How well we know where it is: ``coordinates``, ``postcode``, ``country`` or ``nothing``."""
    if place.latitude is not None and place.longitude is not None:
        return "coordinates"
    if _located(place):
        return "postcode"
    return "country" if _point(place) else "nothing"


def _point(place: Place) -> tuple[float, float] | None:
    located = _located(place)
    if located:
        return located
    middle = CENTROIDS.get(place.country.upper())
    return (middle[0], middle[1]) if middle else None


def zone(km: float, card: RateCard) -> int:
    """1 for the nearest; a distance at a zone's end still belongs to it."""
    return 1 + bisect_left(card.zone_km, km)


def tariff(card: RateCard, location_id: int, origin: Place, destination: Place) -> Tariff:
    """What a parcel from this location to that place costs, by weight. Box and filling are in ``fixed``."""
    km = distance_km(origin, destination)
    at = zone(km, card)
    per_kg = card.per_kg + card.per_kg_zone * at
    fixed = card.base + card.per_zone * at + card.handling.get(location_id, card.default_handling)
    if origin.country.upper() != destination.country.upper():
        fixed += card.abroad
    return Tariff(km, at, fixed + per_kg * TARE_G / 1000, per_kg)


def weight_g(unit_weight_g: int | None, quantity: int, default: int = UNIT_WEIGHT_G) -> int:
    """Weight of ``quantity`` units; an unweighed unit counts as ``default`` grams."""
    return (unit_weight_g or default) * quantity
