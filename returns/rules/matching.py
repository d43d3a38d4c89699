"""Which lines of an order goods that came without papers can be of."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from oms.core.errors import Reason
from oms.core.words import gettext_noop, told


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
            more = gettext_noop(
                "%(title)s: %(came)s came, but of %(order)s only %(able)s can still come back."
            )
            none = gettext_noop("%(title)s is not in %(order)s.")
            why = told(
                more if lines else none, title=goods.title, came=goods.quantity, order=order, able=able
            )
            refusals.append(Reason("more_than_sent" if lines else "not_in_order", why))
            continue
        whole = next((key for key in lines if left[key] >= goods.quantity), None)
        if whole is None and goods.looked_at:
            several = gettext_noop(
                "%(title)s: it belongs to several lines of %(order)s, and somebody has looked at it already."
            )
            refusals.append(Reason("several_lines", told(several, title=goods.title, order=order)))
            continue
        rest = goods.quantity
        for key in lines if whole is None else [whole]:
            take = min(rest, left[key])
            if take:
                parts.append(Part(goods.key, key, take))
                left[key] -= take
                rest -= take
    return Matched(() if refusals else tuple(parts), tuple(refusals))
