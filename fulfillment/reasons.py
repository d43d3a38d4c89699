"""The shop's own reasons why pieces are not sent, read as the values that the rules take."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment.models import ShelfReason
from fulfillment.rules.short_pick import ShortReason, Stock


def value_of(row: ShelfReason) -> ShortReason:
    return ShortReason(
        code=row.code, words=row.words, stock=Stock(row.stock), counts=row.counts, skips=frozenset(row.skips),
        picks=row.picks, rejects=row.rejects,
    )  # fmt: skip


def all_reasons() -> Mapping[str, ShortReason]:
    """By code, those out of use too: what was said once keeps its words."""
    return {row.code: value_of(row) for row in ShelfReason.objects.order_by("rank", "code")}


def for_picks() -> Mapping[str, ShortReason]:
    """What a picker may say, in the order in which it is offered."""
    return {
        r.code: value_of(r)
        for r in ShelfReason.objects.filter(active=True, picks=True).order_by("rank", "code")
    }


def for_rejections() -> Mapping[str, ShortReason]:
    """What a location may say that sends work back."""
    return {
        r.code: value_of(r)
        for r in ShelfReason.objects.filter(active=True, rejects=True).order_by("rank", "code")
    }
