"""The rule that takes an offer has a name, and is the same whoever asks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fulfillment.rules.offers import Offer, choose, days_wanted, restored, stored


def offer(
    service: str, amount: str, days: int | None = None, currency: str = "GBP", account: int = 1
) -> Offer:
    return Offer(account, f"Account {account}", "Post", service, Decimal(amount), currency, days)


OFFERS = [
    offer("Slow", "2.95", 4),
    offer("Two", "3.50", 2),
    offer("Next", "5.20", 1),
    offer("Dear", "7.65", 1),
]


@pytest.mark.parametrize(
    ("method", "days"),
    [
        ("Next Day Delivery", 1), ("Express (UPS)", 1), ("Tracked 24", 1), ("Royal Mail Tracked48", 2),
        ("Tracked 48", 2), ("2-Day Air", 2), ("3 day", 3), ("Standard shipping", None), ("", None), ("240 Lane", None),
    ],
)  # fmt: skip
def test_what_the_customer_paid_for(method: str, days: int | None) -> None:
    assert days_wanted(method) == days


@pytest.mark.parametrize(
    ("asked", "service", "rule"),
    [
        ({}, "Slow", "cheapest"),
        ({"shipping_method": "2-day"}, "Two", "in_time"),
        ({"shipping_method": "Express"}, "Next", "in_time"),
        ({"service": "Dear"}, "Dear", "asked"),
        ({"service": "Dear", "by_hand": True}, "Dear", "chosen"),
    ],
)
def test_rules(asked: dict[str, object], service: str, rule: str) -> None:
    choice = choose(OFFERS, **asked)  # type: ignore[arg-type]
    assert choice and (choice.offer.service, choice.rule) == (service, rule)
    assert "of 4 offers" in choice.words


def test_none_in_time_is_the_fastest_and_none_that_fits_is_none() -> None:
    choice = choose(OFFERS[:2], shipping_method="Express")
    assert choice and (choice.offer.service, choice.rule) == ("Two", "fastest")
    assert choose(OFFERS, service="Nowhere") is None and choose([]) is None
    unknown = choose([offer("A", "3"), offer("B", "2")], shipping_method="Express")
    assert unknown and (unknown.offer.service, unknown.rule) == ("B", "cheapest")


def test_currencies_are_not_compared() -> None:
    choice = choose([offer("Euro", "1.00", currency="EUR"), *OFFERS])
    assert choice and choice.offer.service == "Slow"


def test_kept_and_read_again() -> None:
    assert restored(stored(OFFERS[0])) == OFFERS[0]
