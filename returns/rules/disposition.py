"""What may be done with a returned piece, by what inspection found, and what that does to the stock. Each
received unit gets exactly one disposition, and each disposition is one movement (or, where it stays set
aside, none)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told


@dataclass(frozen=True)
class Disposition:
    """``on_hand`` and ``unavailable`` change by this much a unit, where it lies. A received unit is on hand
    and set aside (``ARRIVAL``), so that nothing is sold again before somebody has looked at it."""

    code: str
    words: str
    on_hand: int
    unavailable: int


ARRIVAL = Disposition("arrive", "received, to be inspected", 1, 1)

DISPOSITIONS: Mapping[str, Disposition] = {
    one.code: one
    for one in (
        Disposition("restock", "back for sale", 0, -1),
        Disposition("quarantine", "set aside", 0, 0),
        Disposition("refurbish", "to be made good again", 0, 0),
        Disposition("return_to_supplier", "back to the supplier", -1, -1),
        Disposition("write_off", "written off", -1, -1),
        Disposition("return_to_customer", "sent back to the customer", -1, -1),
    )
}

ALLOWED: Mapping[str, tuple[str, ...]] = {
    "as_new": ("restock", "quarantine", "return_to_supplier", "return_to_customer", "write_off"),
    "opened": ("quarantine", "refurbish", "restock", "return_to_supplier", "return_to_customer", "write_off"),
    "used": ("refurbish", "quarantine", "write_off", "return_to_supplier", "return_to_customer"),
    "damaged": ("write_off", "quarantine", "refurbish", "return_to_supplier", "return_to_customer"),
    "defective": ("return_to_supplier", "quarantine", "refurbish", "write_off", "return_to_customer"),
    "expired": ("write_off", "quarantine", "return_to_supplier"),
    "wrong_item": ("quarantine", "return_to_customer"),
    "unsafe": ("write_off",),
}
"""By inspected condition; the first is the proposal. A wrong item is never restocked as what it should have
been."""

CONDITION_WORDS: Mapping[str, str] = {
    "as_new": gettext_noop("as new"),
    "opened": gettext_noop("opened, otherwise as new"),
    "used": gettext_noop("used"),
    "damaged": gettext_noop("damaged"),
    "defective": gettext_noop("does not work"),
    "expired": gettext_noop("past its date"),
    "wrong_item": gettext_noop("not what was sold"),
    "unsafe": gettext_noop("unsafe to keep"),
}


@dataclass(frozen=True)
class Inspected:
    """``quantity`` units found in ``condition`` and to be disposed of by ``disposition``."""

    condition: str
    disposition: str
    quantity: int


@dataclass(frozen=True)
class StockEffect:
    """Changes of the level where the units lie, and how many of them each disposition took."""

    on_hand: int
    unavailable: int
    by_disposition: tuple[tuple[str, int], ...]


def refusals(received: int, disposed: int, inspected: Sequence[Inspected]) -> tuple[Reason, ...]:
    """Why this cannot be done: ``disposed`` of ``received`` units were disposed of before. Units may be
    left for a later inspection, but never disposed of twice."""
    reasons = []
    for one in inspected:
        if one.quantity <= 0:
            reasons.append(Reason("no_quantity", told(gettext_noop("A quantity must be at least 1"))))
        if one.condition not in ALLOWED:
            reasons.append(
                Reason(
                    "condition_unknown",
                    told(gettext_noop("“%(condition)s” is no condition"), condition=one.condition),
                )
            )
        elif one.disposition not in ALLOWED[one.condition]:
            known = DISPOSITIONS.get(one.disposition)
            why = told(
                gettext_noop("A piece that is %(condition)s cannot be “%(what)s”"),
                condition=told(CONDITION_WORDS[one.condition]), what=told(known.words) if known else one.disposition,
            )  # fmt: skip
            reasons.append(Reason("not_allowed", why))
    total = sum(one.quantity for one in inspected)
    left = received - disposed
    if total > left:
        reasons.append(
            Reason(
                "too_many",
                told(
                    gettext_noop("%(total)s disposed of, but only %(left)s are here to be"),
                    total=total,
                    left=left,
                ),
            )
        )
    return tuple(reasons)


def stock_effect(inspected: Sequence[Inspected]) -> StockEffect:
    """The sum of the movements. Raises ``KeyError`` for a disposition that is none."""
    units: dict[str, int] = {}
    for one in inspected:
        units[one.disposition] = units.get(one.disposition, 0) + one.quantity
    return StockEffect(
        on_hand=sum(DISPOSITIONS[code].on_hand * n for code, n in units.items()),
        unavailable=sum(DISPOSITIONS[code].unavailable * n for code, n in units.items()),
        by_disposition=tuple(sorted(units.items())),
    )
