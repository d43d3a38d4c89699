"""Invented people at invented addresses. The data set names nobody; parcels need somebody.

A person follows from the customer's number and country alone, so the same customer is the same person in
every run. Cities and their coordinates are real; streets, house numbers and people are not, and a postcode is
only sure to have the form that its country and region ask for. E-mail goes to domains that no one can own
(RFC 2606); telephone numbers come from the ranges that regulators keep free for drama (Ofcom, ComReg, ARCEP,
BNetzA, PTS, ACMA, NANPA's 555-01xx), and where a country has none, from Ofcom's for mobile phones.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Address:
    """``country`` is ISO 3166 alpha-2; ``region`` the state, province or county where the country wants one.
    ``latitude`` and ``longitude`` are the city's, in degrees."""

    line1: str
    city: str
    postcode: str
    country: str
    region: str = ""
    line2: str = ""
    latitude: float = 0.0
    longitude: float = 0.0


@dataclass(frozen=True, slots=True)
class Person:
    """``key`` is the customer's number, or another stable word for a guest."""

    key: str
    first_name: str
    last_name: str
    email: str
    phone: str
    address: Address
    company: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Place:
    """A location of ours. ``kind``: warehouse or store."""

    code: str
    name: str
    kind: str
    address: Address


NOTTINGHAM = Place(
    "NOTTINGHAM",
    "Nottingham warehouse",
    "warehouse",
    Address("Unit 4, Lenton Lane", "Nottingham", "NG7 2NR", "GB", latitude=52.94, longitude=-1.18),
)
BRIGHTON = Place(
    "BRIGHTON",
    "Brighton store",
    "store",
    Address("12 Sydney Street", "Brighton", "BN1 4EN", "GB", latitude=50.83, longitude=-0.14),
)
ROTTERDAM = Place(
    "ROTTERDAM",
    "Rotterdam warehouse",
    "warehouse",
    Address("Waalhaven Zuidzijde 21", "Rotterdam", "3089 JH", "NL", latitude=51.89, longitude=4.44),
)
PLACES = (NOTTINGHAM, BRIGHTON, ROTTERDAM)


# Cities: name, region, form of the postcode (# a digit, @ a letter), latitude, longitude.
# The letters are those that every country with letters in its postcodes allows in their places.
_LETTERS = "ABEGHJLNPRTWXYZ"

_CITIES: dict[str, tuple[tuple[str, str, str, float, float], ...]] = {
    "AE": (("Dubai", "Dubai", "", 25.08, 55.31), ("Abu Dhabi", "Abu Dhabi", "", 24.45, 54.4)),
    "AT": (("Wien", "", "1##0", 48.21, 16.37), ("Graz", "", "801#", 47.07, 15.44)),
    "AU": (
        ("Sydney", "NSW", "20##", -33.87, 151.21),
        ("Melbourne", "VIC", "30##", -37.81, 144.96),
        ("Brisbane", "QLD", "40##", -27.47, 153.03),
    ),
    "BE": (
        ("Bruxelles", "", "10#0", 50.85, 4.35),
        ("Antwerpen", "", "20#0", 51.22, 4.4),
        ("Gent", "", "90#0", 51.05, 3.72),
    ),
    "BH": (("Manama", "", "31#", 26.23, 50.59), ("Muharraq", "", "20#", 26.26, 50.61)),
    "BR": (
        ("São Paulo", "SP", "01###-0#0", -23.55, -46.64),
        ("Rio de Janeiro", "RJ", "20###-0#0", -22.91, -43.18),
    ),
    "CA": (("Toronto", "ON", "M5@ #@#", 43.71, -79.4), ("Montréal", "QC", "H3@ #@#", 45.51, -73.59)),
    "CH": (
        ("Zürich", "", "80##", 47.37, 8.55),
        ("Genève", "", "120#", 46.2, 6.15),
        ("Basel", "", "405#", 47.56, 7.57),
    ),
    "CY": (("Nicosia", "", "10##", 35.17, 33.35), ("Limassol", "", "30##", 34.68, 33.04)),
    "CZ": (("Praha", "", "1#0 00", 50.09, 14.42), ("Brno", "", "6## 00", 49.2, 16.61)),
    "DE": (
        ("Berlin", "", "10###", 52.52, 13.41),
        ("Hamburg", "", "20###", 53.55, 9.99),
        ("München", "", "80###", 48.14, 11.58),
        ("Köln", "", "50###", 50.93, 6.95),
    ),
    "DK": (("København", "", "21##", 55.68, 12.57), ("Aarhus", "", "82##", 56.16, 10.21)),
    "ES": (
        ("Madrid", "M", "280##", 40.42, -3.7),
        ("Barcelona", "B", "080##", 41.39, 2.16),
        ("Valencia", "V", "460##", 39.47, -0.38),
    ),
    "FI": (("Helsinki", "", "00##0", 60.17, 24.94), ("Tampere", "", "33##0", 61.5, 23.79)),
    "FR": (
        ("Paris", "", "7501#", 48.85, 2.35),
        ("Lyon", "", "6900#", 45.75, 4.85),
        ("Toulouse", "", "31#00", 43.6, 1.44),
        ("Marseille", "", "1300#", 43.3, 5.38),
    ),
    "GB": (
        ("London", "", "N# #@@", 51.51, -0.13),
        ("London", "", "SW# #@@", 51.47, -0.17),
        ("London", "", "E# #@@", 51.53, -0.05),
        ("Birmingham", "", "B1# #@@", 52.48, -1.9),
        ("Glasgow", "", "G4# #@@", 55.87, -4.26),
        ("Manchester", "", "M2# #@@", 53.48, -2.24),
        ("Sheffield", "", "S1# #@@", 53.38, -1.47),
        ("Leeds", "", "LS1# #@@", 53.8, -1.55),
        ("Edinburgh", "", "EH# #@@", 55.95, -3.2),
        ("Liverpool", "", "L1# #@@", 53.41, -2.98),
        ("Bristol", "", "BS# #@@", 51.46, -2.6),
        ("Cardiff", "", "CF1# #@@", 51.48, -3.18),
        ("Leicester", "", "LE# #@@", 52.64, -1.13),
        ("Belfast", "", "BT1# #@@", 54.6, -5.93),
        ("Nottingham", "", "NG# #@@", 52.95, -1.15),
        ("Brighton", "", "BN# #@@", 50.83, -0.14),
        ("Southampton", "", "SO1# #@@", 50.9, -1.4),
        ("Newcastle upon Tyne", "", "NE# #@@", 54.97, -1.61),
        ("Plymouth", "", "PL# #@@", 50.37, -4.14),
        ("Norwich", "", "NR# #@@", 52.63, 1.3),
    ),
    "GR": (("Athina", "", "10# ##", 37.98, 23.73), ("Thessaloniki", "", "54# ##", 40.64, 22.93)),
    "HK": (("Central", "Hong Kong Island", "", 22.28, 114.16), ("Mong Kok", "Kowloon", "", 22.32, 114.17)),
    "IE": (
        ("Dublin", "Co. Dublin", "D0# @@##", 53.33, -6.25),
        ("Cork", "Co. Cork", "T12 @@##", 51.9, -8.47),
        ("Galway", "Co. Galway", "H91 @@##", 53.27, -9.05),
    ),
    "IL": (("Tel Aviv", "", "6#####0", 32.08, 34.78), ("Haifa", "", "3#####0", 32.81, 35.0)),
    "IS": (("Reykjavík", "", "10#", 64.14, -21.9), ("Akureyri", "", "60#", 65.68, -18.09)),
    "IT": (
        ("Roma", "RM", "001##", 41.89, 12.51),
        ("Milano", "MI", "201##", 45.46, 9.19),
        ("Torino", "TO", "101##", 45.07, 7.69),
    ),
    "JE": (("St Helier", "", "JE2 #@@", 49.19, -2.1), ("St Brelade", "", "JE3 #@@", 49.18, -2.2)),
    "JP": (
        ("Setagaya-ku", "Tokyo", "154-00##", 35.65, 139.65),
        ("Kita-ku", "Osaka", "530-00##", 34.7, 135.5),
    ),
    "LB": (("Beirut", "", "1107 2###", 33.89, 35.5), ("Tripoli", "", "1300", 34.43, 35.84)),
    "LT": (("Vilnius", "", "01###", 54.69, 25.28), ("Kaunas", "", "44###", 54.9, 23.91)),
    "MT": (("Valletta", "", "VLT 1##0", 35.9, 14.51), ("Sliema", "", "SLM 1##0", 35.91, 14.5)),
    "NL": (
        ("Amsterdam", "", "101# @@", 52.37, 4.89),
        ("Rotterdam", "", "301# @@", 51.92, 4.48),
        ("Utrecht", "", "351# @@", 52.09, 5.12),
    ),
    "NO": (("Oslo", "", "01##", 59.91, 10.75), ("Bergen", "", "50##", 60.39, 5.32)),
    "PL": (("Warszawa", "", "00-###", 52.23, 21.01), ("Kraków", "", "30-###", 50.06, 19.94)),
    "PT": (("Lisboa", "", "1200-###", 38.73, -9.15), ("Porto", "", "4000-###", 41.15, -8.61)),
    "SA": (("Riyadh", "", "115##", 24.69, 46.72), ("Jeddah", "", "214##", 21.49, 39.19)),
    "SE": (("Stockholm", "", "114 ##", 59.33, 18.07), ("Göteborg", "", "411 ##", 57.71, 11.97)),
    "SG": (("Singapore", "", "23####", 1.3, 103.84), ("Singapore", "", "46####", 1.33, 103.93)),
    "US": (
        ("New York", "NY", "100##", 40.71, -74.01),
        ("Chicago", "IL", "606##", 41.85, -87.65),
        ("San Francisco", "CA", "941##", 37.77, -122.42),
    ),
    "ZA": (("Cape Town", "", "80##", -33.93, 18.42), ("Johannesburg", "", "20##", -26.2, 28.04)),
}

# Streets, with the number before or after the name as the country writes it.
_STREETS = {
    "en": "{n} High Street|{n} Station Road|{n} Church Lane|{n} Victoria Road|{n} Mill Lane|{n} Park Avenue|"
    "{n} Orchard Close|{n} Albert Terrace|{n} Chapel Hill|{n} Queens Road|{n} Manor Drive|{n} Beech Grove|"
    "Flat {f}, {n} Regent Place|Flat {f}, {n} Castle View|{n} Foundry Yard|{n} Meadow Way",
    "de": "Lindenstraße {n}|Gartenweg {n}|Bahnhofstraße {n}|Schillerstraße {n}|Am Markt {n}|Rosenweg {n}",
    "fr": "{n} rue des Lilas|{n} avenue de la Gare|{n} rue du Moulin|{n} place du Marché|{n} rue Pasteur",
    "nl": "Dorpsstraat {n}|Kerkstraat {n}|Molenweg {n}|Tulpenlaan {n}|Stationsplein {n}",
    "es": "Calle Mayor {n}|Calle del Sol {n}|Avenida de la Paz {n}|Calle de los Olivos {n}",
    "pt": "Rua das Flores {n}|Rua do Sol {n}|Avenida da Liberdade {n}|Rua Nova {n}",
    "it": "Via Garibaldi {n}|Via dei Fiori {n}|Via Mazzini {n}|Corso Italia {n}",
    "no": "Storgata {n}|Kirkeveien {n}|Skogveien {n}|Parkveien {n}",
    "sv": "Storgatan {n}|Kyrkogatan {n}|Parkvägen {n}|Björkgatan {n}",
    "da": "Nygade {n}|Kirkevej {n}|Skovvej {n}|Søndergade {n}",
    "fi": "Koivutie {n}|Puistokatu {n}|Rantatie {n}|Asemakatu {n}",
    "is": "Laugavegur {n}|Birkigata {n}|Hafnarstræti {n}",
    "pl": "ul. Lipowa {n}|ul. Ogrodowa {n}|ul. Polna {n}|ul. Szkolna {n}",
    "cs": "Lipová {n}|Zahradní {n}|Školní {n}|Polní {n}",
    "lt": "Liepų g. {n}|Sodų g. {n}|Miško g. {n}",
    "el": "Odos Eleftherias {n}|Odos Anthoon {n}|Leoforos Irinis {n}",
    "ja": "{f}-{f}-{n} Sakuramachi|{f}-{f}-{n} Honcho|{f}-{f}-{n} Midorigaoka",
    "ar": "{n} Palm Street|{n} Corniche Road|Villa {n}, Garden Street|{n} Harbour Road",
    "he": "{n} Herzl Street|{n} HaNamal Street|{n} Rothschild Boulevard",
}

# Given names and family names, invented into pairs by lot.
_NAMES = {
    "en": (
        "Alice Amelia Beth Carol Daisy Edith Fiona Grace Hannah Imogen Jean Kate Lucy Maeve Nora Olive "
        "Poppy Ruth Sarah Tess Arthur Ben Colin David Edward Frank George Harry Ian Jack Keith Liam "
        "Martin Neil Owen Peter Robin Simon Tom William",
        "Ashworth Barlow Carter Dawson Ellis Fletcher Gibson Hartley Ingram Jarvis Kendall Lawson Marsh "
        "Newton Osborne Parkin Quinn Radley Shaw Thorne Underhill Vickers Walton Yates Abbott Bramley "
        "Coombe Dyer Eastman Fairley Garland Holt Iveson Judd Kirby Lockwood Mercer Naylor Oakes Pryce "
        "Rowntree Sutton Tilley Upton Varley Whitlow Wren York Appleby Bickerton",
    ),
    "de": (
        "Anna Birgit Clara Doris Eva Frieda Greta Heike Jonas Karl Lukas Martin Otto Stefan",
        "Becker Vogt Lindner Hartmann Krüger Sommer Brandt Winkler Keller Albrecht Busch Engel",
    ),
    "fr": (
        "Agnès Brigitte Camille Denise Élise Françoise Gaëlle Henri Jules Luc Marcel Noël Olivier Pascal",
        "Moreau Lefèvre Girard Blanchet Dubreuil Fontaine Gauthier Lambert Mercier Perrin Rousseau",
    ),
    "nl": (
        "Anneke Bram Dirk Els Femke Hanna Jeroen Katrien Lotte Maarten Pieter Saskia",
        "Bakker Visser Mulder Dekker Hoekstra Janssens Peeters Claes Smit Verhoeven Postma Kuipers",
    ),
    "es": (
        "Ana Carmen Diego Elena Felipe Inés Javier Lucía Mateo Nuria Pablo Rosa",
        "García Navarro Molina Ortega Prieto Serrano Vidal Campos Iglesias Romero Peña Blanco",
    ),
    "pt": (
        "Ana Beatriz Catarina Duarte Filipe Inês João Luísa Manuel Paula Rui Teresa",
        "Almeida Barbosa Carvalho Duarte Ferreira Lopes Moreira Nunes Pinto Ribeiro Santos Teixeira",
    ),
    "it": (
        "Anna Bruno Chiara Davide Elisa Franco Giulia Luca Marta Nicola Paola Sergio",
        "Bianchi Colombo Deluca Esposito Ferrari Gallo Marini Moretti Ricci Romano Serra Villa",
    ),
    "nordic": (
        "Anders Astrid Bo Elin Erik Freja Gunnar Ida Jens Kaisa Lars Maja Nils Sanna Sven Tuula",
        "Berg Dahl Eklund Forsberg Hagen Holm Iversen Jonsson Korhonen Lind Madsen Nieminen Olsen Strand",
    ),
    "east": (
        "Adam Barbora Ewa Jan Katarzyna Lukas Marek Milda Ona Petra Tomas Zofia",
        "Dvorak Jankauskas Kowal Lis Maly Nowicki Petrauskas Svoboda Wilk Zeman Zielak Urban",
    ),
    "el": (
        "Alexandra Dimitris Eleni Giorgos Katerina Maria Nikos Panos Sofia Yiannis",
        "Andreou Christou Dimou Georgiou Ioannou Kosta Markou Nikolaou Pavlou Stavrou",
    ),
    "ja": (
        "Aiko Daichi Emi Haruto Kenji Mai Naoki Sakura Takumi Yui",
        "Aoki Fujita Hayashi Inoue Kimura Mori Nakano Ogawa Sakai Ueda",
    ),
    "ar": (
        "Amal Fadi Hala Karim Layla Nadia Omar Rania Sami Tariq",
        "Aoun Bishara Darwish Fakhoury Haddad Khalil Mansour Nasser Saleh Younes",
    ),
    "he": (
        "Ariel Dana Eitan Maya Noa Oren Shira Tal Yael Yoav",
        "Amir Barak Dagan Golan Harel Levanon Peled Shaked Tamir Ziv",
    ),
    "zh": (
        "Chun Hui Jia Kai Ling Mei Ming Siu Wai Yan",
        "Chan Cheung Ho Kwok Lam Lau Ng Tan Wong Yip",
    ),
}

_TONGUES = {  # country: streets, names
    "AE": ("ar", "ar"), "AT": ("de", "de"), "AU": ("en", "en"), "BE": ("nl", "nl"), "BH": ("ar", "ar"),
    "BR": ("pt", "pt"), "CA": ("en", "en"), "CH": ("de", "de"), "CY": ("el", "el"), "CZ": ("cs", "east"),
    "DE": ("de", "de"), "DK": ("da", "nordic"), "ES": ("es", "es"), "FI": ("fi", "nordic"),
    "FR": ("fr", "fr"), "GB": ("en", "en"), "GR": ("el", "el"), "HK": ("en", "zh"), "IE": ("en", "en"),
    "IL": ("he", "he"), "IS": ("is", "nordic"), "IT": ("it", "it"), "JE": ("en", "en"), "JP": ("ja", "ja"),
    "LB": ("ar", "ar"), "LT": ("lt", "east"), "MT": ("en", "it"), "NL": ("nl", "nl"),
    "NO": ("no", "nordic"), "PL": ("pl", "east"), "PT": ("pt", "pt"), "SA": ("ar", "ar"),
    "SE": ("sv", "nordic"), "SG": ("en", "zh"), "US": ("en", "en"), "ZA": ("en", "en"),
}  # fmt: skip

# Telephone numbers that belong to nobody. Elsewhere, Ofcom's mobile range stands in.
_PHONES = {
    "AU": ("+61 2 5550 ####",),
    "CA": ("+1 416 555 01##", "+1 514 555 01##"),
    "DE": (
        "+49 30 23125 ###",
        "+49 69 90009 ###",
        "+49 40 66969 ###",
        "+49 221 4710 ###",
        "+49 89 99998 ###",
    ),
    "FR": ("+33 1 99 00 ## ##", "+33 6 39 98 ## ##"),
    "GB": (
        *("+44 7700 900###",) * 4,
        "+44 20 7946 0###",
        *(f"+44 {city} 496 0###" for city in (113, 114, 115, 116, 117, 118, 121, 131, 141, 151, 161)),
        "+44 191 498 0###",
        "+44 29 2018 0###",
        "+44 28 9649 6###",
    ),
    "IE": ("+353 20 91# ####",),
    "SE": ("+46 8 465 004 ##",),
    "US": ("+1 212 555 01##", "+1 312 555 01##", "+1 415 555 01##"),
}
_DOMAINS = ("example.com", "example.org", "example.net")
_SHOPS = ("{} Gifts", "{} & Daughters", "The {} Gift Shop", "{} Interiors", "{} Trading", "House of {}")

COUNTRIES = frozenset(_CITIES)


@lru_cache(maxsize=16384)
def person(key: str, country: str, city: str = "") -> Person:
    """Whoever has this customer number in this country; ``city`` picks one of the country's by name.

    Raises KeyError for a country without cities here (``COUNTRIES`` has all of the data set).
    """
    lot = random.Random(f"person {key} {country}")  # noqa: S311 - a story, not a secret
    streets, names = _TONGUES[country]
    cities = [each for each in _CITIES[country] if city in ("", each[0])]
    if not cities:
        raise KeyError(f"no city {city} in {country}")
    given, family = (lot.choice(part.split()) for part in _NAMES[names])
    town, region, postcode, latitude, longitude = lot.choice(cities)
    street = lot.choice(_STREETS[streets].split("|"))
    line1 = re.sub(r"\{f\}", lambda _: str(lot.randint(1, 9)), street).format(n=lot.randint(1, 180))
    company = lot.choice(_SHOPS).format(family) if lot.random() < 0.3 else ""
    phone = _fill(lot.choice(_PHONES.get(country, _PHONES["GB"][:1])), lot)
    email = f"{_ascii(given)}.{_ascii(family)}.{_short(key)}@{lot.choice(_DOMAINS)}"
    address = Address(
        line1, town, _fill(postcode, lot), country, region, latitude=latitude, longitude=longitude
    )
    return Person(key, given, family, email, phone, address, company)


def _fill(form: str, lot: random.Random) -> str:
    form = re.sub("#", lambda _: str(lot.randint(1, 9)), form)
    return re.sub("@", lambda _: lot.choice(_LETTERS), form)


def _short(key: str) -> str:
    """The key with its numbers to the base of 36: a mail address full of digits looks like a machine's."""
    return re.sub(r"\d+", lambda found: _base36(int(found[0])), _ascii(key))


def _base36(number: int) -> str:
    high, low = divmod(number, 36)
    return (_base36(high) if high else "") + "0123456789abcdefghijklmnopqrstuvwxyz"[low]


def _ascii(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-") or "x"
