"""Which places are not tried again for pieces that were missing or sent back, beyond the place itself: those of the
types that the reason given passes over, as a shop that never sends what another shop found broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Miss:
    """Pieces of an item that a place did not send; ``words`` is why, ``skips`` the types of place that are passed
    over therefore."""

    item_id: int
    words: str
    skips: frozenset[str] = frozenset()


def passed_over(misses: Iterable[Miss]) -> dict[int, dict[str, str]]:
    """By item, the types of place that are not tried for it, each with the reason; the latest miss has the word."""
    found: dict[int, dict[str, str]] = {}
    for miss in misses:
        for kind in miss.skips:
            found.setdefault(miss.item_id, {})[kind] = miss.words
    return found


def told(passed: Mapping[int, Mapping[str, str]], items: Iterable[int]) -> tuple[str, ...]:
    """What the decision says of it: a sentence for each type and reason; ``items`` are those that are decided upon."""
    pairs = {(kind, words): None for item in items for kind, words in sorted(passed.get(item, {}).items())}
    return tuple(
        f"Places of the type “{kind.replace('_', ' ')}” are passed over, since pieces were missing or sent back: {words}"
        for kind, words in pairs
    )


def wholly(passed: Mapping[int, Mapping[str, str]], kind: str, items: Iterable[int]) -> bool:
    """Is a place of this type passed over for each of these items?"""
    return all(kind in passed.get(item, {}) for item in items)
