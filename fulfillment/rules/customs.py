"""Which parcels cross a customs border, and what is declared for them.

Kept simple: the European Union with Monaco is one territory, the United Kingdom with the Isle of Man another,
Switzerland with Liechtenstein a third. Northern Ireland (postcodes BT) has no border on either side: neither
to Great Britain nor to the Union. Every other pair of countries has one. Places that belong to a union in part
(the Canaries, Büsingen, Livigno, the Channel Islands' arrangements) are not told apart from their country.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from oms.core.errors import Reason
from oms.core.words import Told, gettext_noop, told

_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MC MT NL PL PT RO SE SI SK"
EU = frozenset(_EU.split())
UNIONS: Sequence[frozenset[str]] = (EU, frozenset({"GB", "IM"}), frozenset({"CH", "LI"}))
CONTENTS = ("merchandise", "gift", "sample", "returned_goods", "documents", "other")
CENT = Decimal("0.01")


def crosses(country: str, postcode: str, to_country: str, to_postcode: str) -> bool:
    """Does a parcel from here to there need a declaration? A country that nobody knows is a foreign one."""
    here, there = country.upper(), to_country.upper()
    if here and here == there:
        return False
    if any({here, there} <= union for union in UNIONS):
        return False
    return not ((_northern(here, postcode) and there in EU) or (_northern(there, to_postcode) and here in EU))


def _northern(country: str, postcode: str) -> bool:
    return country == "GB" and postcode.strip().upper().startswith("BT")


@dataclass(frozen=True)
class Goods:
    """Pieces of one item in a parcel. ``value`` is what a piece costs the customer or, where that is nothing,
    is worth; ``None`` where nobody knows, and why in ``no_value``."""

    sku: str
    description: str
    quantity: int
    weight_g: int
    hs_code: str
    origin: str
    value: Decimal | None
    no_value: str = gettext_noop("customs value")


@dataclass(frozen=True)
class DeclaredItem:
    """``value`` and ``weight_g`` are of all its pieces together."""

    sku: str
    description: str
    quantity: int
    value: Decimal
    weight_g: int
    hs_code: str
    origin: str


@dataclass(frozen=True)
class Declaration:
    """What customs are told of one parcel. ``incoterm`` says who pays duty (DAP: the customer, DDP: we do)."""

    items: tuple[DeclaredItem, ...]
    currency: str
    signer: str
    contents: str = "merchandise"
    incoterm: str = "DAP"
    eori: str = ""
    invoice: str = ""

    @property
    def value(self) -> Decimal:
        return sum((item.value for item in self.items), Decimal(0))

    @property
    def weight_g(self) -> int:
        return sum(item.weight_g for item in self.items)


def lacking(goods: Sequence[Goods], parcel_g: int = 0) -> list[Reason]:
    """Why these pieces cannot be declared: what each item lacks, and where to enter it."""
    reasons = []
    for one in _together(goods):
        wants = {
            gettext_noop("HS code"): one.hs_code, gettext_noop("country of origin"): one.origin,
            gettext_noop("weight"): one.weight_g, one.no_value: one.value, gettext_noop("name"): one.description,
        }  # fmt: skip
        missing = [words for words, known in wants.items() if not known]
        if missing:
            why = gettext_noop(
                "%(sku)s cannot go through customs: it has no %(missing)s. Enter it at Stock, Items, %(sku)s."
            )
            reasons.append(Reason("customs_incomplete", told(why, sku=one.sku, missing=_and(missing))))
    net = sum(one.weight_g * one.quantity for one in goods)
    if not reasons and 0 < parcel_g < net:
        why = told(
            gettext_noop("The parcel weighs %(parcel)s g, its items %(net)s g: weigh it again, or correct the items' weights."),
            parcel=parcel_g, net=net,
        )  # fmt: skip
        reasons.append(Reason("customs_weight", why))
    return reasons


def declare(
    goods: Sequence[Goods],
    *,
    currency: str,
    signer: str,
    contents: str = "merchandise",
    incoterm: str = "DAP",
    eori: str = "",
    invoice: str = "",
) -> Declaration:
    """The declaration of a parcel with these pieces. Raises ``ValueError`` where ``lacking`` has a reason."""
    if not goods or lacking(goods):
        raise ValueError("these goods cannot be declared")
    items = tuple(
        DeclaredItem(
            one.sku, one.description[:100], one.quantity,
            ((one.value or Decimal(0)) * one.quantity).quantize(CENT, ROUND_HALF_UP),
            one.weight_g * one.quantity, one.hs_code, one.origin,
        )
        for one in _together(goods)
    )  # fmt: skip
    return Declaration(items, currency, signer, contents, incoterm, eori, invoice)


def _together(goods: Sequence[Goods]) -> list[Goods]:
    """Pieces that are declared alike are one line."""
    counted: Counter[Goods] = Counter()
    for one in goods:
        counted[replace(one, quantity=1)] += one.quantity
    return [replace(one, quantity=n) for one, n in counted.items()]


def _and(words: Sequence[str]) -> Told:
    first, *rest = (told(word) for word in words)
    for n, word in enumerate(rest, 1):
        joined = (
            gettext_noop("%(some)s and no %(more)s") if n == len(rest) else gettext_noop("%(some)s, %(more)s")
        )
        first = told(joined, some=first, more=word)
    return first


def stored(declaration: Declaration) -> dict[str, object]:
    """As JSON keeps it."""
    items = [{**item.__dict__, "value": str(item.value)} for item in declaration.items]
    return {**declaration.__dict__, "items": items}


def restored(kept: Mapping[str, object]) -> Declaration:
    rows: Sequence[Mapping[str, object]] = kept["items"]  # type: ignore[assignment]
    items = tuple(DeclaredItem(**{**row, "value": Decimal(str(row["value"]))}) for row in rows)  # type: ignore[arg-type]
    return Declaration(**{**kept, "items": items})  # type: ignore[arg-type]
