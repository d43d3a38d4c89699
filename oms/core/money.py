"""Money: a Decimal with its currency. Mixed currencies raise; charged amounts are exact to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.core import UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, list_currencies

from oms.core.errors import OmsError

ZERO = Decimal(0)


class MixedCurrencies(OmsError):
    """Two amounts of different currencies met in one sum."""


class BadAmount(OmsError):
    """An amount that its currency cannot hold, such as 1.005 EUR or 1.5 JPY."""


@lru_cache
def precision(currency: str) -> int:
    """Digits after the point that a charged amount of ``currency`` may have (EUR 2, JPY 0, KWD 3)."""
    return int(get_currency_precision(currency))


@lru_cache
def known_currency(currency: str) -> bool:
    return currency in list_currencies()


@lru_cache
def quantum(currency: str) -> Decimal:
    """The smallest chargeable amount: ``Decimal('0.01')`` for EUR."""
    return Decimal(1).scaleb(-precision(currency))


def to_minor(amount: Decimal, currency: str) -> Decimal:
    """``amount`` rounded half up to the currency's minor unit."""
    return amount.quantize(quantum(currency), rounding=ROUND_HALF_UP)


def fits(amount: Decimal, currency: str) -> bool:
    """Is ``amount`` exact to the minor unit?"""
    return amount.is_finite() and amount == amount.quantize(quantum(currency))


@lru_cache(maxsize=8192)
def words(amount: Decimal, currency: str, locale: str = "en_GB") -> str:
    """The amount as a person reads it: ``£12.50``."""
    try:
        return str(format_currency(amount, currency, locale=locale))
    except (UnknownLocaleError, ValueError, ArithmeticError):  # a number too long to be written in full
        return f"{amount} {currency}"


@dataclass(frozen=True)
class Money:
    """An amount in one currency. ``+`` and ``-`` raise :class:`MixedCurrencies`; ``*`` takes ints and Decimals."""

    amount: Decimal
    currency: str

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} cannot be added")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: int | Decimal) -> Money:
        if isinstance(factor, float):
            raise TypeError("money is not multiplied by a float")
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return self.amount != 0

    def rounded(self) -> Money:
        return Money(to_minor(self.amount, self.currency), self.currency)

    def exact(self) -> Money:
        """Itself; raises :class:`BadAmount` unless exact to the minor unit."""
        if not fits(self.amount, self.currency):
            raise BadAmount(f"{self.amount} {self.currency} is not exact to {quantum(self.currency)}")
        return self

    def __str__(self) -> str:
        return words(self.amount, self.currency)
