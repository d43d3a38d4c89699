"""Money as Shopify keeps it: every amount twice, in the customer's currency and in the shop's.

In a document a pair is ``["12.00", "10.00"]``: presentment first, shop second.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

NO_DECIMALS = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})
THREE_DECIMALS = frozenset({"BHD", "KWD"})


def unit(currency: str) -> Decimal:
    """The smallest coin of a currency."""
    if currency in NO_DECIMALS:
        return Decimal(1)
    return Decimal("0.001") if currency in THREE_DECIMALS else Decimal("0.01")


def rounded(value: Decimal, currency: str) -> Decimal:
    return value.quantize(unit(currency), ROUND_HALF_UP)


class Pair(NamedTuple):
    """The same money in presentment (``p``) and in shop (``s``) currency."""

    p: Decimal
    s: Decimal

    def __add__(self, other: Pair) -> Pair:  # type: ignore[override]
        return Pair(self.p + other.p, self.s + other.s)

    def __sub__(self, other: Pair) -> Pair:
        return Pair(self.p - other.p, self.s - other.s)

    def __neg__(self) -> Pair:
        return Pair(-self.p, -self.s)

    def __bool__(self) -> bool:
        return bool(self.p or self.s)

    def times(self, number: int) -> Pair:
        return Pair(self.p * number, self.s * number)

    def doc(self) -> list[str]:
        return [str(self.p), str(self.s)]

    @classmethod
    def read(cls, doc: Any) -> Pair:
        return ZERO if doc is None else cls(Decimal(doc[0]), Decimal(doc[1]))


ZERO = Pair(Decimal(0), Decimal(0))


class Purse(NamedTuple):
    """The two currencies of one order and the rate between them (presentment units for one shop unit)."""

    presentment: str
    shop: str
    rate: Decimal

    @classmethod
    def of(cls, order: dict[str, Any]) -> Purse:
        return cls(order["presentment"], order["currency"], Decimal(order["rate"]))

    def pair(self, presentment: Decimal) -> Pair:
        """Raw presentment money, rounded to both coins."""
        p = rounded(presentment, self.presentment)
        return Pair(p, p if self.shop == self.presentment else rounded(p / self.rate, self.shop))

    def share(self, whole: Pair, part: int, of: int) -> Pair:
        """``part`` units' worth of a line of ``of`` units. All units together are exactly the whole."""
        if part >= of:
            return whole
        return Pair(
            rounded(whole.p * part / of, self.presentment) if part else Decimal(0),
            rounded(whole.s * part / of, self.shop) if part else Decimal(0),
        )

    def bag(self, amount: Pair) -> dict[str, Any]:
        """A ``MoneyBag``."""
        return {
            "presentmentMoney": {"amount": decimal(amount.p), "currencyCode": self.presentment},
            "shopMoney": {"amount": decimal(amount.s), "currencyCode": self.shop},
        }

    def rest_set(self, amount: Pair) -> dict[str, Any]:
        """A ``…_set`` of a webhook body."""
        return {
            "shop_money": {"amount": fixed(amount.s, self.shop), "currency_code": self.shop},
            "presentment_money": {
                "amount": fixed(amount.p, self.presentment),
                "currency_code": self.presentment,
            },
        }


def decimal(value: Decimal) -> str:
    """As GraphQL writes a Decimal: no needless zeros, but one place at least (``"10.0"``)."""
    text = f"{value.normalize():f}"
    return text if "." in text else f"{text}.0"


def fixed(value: Decimal, currency: str) -> str:
    """As ``Money`` and the webhooks write it: the currency's own places (``"10.00"``)."""
    return f"{rounded(value, currency):f}"
