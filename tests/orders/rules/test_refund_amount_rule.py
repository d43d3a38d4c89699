from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.core.money import MixedCurrencies, Money, fits
from orders.rules.refund_amount import (
    LineAsk,
    PaidCharge,
    PaidLine,
    PaidOrder,
    RefundAsk,
    refund_amount,
    shop_side,
)

D = Decimal
MUGS = PaidLine("L1", "Mug", 3, D("10.00"), D("1.90"))
CUP = PaidLine("L2", "Cup", 1, D("5.00"), D("0.95"))
ORDER = PaidOrder("EUR", (MUGS, CUP), D("23.80"), D("5.00"), D("0.95"))


def eur(amount):
    return Money(D(amount), "EUR")


def codes(quote):
    return [r.code for r in quote.refusals]


def test_one_unit_is_what_was_paid_for_it():
    quote = refund_amount(ORDER, RefundAsk((LineAsk("L1", 1),)))
    assert [(x.net, x.tax) for x in quote.lines] == [(D("3.33"), D("0.63"))]
    assert (quote.total, quote.refusals) == (D("3.96"), ())


def test_shipping_goodwill_and_fee():
    ask = RefundAsk((LineAsk("L2", 1),), shipping=eur("2.00"), goodwill=eur("1.00"), fee=eur("3.00"))
    quote = refund_amount(ORDER, ask)
    assert (quote.shipping_net, quote.shipping_tax) == (D("1.68"), D("0.32"))
    assert quote.total == D("5.95") + D("2.00") + D("1.00") - D("3.00")
    assert quote.refusals == ()


def test_the_whole_order():
    quote = refund_amount(ORDER, RefundAsk(whole=True))
    assert [(x.key, x.quantity, x.gross) for x in quote.lines] == [
        ("L1", 3, D("11.90")),
        ("L2", 1, D("5.95")),
    ]
    assert (quote.total, quote.deduction, quote.refusals) == (D("23.80"), 0, ())


WRAPPED = replace(ORDER, refundable=D("27.37"), charges_net=D("3.00"), charges_tax=D("0.57"))


def test_the_whole_order_has_its_fees_in_it_unless_an_amount_of_them_is_named():
    quote = refund_amount(WRAPPED, RefundAsk(whole=True))
    assert (quote.charges_net, quote.charges_tax, quote.total) == (D("3.00"), D("0.57"), D("27.37"))
    kept = refund_amount(WRAPPED, RefundAsk(whole=True, charges=eur("0")))
    assert (kept.charges_net + kept.charges_tax, kept.total, kept.deduction) == (0, D("23.80"), 0)
    left = replace(WRAPPED, charges_refunded_net=D("3.00"), charges_refunded_tax=D("0.57"))
    assert codes(refund_amount(left, RefundAsk(charges=eur("0.01")))) == ["more_than_charges"]


def test_the_whole_order_less_what_was_given_without_a_line():
    quote = refund_amount(replace(ORDER, refundable=D("18.80")), RefundAsk(whole=True))
    assert (quote.total, quote.deduction, quote.refusals) == (D("18.80"), D("5.00"), ())


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (RefundAsk(), ["nothing_to_refund"]),
        (RefundAsk((LineAsk("L1", 4),)), ["too_many_units"]),
        (RefundAsk((LineAsk("L1", -1),)), ["too_many_units"]),
        (RefundAsk((LineAsk("L1", 0, eur("11.91")),)), ["more_than_line"]),
        (RefundAsk((LineAsk("L1", 0, eur("1.005")),)), ["not_chargeable"]),
        (RefundAsk((LineAsk("L1", 0, eur("NaN")),)), ["not_chargeable"]),
        (RefundAsk((LineAsk("L1", 0, eur("1E+40")),)), ["not_chargeable"]),
        (RefundAsk((LineAsk("L1", 0, eur("-1")),)), ["negative"]),
        (RefundAsk((LineAsk("L9", 1),)), ["unknown_line"]),
        (RefundAsk((LineAsk("L1", 1), LineAsk("L1", 1))), ["line_twice"]),
        (RefundAsk(shipping=eur("5.96")), ["more_than_shipping"]),
        (RefundAsk(charges=eur("0.01")), ["more_than_charges"]),
        (RefundAsk(goodwill=eur("23.81")), ["more_than_paid"]),
        (RefundAsk((LineAsk("L2", 1),), fee=eur("5.96")), ["fee_too_high"]),
        (RefundAsk((LineAsk("L2", 1),), fee=eur("5.95")), ["nothing_to_refund"]),
    ],
)
def test_refusals(ask, expected):
    assert codes(refund_amount(ORDER, ask)) == expected


LEVIED = replace(
    WRAPPED,
    named_charges=(
        PaidCharge("D1", "Duties: Mug", D("2.00"), D("0.38")),
        PaidCharge("D2", "Duties: Cup", D("0.40"), D("0.08")),
    ),
)


def named(quote):
    return [(x.key, x.net, x.tax) for x in quote.named_charges]


def test_a_fee_is_given_back_by_name_and_an_amount_of_the_others_on_top():
    quote = refund_amount(LEVIED, RefundAsk(named_charges=["D1"]))
    assert (named(quote), quote.total) == ([("D1", D("2.00"), D("0.38"))], D("2.38"))
    assert (quote.charges_net, quote.charges_tax, quote.refusals) == (D("2.00"), D("0.38"), ())
    more = refund_amount(LEVIED, RefundAsk(named_charges=["D1"], charges=eur("0.48")))
    assert (named(more), more.total) == (named(quote), D("2.86"))
    assert codes(refund_amount(LEVIED, RefundAsk(named_charges=["D1"], charges=eur("1.20")))) == [
        "more_than_charges"
    ]


def test_everything_that_is_left_names_each_fee_that_it_can():
    quote = refund_amount(LEVIED, RefundAsk(whole=True))
    assert [key for key, _, _ in named(quote)] == ["D1", "D2"]
    assert (quote.charges_net, quote.charges_tax, quote.total) == (D("3.00"), D("0.57"), D("27.37"))
    assert named(refund_amount(LEVIED, RefundAsk(whole=True, charges=eur("0")))) == []
    # An amount of the fees went back before: what is left holds the second, but not the first.
    spent = replace(LEVIED, charges_refunded_net=D("2.00"), charges_refunded_tax=D("0.38"))
    rest = refund_amount(spent, RefundAsk(whole=True))
    assert ([key for key, _, _ in named(rest)], rest.charges_net + rest.charges_tax) == (["D2"], D("1.19"))
    assert codes(refund_amount(spent, RefundAsk(named_charges=["D1"]))) == ["more_than_charges"]


def test_a_fee_is_given_back_by_name_once():
    first, second = LEVIED.named_charges
    back = replace(
        LEVIED, charges_refunded_net=first.net, charges_refunded_tax=first.tax,
        named_charges=(replace(first, refunded_net=first.net, refunded_tax=first.tax), second),
    )  # fmt: skip
    assert codes(refund_amount(back, RefundAsk(named_charges=["D1"]))) == ["charge_gone"]
    assert [key for key, _, _ in named(refund_amount(back, RefundAsk(whole=True)))] == ["D2"]
    assert codes(refund_amount(LEVIED, RefundAsk(named_charges=["D2", "D2"]))) == ["charge_twice"]
    assert codes(refund_amount(LEVIED, RefundAsk(named_charges=["D9"]))) == ["unknown_charge"]
    part = replace(
        LEVIED, charges_refunded_net=D("0.50"),
        named_charges=(replace(first, refunded_net=D("0.50")), second),
    )  # fmt: skip
    assert named(refund_amount(part, RefundAsk(named_charges=["D1"]))) == [("D1", D("1.50"), D("0.38"))]


@pytest.mark.parametrize("part", ["shipping", "charges", "goodwill", "fee"])
def test_another_currency_raises(part):
    with pytest.raises(MixedCurrencies):
        refund_amount(ORDER, RefundAsk((LineAsk("L1", 1),), **{part: Money(D(1), "USD")}))
    with pytest.raises(MixedCurrencies):
        refund_amount(ORDER, RefundAsk((LineAsk("L1", 1, Money(D(1), "USD")),)))


def test_nothing_was_captured():
    quote = refund_amount(replace(ORDER, refundable=D(0)), RefundAsk((LineAsk("L1", 1),)))
    assert codes(quote) == ["more_than_paid"]


def after(line, refund):
    return replace(
        line,
        refunded_quantity=line.refunded_quantity + refund.quantity,
        refunded_net=line.refunded_net + refund.net,
        refunded_tax=line.refunded_tax + refund.tax,
    )


def minor(currency):
    scale = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    return st.integers(0, 10**6).map(lambda n: D(n).scaleb(-scale))


@st.composite
def line_and_pieces(draw):
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    pieces = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    line = PaidLine("L", "Thing", sum(pieces), draw(minor(currency)), draw(minor(currency)))
    return currency, line, pieces


@given(line_and_pieces())
def test_pieces_sum_to_the_whole_and_equal_units_cost_the_same_to_a_cent(drawn):
    currency, line, pieces = drawn
    paid = line
    unit = paid.net / paid.quantity
    for quantity in pieces:
        order = PaidOrder(currency, (line,), line.left_net + line.left_tax)
        quote = refund_amount(order, RefundAsk((LineAsk("L", quantity),)))
        refund = quote.lines[0]
        assert fits(refund.net, currency)
        assert refund.net >= 0
        assert refund.tax >= 0
        assert abs(refund.net - unit * quantity) <= D(1).scaleb(-{"EUR": 2, "JPY": 0, "KWD": 3}[currency])
        assert codes(quote) == ([] if quote.total else ["nothing_to_refund"])
        line = after(line, refund)
    assert (line.left_net, line.left_tax, line.left_quantity) == (0, 0, 0)


@given(line_and_pieces(), st.data())
def test_amounts_apart_from_units_never_give_back_more_than_was_paid(drawn, data):
    """An amount first, then the units one piece at a time: still exactly what was paid."""
    currency, line, pieces = drawn
    scale = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    paid = line.net + line.tax
    amount = D(data.draw(st.integers(0, int(paid.scaleb(scale))))).scaleb(-scale)
    given_back = D(0)
    asks = [LineAsk("L", 0, Money(amount, currency)), *(LineAsk("L", q) for q in pieces)]
    for ask in asks:
        refund = refund_amount(PaidOrder(currency, (line,), paid - given_back), RefundAsk((ask,))).lines[0]
        given_back += refund.gross
        line = after(line, refund)
        assert line.left_net >= 0
        assert line.left_tax >= 0
    assert given_back == paid


@given(line_and_pieces(), st.data())
def test_the_rest_after_any_pieces_of_shipping_and_fees_is_all_that_was_paid(drawn, data):
    """Amounts of shipping and of fees first, in any sizes; then the whole that is left: to the cent what was paid,
    net and tax each."""
    currency, line, _ = drawn
    scale = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    paid = {
        name: data.draw(minor(currency))
        for name in ("shipping_net", "shipping_tax", "charges_net", "charges_tax")
    }
    captured = sum(paid.values(), line.net + line.tax)
    order, given_back = PaidOrder(currency, (line,), captured, **paid), D(0)
    for name in data.draw(st.lists(st.sampled_from(["shipping", "charges"]), max_size=5)):
        left = sum(
            getattr(order, f"{name}_{x}") - getattr(order, f"{name}_refunded_{x}") for x in ("net", "tax")
        )
        some = D(data.draw(st.integers(0, int(left.scaleb(scale))))).scaleb(-scale)
        quote = refund_amount(order, RefundAsk(**{name: Money(some, currency)}))
        assert (quote.total, codes(quote)) == (some, [] if some else ["nothing_to_refund"])
        given_back += quote.total
        order = replace(order, refundable=captured - given_back, **{
            f"{name}_refunded_{x}": getattr(order, f"{name}_refunded_{x}") + getattr(quote, f"{name}_{x}")
            for x in ("net", "tax")
        })  # fmt: skip
    rest = refund_amount(order, RefundAsk(whole=True))
    assert (given_back + rest.total, rest.deduction) == (captured, 0)
    for name, whole in paid.items():
        part, _, x = name.partition("_")
        assert getattr(order, f"{part}_refunded_{x}") + getattr(rest, name) == whole


@given(minor("EUR"), minor("EUR"), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_the_shop_side_sums_to_what_was_booked(captured, captured_shop, weights):
    already, booked = D(0), D(0)
    for i, weight in enumerate(weights):
        last = i == len(weights) - 1
        part = captured - already if last else (captured * weight / 400).quantize(D("0.01"))
        booked += shop_side(part, already, captured, captured_shop, "EUR")
        already += part
    assert booked == (captured_shop if captured else 0)
