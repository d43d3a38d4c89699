"""The catalogue that a file of sales implies: title and price as sold; weight, barcode and customs data invented.

The data set has neither weights nor barcodes. What a thing is at customs follows from the words of its title. A weight follows from the words of the title and a lot by SKU;
a barcode is a valid EAN-13 in the range that GS1 leaves to each company for its own use (prefix 2), which no
product of the wider world can carry.
"""

from __future__ import annotations

import hashlib
import random
import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from channels.demo.retail import Order

PENNY = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Item:
    """``price`` in GBP as the shop window shows it; ``weight_g`` of one piece, packed."""

    sku: str
    title: str
    price: Decimal
    weight_g: int
    barcode: str
    hs_code: str
    origin_country: str


def catalogue(orders: Iterable[Order]) -> dict[str, Item]:
    """By SKU, in order of SKU: the title and the price that occur most (the first among equals)."""
    titles: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, Counter[Decimal]] = defaultdict(Counter)
    for order in orders:
        for line in order.lines:
            titles[line.sku][line.title] += 1
            prices[line.sku][line.unit_price] += 1
    return {
        sku: item(sku, titles[sku].most_common(1)[0][0], prices[sku].most_common(1)[0][0])
        for sku in sorted(titles)
    }


def item(sku: str, title: str, price: Decimal) -> Item:
    code, origin = customs_of(title)
    return Item(sku, title_of(title), pence(price), weight_of(sku, title), barcode_of(sku), code, origin)


def pence(price: Decimal) -> Decimal:
    return price.quantize(PENNY, rounding=ROUND_HALF_UP)


def title_of(text: str) -> str:
    """The file shouts: WHITE HANGING HEART T-LIGHT HOLDER becomes White Hanging Heart T-light Holder."""
    return string.capwords(text)


# The first word that a title contains decides, so the telling words stand before the general ones. In grams.
_WEIGHTS = (
    ("THROW", 450), ("PARASOL", 400), ("HAMPER", 750), ("DOORMAT", 700), ("DOORSTOP", 450),
    ("CABINET", 1250), ("DRAWER", 900), ("MIRROR", 350), ("CLOCK", 300), ("TEAPOT", 350),
    ("CAKE STAND", 450), ("CAKESTAND", 450), ("LANTERN", 225), ("BREAD BIN", 650), ("PLANTER", 300),
    ("TRAY", 200), ("BOWL", 175), ("PLATE", 175), ("MUG", 160), ("JUG", 225), ("JAR", 190), ("GLASS", 130),
    ("BOTTLE", 165), ("CUSHION", 190), ("APRON", 90), ("TOWEL", 110), ("BLANKET", 300), ("QUILT", 600),
    ("BAG", 55), ("LUNCH BOX", 100), ("TIN", 80), ("CANDLE", 85), ("T-LIGHT", 60), ("HOLDER", 75),
    ("FRAME", 130), ("SIGN", 95), ("GNOME", 210), ("LETTERS", 250), ("GARLAND", 45), ("WREATH", 130),
    ("DOLL", 70), ("TOY", 80), ("SKITTLES", 190), ("PUZZLE", 140), ("GAME", 120), ("NOTEBOOK", 75),
    ("SKETCHBOOK", 110), ("STATIONERY", 90), ("NAPKINS", 65), ("CARD", 10), ("WRAP", 20), ("STICKER", 10),
    ("RIBBON", 20), ("BUNTING", 80), ("CASES", 25), ("PENCIL", 20), ("PEN", 10), ("PURSE", 35),
    ("NECKLACE", 20), ("BRACELET", 15), ("EARRING", 10), ("RING", 10), ("HEART", 30), ("HOOK", 70),
    ("HANGER", 60), ("DECORATION", 30), ("SET", 100), ("BOX", 80),
)  # fmt: skip
_USUAL_WEIGHT = 60


def weight_of(sku: str, title: str) -> int:
    """Grams, to the nearest five, within a fifth of what its words suggest."""
    shout = title.upper()
    usual = next((grams for word, grams in _WEIGHTS if word in shout), _USUAL_WEIGHT)
    lot = random.Random(f"weight {sku}")  # noqa: S311 - a story, not a secret
    return max(5, round(usual * lot.uniform(0.8, 1.2) / 5) * 5)


# As with the weights, the first word decides: the HS code, and where such things are made.
_CUSTOMS = (
    ("CANDLE", "340600", "CN"), ("T-LIGHT", "940550", "IN"), ("LANTERN", "940550", "IN"), ("CLOCK", "910529", "CN"),
    ("MIRROR", "700992", "CN"), ("GLASS", "701349", "PL"), ("BOTTLE", "701349", "CN"), ("TEAPOT", "691200", "CN"),
    ("CAKESTAND", "691200", "CN"), ("CAKE STAND", "691200", "CN"), ("MUG", "691200", "CN"), ("BOWL", "691200", "PT"),
    ("PLATE", "691200", "PT"), ("JUG", "691200", "CN"), ("CUSHION", "940490", "IN"), ("THROW", "630140", "IN"),
    ("APRON", "621142", "IN"), ("TOWEL", "630260", "TR"), ("BLANKET", "630140", "CN"), ("QUILT", "940440", "IN"),
    ("BAG", "420292", "CN"), ("PURSE", "420232", "IN"), ("TIN", "732393", "CN"), ("FRAME", "441400", "CN"),
    ("NECKLACE", "711719", "CN"), ("BRACELET", "711719", "CN"), ("EARRING", "711719", "CN"), ("DOLL", "950300", "CN"),
    ("TOY", "950300", "CN"), ("PUZZLE", "950300", "CN"), ("GAME", "950490", "CN"), ("NOTEBOOK", "482010", "GB"),
    ("NAPKINS", "481830", "DE"), ("CARD", "490900", "GB"), ("WRAP", "481190", "GB"), ("STICKER", "482110", "GB"),
    ("RIBBON", "580632", "CN"), ("BUNTING", "630790", "IN"), ("PENCIL", "960910", "CN"), ("PEN", "960810", "CN"),
)  # fmt: skip
_USUAL_CUSTOMS = ("392640", "CN")


def customs_of(title: str) -> tuple[str, str]:
    """HS code and country of origin."""
    shout = title.upper()
    return next(((code, origin) for word, code, origin in _CUSTOMS if word in shout), _USUAL_CUSTOMS)


def barcode_of(sku: str) -> str:
    """EAN-13: 200, the five digits, two for each letter (never ambiguous); any other SKU by its digest."""
    if found := re.fullmatch(r"([0-9]{5})([A-Z]{0,2})", sku):
        digits, letters = found.groups()
        body = "200" + digits + "".join(f"{ord(letter) - 64:02d}" for letter in letters).ljust(4, "0")
    else:
        body = "29" + str(int(hashlib.sha256(sku.encode()).hexdigest(), 16))[:10]
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The thirteenth digit for twelve."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return str(-total % 10)
