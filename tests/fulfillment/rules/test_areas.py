"""Postcodes are turned into places, roughly, and only where there is a table."""

from __future__ import annotations

import pytest

from fulfillment.rules.areas import area_of
from fulfillment.rules.rates import Place, RateCard, distance_km, tariff


@pytest.mark.parametrize(
    ("country", "postcode", "found"),
    [("GB", "NG1 7AQ", True), ("gb", " b33 8th", True), ("GB", "BN1 1AA", True), ("GB", "QQ1 1AA", False),
     ("GB", "", False), ("DE", "10115", False), ("JE", "JE2 3AB", True)],
)  # fmt: skip
def test_areas(country: str, postcode: str, found: bool) -> None:
    assert (area_of(country, postcode) is not None) == found


def test_the_nearer_of_two_british_places_is_cheaper() -> None:
    nottingham, brighton = Place("GB", "NG1 1AA"), Place("GB", "BN1 1AA")
    hove = Place("GB", "BN3 2AB")
    assert distance_km(brighton, hove) < 20 < distance_km(nottingham, hove)
    card = RateCard()
    assert tariff(card, 1, brighton, hove).fixed < tariff(card, 2, nottingham, hove).fixed
