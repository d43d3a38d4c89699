"""The replay's buyer: what arrives each Monday, where, from nothing but the weeks that are over.

The rule, for each item, every number drawn by lot from (seed, item, week) and so the same in every run:

1. **First buy.** An item is first bought for the week in which it first sells: a case of 12 to 288 pieces,
   the cheaper the more. Nobody looks at what that week will sell, so some cases are too small.
2. **Every Monday after**, the buyer orders up to what has sold so far plus a cover: the mean of
   the last four weeks, three times in seven draws of ten, once in two; and in one the supplier sends nothing.
   What was missing last week arrives so with what this week will want.
3. **Not reordered.** One item of a hundred is bought once and never again.

Over the locations: an item lives in the first alone (one of four), in two, or in all of them, by the shares.
The parts add up to what was bought. Receipts come before the week's first order.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

FIRST_BUYS = ((2, (144, 288)), (6, (72, 144)), (15, (24, 48)), (10**9, (12, 24)))
NOT_REORDERED = 0.01
WEEKS_LOOKED_AT = 4


@dataclass(frozen=True, slots=True)
class Arrival:
    """``quantity`` pieces of ``sku`` come into ``location``; never zero."""

    location: str
    sku: str
    quantity: int


@dataclass
class Supply:
    """Holds what was bought and sold so far. Call :meth:`monday` once a week, weeks ascending.

    ``locations`` maps a location's code to its share; the first is the main one.
    """

    locations: Mapping[str, float]
    seed: int = 1
    bought: dict[str, int] = field(default_factory=dict)
    sold: dict[str, int] = field(default_factory=dict)
    recent: deque[Mapping[str, int]] = field(default_factory=lambda: deque(maxlen=WEEKS_LOOKED_AT))
    _last: date | None = None

    def monday(self, week: date, sold: Mapping[str, int], new: Mapping[str, float]) -> list[Arrival]:
        """What arrives on ``week``, a Monday.

        ``sold``: units ordered in the weeks since the last call, by SKU; ``new``: SKUs that sell this week,
        with a price in GBP (only those never bought before count). Raises ValueError for a day that is no
        Monday, or not after the last.
        """
        if week.weekday() or (self._last is not None and week <= self._last):
            raise ValueError(f"{week} is not a Monday after {self._last}")
        skipped = 0 if self._last is None else (week - self._last).days // 7 - 1
        self._last = week
        self.recent.append(dict(sold))
        for _ in range(skipped):
            self.recent.append({})
        for sku, units in sold.items():
            self.sold[sku] = self.sold.get(sku, 0) + units
        arrivals: list[Arrival] = []
        for sku in sorted(self.bought):
            arrivals += self._deliver(sku, self._reorder(sku, week))
        for sku in sorted(set(new) - set(self.bought)):
            self.bought[sku] = 0
            arrivals += self._deliver(sku, self._first_buy(sku, float(new[sku])))
        return arrivals

    def _lot(self, *words: object) -> random.Random:
        return random.Random(" ".join(map(str, ("supply", self.seed, *words))))  # noqa: S311

    def _first_buy(self, sku: str, price: float) -> int:
        sizes = next(sizes for below, sizes in FIRST_BUYS if price < below)
        return self._lot("first", sku).choice(sizes)

    def _reorder(self, sku: str, week: date) -> int:
        mean = sum(past.get(sku, 0) for past in self.recent) / len(self.recent)
        missing = self.sold.get(sku, 0) - self.bought[sku]
        if missing + 3 * mean <= 0 or self._lot("kept", sku).random() < NOT_REORDERED:
            return 0
        drawn = self._lot("week", sku, week).random()
        if drawn < 0.1:
            return 0
        cover = 1 if drawn < 0.3 else 3
        return max(0, round(missing + cover * mean))

    def _deliver(self, sku: str, quantity: int) -> Iterator[Arrival]:
        if quantity <= 0:
            return
        self.bought[sku] += quantity
        for location, part in zip(self.locations, spread(quantity, self._shares(sku)), strict=True):
            if part:
                yield Arrival(location, sku, part)

    def _shares(self, sku: str) -> list[float]:
        shares = list(self.locations.values())
        drawn = self._lot("home", sku)
        if len(shares) > 1 and (kind := drawn.random()) < 0.75:
            if kind < 0.35:
                shares[drawn.randrange(1, len(shares))] = 0.0
            return shares
        return [shares[0], *[0.0] * (len(shares) - 1)]


def spread(quantity: int, shares: Sequence[float]) -> list[int]:
    """``quantity`` in whole parts by ``shares``: largest remainder, the earlier wins a tie."""
    whole = sum(shares)
    exact = [quantity * share / whole for share in shares]
    parts = [int(value) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: quantity - sum(parts)]:
        parts[place] += 1
    return parts
