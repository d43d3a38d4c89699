"""Which box for these goods: the smallest that holds them by volume, by their sides and by weight.

Volume and sides are what goods must pass, not a proof that they can be stacked so: it is a suggestion, and whoever packs has
the last word. Goods without known sides count by weight alone, and the suggestion says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from oms.core.words import gettext_noop

Sides = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """``sides`` are inner ones in millimetres; ``weight_g`` is of the empty box, ``max_weight_g`` of the whole parcel,
    0 where there is no limit."""

    code: str
    sides: Sides
    weight_g: int = 0
    max_weight_g: int = 0


@dataclass(frozen=True)
class Goods:
    """``quantity`` pieces of one item; weight and sides are of one."""

    quantity: int
    weight_g: int
    sides: Sides | None = None


class By(StrEnum):
    """What a suggestion goes by: size and weight; weight, and the size of those pieces that have one; weight alone."""

    SIZE = "size"
    PART = "part"
    WEIGHT = "weight"


SAYS = {
    By.SIZE: gettext_noop("by size and weight"),
    By.PART: gettext_noop("by weight, and by the size of those pieces that were measured"),
    By.WEIGHT: gettext_noop("by weight alone: nobody has measured the pieces"),
}


@dataclass(frozen=True)
class Suggestion:
    """``box`` is empty where none holds it."""

    box: str
    by: By

    @property
    def says(self) -> str:
        return SAYS[self.by]


def suggest(goods: Iterable[Goods], boxes: Sequence[Box]) -> Suggestion:
    """The smallest box that holds all of it; of equal ones the lightest, then the first by code."""
    packed = [g for g in goods if g.quantity > 0]
    known = [g for g in packed if g.sides]
    by = By.SIZE if len(known) == len(packed) else By.PART if known else By.WEIGHT
    order = sorted(boxes, key=lambda box: (prod(box.sides), box.weight_g, box.code))
    return Suggestion(next((box.code for box in order if holds(box, packed)), ""), by)


def holds(box: Box, goods: Sequence[Goods]) -> bool:
    """By what is known: nothing is too heavy, too long, or more than the box has room for."""
    weight = box.weight_g + sum(g.quantity * g.weight_g for g in goods)
    if box.max_weight_g and weight > box.max_weight_g:
        return False
    inner = sorted(box.sides)
    measured = [(g.quantity, sorted(g.sides)) for g in goods if g.sides]
    if any(side > room for _, sides in measured for side, room in zip(sides, inner, strict=True)):
        return False
    return sum(n * prod(sides) for n, sides in measured) <= prod(inner)
