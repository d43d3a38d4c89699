"""Which lines of an order goods that came without papers can be of."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from oms.core.errors import Reason


@dataclass(frozen=True)
class Came:
    """``quantity`` units of ``item`` lie at the dock; ``looked_at`` of them have a disposition already."""

    key: Hashable
    item: int
    title: str
    quantity: int
    looked_at: int = 0


@dataclass(frozen=True)
class Sold:
    """An order line of ``item`` of which ``left`` units may still come back: shipped, less those that came
    back, are on their way back, or are kept with our consent."""

    key: Hashable
    item: int
    left: int


@dataclass(frozen=True)
class Part:
    """``quantity`` of what came are of this order line."""

    came: Hashable
    sold: Hashable
    quantity: int


@dataclass(frozen=True)
class Matched:
    parts: tuple[Part, ...] = ()
    refusals: tuple[Reason, ...] = ()


def match(came: Sequence[Came], sold: Sequence[Sold], order: str) -> Matched:
    """Give what came to the order's lines of the same item, the first line that can take it all, else several.
    ``order`` is its number, for the words. Nothing is matched in part: what does not fit refuses the whole."""
    left = {line.key: line.left for line in sold}
    parts: list[Part] = []
    refusals: list[Reason] = []
    for goods in came:
        lines = [line.key for line in sold if line.item == goods.item]
        able = sum(left[key] for key in lines)
        if able < goods.quantity:
            told = (
                f"{goods.title}: {goods.quantity} came, but of {order} only {able} can still come back."
                if lines
                else f"{goods.title} is not in {order}."
            )
            refusals.append(Reason("more_than_sent" if lines else "not_in_order", told))
            continue
        whole = next((key for key in lines if left[key] >= goods.quantity), None)
        if whole is None and goods.looked_at:
            told = f"{goods.title}: it belongs to several lines of {order}, and somebody has looked at it already."
            refusals.append(Reason("several_lines", told))
            continue
        rest = goods.quantity
        for key in lines if whole is None else [whole]:
            take = min(rest, left[key])
            if take:
                parts.append(Part(goods.key, key, take))
                left[key] -= take
                rest -= take
    return Matched(() if refusals else tuple(parts), tuple(refusals))
