"""Where postcodes are, by the imported table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fulfillment.models import Postcode
from fulfillment.rules.areas import prefixes

Point = tuple[float, float]


def find_postcodes(asked: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Point]:
    """(country, postcode) → latitude and longitude by the longest beginning that the table has; what it has not is
    left out. One statement for all."""
    begins = {(country, code): prefixes(code) for country, code in asked if country and code}
    if not begins:
        return {}
    rows = Postcode.objects.filter(
        country__in={country.upper() for country, _ in begins},
        prefix__in={prefix for found in begins.values() for prefix in found},
    )
    known = {(country, prefix): (lat, lon) for country, prefix, lat, lon in rows.values_list(
        "country", "prefix", "latitude", "longitude"
    )}  # fmt: skip
    found = {}
    for (country, code), tries in begins.items():
        point = next((known[country.upper(), t] for t in tries if (country.upper(), t) in known), None)
        if point:
            found[country, code] = point
    return found
