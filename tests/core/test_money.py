"""Money: exact, in one currency, or an error."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.core.money import BadAmount, MixedCurrencies, Money, fits, precision, to_minor, words

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4)
currencies = st.sampled_from(["EUR", "GBP", "JPY", "KWD"])


def test_each_currency_has_its_own_smallest_coin() -> None:
    assert [precision(c) for c in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    assert (
        not fits(Decimal("1.5"), "JPY")
        and fits(Decimal("1.005"), "KWD")
        and not fits(Decimal("1.005"), "EUR")
    )


def test_currencies_do_not_mix() -> None:
    for deed in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b):
        with pytest.raises(MixedCurrencies):
            deed(Money(Decimal(1), "EUR"), Money(Decimal(1), "USD"))


def test_no_float_ever() -> None:
    with pytest.raises(TypeError):
        Money(Decimal(1), "EUR") * 1.1  # type: ignore[operator]


def test_an_inexact_charge_is_refused() -> None:
    with pytest.raises(BadAmount):
        Money(Decimal("34.116425"), "EUR").exact()


def test_words_are_a_persons() -> None:
    assert words(Decimal("1234.5"), "GBP") == "£1,234.50"


@given(amounts, currencies)
def test_rounding_gives_what_fits_and_moves_less_than_a_coin(amount: Decimal, currency: str) -> None:
    rounded = to_minor(amount, currency)
    assert fits(rounded, currency)
    assert abs(rounded - amount) <= Decimal(1).scaleb(-precision(currency)) / 2


@given(amounts, amounts, currencies)
def test_adding_and_taking_away_is_nothing(a: Decimal, b: Decimal, currency: str) -> None:
    assert (Money(a, currency) + Money(b, currency)) - Money(b, currency) == Money(a, currency)


@pytest.mark.parametrize("amount", ["1e40", "1E+1000", "NaN", "Infinity"])
def test_even_an_absurd_amount_can_be_told(amount: str) -> None:
    assert words(Decimal(amount), "EUR")
