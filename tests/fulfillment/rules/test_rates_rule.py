import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.rules.countries import CENTROIDS, UNKNOWN_KM
from fulfillment.rules.rates import (
    Place,
    RateCard,
    distance_km,
    great_circle_km,
    tariff,
    weight_g,
    zone,
)

LEEDS = Place("GB", "LS1", 53.80, -1.55)
LONDON = Place("GB", "SW1", 51.51, -0.13)
BERLIN = Place("DE", "10115", 52.52, 13.40)
PARIS = Place("FR", "75001", 48.86, 2.35)


@pytest.mark.parametrize(("a", "b", "km"), [(LEEDS, LONDON, 272), (BERLIN, PARIS, 878), (LONDON, PARIS, 344)])
def test_known_distances(a, b, km):
    assert distance_km(a, b) == pytest.approx(km, rel=0.01)


def test_without_coordinates_the_country_counts():
    assert distance_km(LEEDS, Place("gb")) == CENTROIDS["GB"][2]
    assert distance_km(LEEDS, Place("DE")) == pytest.approx(840, abs=80)
    assert distance_km(LEEDS, Place("ZZ")) == UNKNOWN_KM
    assert distance_km(Place(), Place()) == UNKNOWN_KM


@pytest.mark.parametrize(("km", "expected"), [(0, 1), (80, 1), (80.1, 2), (965, 4), (99999, 8)])
def test_zones(km, expected):
    assert zone(km, RateCard()) == expected


def test_the_card_is_the_formula_it_says():
    card = RateCard(base=6, per_zone=0.45, per_kg=0.4, per_kg_zone=0.33, abroad=2, handling={7: 1.5})
    got = tariff(card, 7, BERLIN, PARIS)
    assert got.zone == 4
    assert got.cost(2900) == pytest.approx(6 + 0.45 * 4 + 1.5 + 2 + 3.0 * (0.4 + 0.33 * 4))
    assert tariff(card, 8, LEEDS, LONDON).fixed == pytest.approx(6 + 0.45 * 3 + 0.5 + 0.1 * (0.4 + 0.99))


def test_unweighed_units_have_a_default():
    assert (weight_g(None, 3), weight_g(0, 3), weight_g(20, 3)) == (1500, 1500, 60)


degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(degrees, degrees, degrees)
def test_distance_is_one(a, b, c):
    assert great_circle_km(*a, *b) == pytest.approx(great_circle_km(*b, *a), abs=1e-6)
    assert 0 <= great_circle_km(*a, *b) <= 20016
    assert great_circle_km(*a, *c) <= great_circle_km(*a, *b) + great_circle_km(*b, *c) + 1e-3


def test_the_table_of_countries_is_on_the_globe():
    for code, (latitude, longitude, km) in CENTROIDS.items():
        assert len(code) == 2
        assert code.isupper()
        assert -60 < latitude < 75
        assert -180 < longitude < 180
        assert 0 < km < 2000
