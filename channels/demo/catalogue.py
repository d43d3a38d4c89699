"""The catalogue that a file of sales implies: title and price as sold, weight and barcode invented.

The data set has neither weights nor barcodes. A weight follows from the words of the title and a lot by SKU;
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
    return Item(sku, title_of(title), pence(price), weight_of(sku, title), barcode_of(sku))


def pence(price: Decimal) -> Decimal:
    return price.quantize(PENNY, rounding=ROUND_HALF_UP)


def title_of(text: str) -> str:
    """The file shouts: WHITE HANGING HEART T-LIGHT HOLDER becomes White Hanging Heart T-light Holder."""
    return string.capwords(text)


# The first word that a title contains decides, so the telling words stand before the general ones. In grams.
_WEIGHTS = (
    ("THROW", 900), ("PARASOL", 800), ("HAMPER", 1500), ("DOORMAT", 1400), ("DOORSTOP", 900),
    ("CABINET", 2500), ("DRAWER", 1800), ("MIRROR", 700), ("CLOCK", 600), ("TEAPOT", 700),
    ("CAKE STAND", 900), ("CAKESTAND", 900), ("LANTERN", 450), ("BREAD BIN", 1300), ("PLANTER", 600),
    ("TRAY", 400), ("BOWL", 350), ("PLATE", 350), ("MUG", 320), ("JUG", 450), ("JAR", 380), ("GLASS", 260),
    ("BOTTLE", 330), ("CUSHION", 380), ("APRON", 180), ("TOWEL", 220), ("BLANKET", 600), ("QUILT", 1200),
    ("BAG", 110), ("LUNCH BOX", 200), ("TIN", 160), ("CANDLE", 170), ("T-LIGHT", 120), ("HOLDER", 150),
    ("FRAME", 260), ("SIGN", 190), ("GNOME", 420), ("LETTERS", 500), ("GARLAND", 90), ("WREATH", 260),
    ("DOLL", 140), ("TOY", 160), ("SKITTLES", 380), ("PUZZLE", 280), ("GAME", 240), ("NOTEBOOK", 150),
    ("SKETCHBOOK", 220), ("STATIONERY", 180), ("NAPKINS", 130), ("CARD", 20), ("WRAP", 45), ("STICKER", 15),
    ("RIBBON", 40), ("BUNTING", 160), ("CASES", 50), ("PENCIL", 45), ("PEN", 20), ("PURSE", 70),
    ("NECKLACE", 40), ("BRACELET", 30), ("EARRING", 15), ("RING", 15), ("HEART", 60), ("HOOK", 140),
    ("HANGER", 120), ("DECORATION", 60), ("SET", 200), ("BOX", 160),
)  # fmt: skip
_USUAL_WEIGHT = 110


def weight_of(sku: str, title: str) -> int:
    """Grams, to the nearest five, within a fifth of what its words suggest."""
    shout = title.upper()
    usual = next((grams for word, grams in _WEIGHTS if word in shout), _USUAL_WEIGHT)
    lot = random.Random(f"weight {sku}")  # noqa: S311 - a story, not a secret
    return max(5, round(usual * lot.uniform(0.8, 1.2) / 5) * 5)


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
