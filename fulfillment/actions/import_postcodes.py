"""A file of postcodes with their coordinates becomes the table that routing looks distances up in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext

from fulfillment.models import Postcode
from fulfillment.rules.areas import squeezed
from oms.core.errors import Reason, Refused

COLUMNS = 11
"""GeoNames' postal code files, tab-separated: country, postcode and, as the tenth and eleventh, latitude and longitude."""


@transaction.atomic
def import_postcodes(lines: Iterable[str]) -> Counter[str]:
    """Replace what is known of every country in the file; returns how many postcodes each has. A postcode with
    several places gets their middle. Raises :class:`Refused` (``bad_row``, ``no_rows``); nothing is stored then."""
    places: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        country, code, latitude, longitude = _read(line, number)
        places.setdefault((country, code), []).append((latitude, longitude))
    if not places:
        raise Refused(Reason("no_rows", gettext("There is no postcode in this file.")))
    counts = Counter(country for country, _ in places)
    Postcode.objects.filter(country__in=counts).delete()
    Postcode.objects.bulk_create(
        (
            Postcode(
                country=country, prefix=code, latitude=sum(p[0] for p in points) / len(points),
                longitude=sum(p[1] for p in points) / len(points),
            )
            for (country, code), points in places.items()
        ),
        batch_size=5000,
    )  # fmt: skip
    return counts


def _read(line: str, number: int) -> tuple[str, str, float, float]:
    cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
    try:
        country, code = cells[0].upper(), squeezed(cells[1])
        latitude, longitude = float(cells[9]), float(cells[10])
        right = (
            len(country) == 2 and country.isalpha() and code and abs(latitude) <= 90 and abs(longitude) <= 180
        )
    except (IndexError, ValueError):
        right = False
    if not right:
        told = f"Line {number} is no postcode: it needs {COLUMNS} columns between tabs, as GeoNames has them."
        raise Refused(Reason("bad_row", told))
    return country, code, latitude, longitude
