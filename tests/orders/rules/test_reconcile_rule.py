from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.drafts import Amount, ChargeDraft, LineDraft, OrderDraft
from orders.rules.reconcile import reconcile

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def same(value):
    return Amount.same(Decimal(value))


def order(total, *lines, charges=(), currency="EUR", shop_currency="EUR"):
    return OrderDraft(
        source="shop", external_id="1", number="1", placed_at=NOON, updated_at=NOON, currency=currency,
        shop_currency=shop_currency, total=total, lines=lines, charges=charges,
    )  # fmt: skip


def item(net, tax="0"):
    return LineDraft("1", "Mug", 1, same(net), same(tax))


def test_what_adds_up_has_no_findings():
    charges = (
        ChargeDraft("shipping", "Post", same("5"), same("0.95")),
        ChargeDraft("rounding", "", same("-0.01")),
    )
    got = reconcile(order(same("17.84"), item("10", "1.90"), charges=charges))
    assert (got.customer, got.shop, got.findings) == (0, 0, ())


@pytest.mark.parametrize(
    ("total", "words"),
    [
        ("12.00", "The total is €0.10 more than its parts"),
        ("11.89", "The total is €0.01 less than its parts"),
    ],
)
def test_a_difference_is_a_hold_with_its_amount(total, words):
    got = reconcile(order(same(total), item("10", "1.90")))
    assert [(f.hold, f.reason.code, f.reason.words, f.line) for f in got.findings] == [
        ("total_mismatch", "total_mismatch", words, None)
    ]


def test_each_currency_is_checked():
    line = LineDraft("1", "Mug", 1, Amount(Decimal("10"), Decimal("8")))
    got = reconcile(order(Amount(Decimal("10"), Decimal("8.50")), line, currency="USD"))
    assert (got.customer, got.shop) == (0, Decimal("0.50"))
    assert len(got.findings) == 1
    assert "€0.50 more" in got.findings[0].reason.words


@pytest.mark.parametrize(
    ("amount", "currency", "fine"),
    [
        ("10.005", "EUR", False),
        ("10.50", "EUR", True),
        ("10.500", "EUR", True),
        ("520.00", "JPY", True),
        ("520.50", "JPY", False),
        ("1.234", "KWD", True),
        ("1.2345", "KWD", False),
    ],
)
def test_amounts_must_fit_their_currency(amount, currency, fine):
    got = reconcile(order(same(amount), item(amount), currency=currency, shop_currency=currency))
    assert [f.reason.code for f in got.findings] == ([] if fine else ["amount_not_chargeable"])


def test_an_unknown_currency_is_a_hold():
    got = reconcile(order(same("1"), item("1"), currency="ZZZ"))
    assert [f.reason.code for f in got.findings] == ["currency_unknown"]


@given(
    st.decimals(allow_nan=True, allow_infinity=True),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.sampled_from(["EUR", "JPY", "", "nonsense"]),
)
def test_odd_amounts_never_raise(total, net, currency):
    got = reconcile(
        order(Amount(total, net), item("1"), LineDraft("2", "x", 1, Amount(net, total)), currency=currency)
    )
    if not (total.is_finite() and net.is_finite()):
        assert "amount_unreadable" in {f.reason.code for f in got.findings}


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5)), min_size=1, max_size=5),
    st.integers(-99, 99),
)
def test_the_difference_is_exact(cents, off):
    lines = [item(Decimal(n) / 100, Decimal(t) / 100) for n, t in cents]
    total = Decimal(sum(n + t for n, t in cents) + off) / 100
    got = reconcile(order(same(total), *lines))
    assert got.customer == got.shop == Decimal(off) / 100
    assert bool(got.findings) == bool(off)
    moved = reconcile(replace(order(same(total), *lines), lines=tuple(reversed(lines))))
    assert moved.customer == got.customer
