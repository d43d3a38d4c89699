"""Fees that the customer paid go back with the whole, and the shop is told what it can be told of them."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import Any

import pytest

from channels import tasks
from channels.actions.connect import adapter_of
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from oms.core.actors import SYSTEM
from oms.core.money import Money
from oms.core.relay import relay
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.models import Order, Refund
from orders.rules.refund_amount import RefundAsk
from tests.channels.shops import Shop

pytestmark = pytest.mark.django_db(transaction=True)
PRICE = {"woocommerce": "total", "shopify": "price"}


def wrapped(shop: Shop) -> Order:
    fees = [
        {"name": name, PRICE[shop.kind]: price} for name, price in (("Gift wrap", "3.50"), ("Duties", "1.25"))
    ]
    order = shop.buy("A", fees=fees)
    assert sorted(c.net for c in order.charges.filter(kind="fee")) == [Decimal("1.25"), Decimal("3.50")]
    assert order.payment_status == "paid"
    return order


def settled(order: Order) -> Order:
    for _ in range(2):
        relay()
        tasks.effects()
    order.refresh_from_db()
    assert {r.state for r in order.refunds.all()} == {"succeeded"}
    return order


def fees_told(shop: Shop, order: Order) -> list[list[tuple[str, str, str]]]:
    """By refund, the fee lines on which WooCommerce booked it: name, net and tax."""
    rows: list[dict[str, Any]] = list(adapter_of(shop.account).every(f"orders/{order.external_id}/refunds"))
    return [[(x["name"], x["total"], x["total_tax"]) for x in row["fee_lines"]] for row in reversed(rows)]


def test_cancel_and_pay_back_leaves_nothing_of_the_fees(shop: Shop) -> None:
    order = wrapped(shop)
    (order,), (refund,) = cancel_with_refund(
        [Cancelling(order.pk, "changed her mind")], key="k", limit=None, by=SYSTEM
    )
    assert refund.amount == order.total
    order = settled(order)
    assert (order.state, order.payment_status) == ("cancelled", "refunded")
    if shop.kind == "woocommerce":
        tax = {c.title: -c.tax for c in order.charges.filter(kind="fee")}
        assert [(name, Decimal(net), Decimal(t)) for (name, net, t) in fees_told(shop, order)[0]] == [
            ("Gift wrap", Decimal("-3.50"), tax["Gift wrap"]),
            ("Duties", Decimal("-1.25"), tax["Duties"]),
        ]
    else:
        (told,) = (
            adapter_of(shop.account)
            .read(adapter_of(shop.account).fetch_order(order.external_id).body)
            .refunds
        )
        assert told.total.customer == order.total


def test_a_part_of_the_fees_first_and_the_rest_with_the_whole(shop: Shop) -> None:
    order = wrapped(shop)
    fees = sum((c.net + c.tax for c in order.charges.filter(kind="fee")), Decimal(0))
    part = Refunding(order.pk, RefundAsk(charges=Money(Decimal("4.00"), "GBP")), "the wrap was torn")
    approve_refund(part, by=SYSTEM)
    assert settled(order).payment_status == "partly_refunded"
    rest = approve_refund(Refunding(order.pk, RefundAsk(whole=True), "all of it"), by=SYSTEM)
    assert rest.amount == order.total - 4
    assert sum((p.net + p.tax for p in rest.lines.filter(kind="charge")), Decimal(0)) == fees - 4
    assert settled(order).payment_status == "refunded"
    if shop.kind == "woocommerce":
        back: dict[str, Decimal] = {}
        for name, net, tax in chain.from_iterable(fees_told(shop, order)):
            back[name] = back.get(name, Decimal(0)) - Decimal(net) - Decimal(tax)
        assert back == {c.title: c.net + c.tax for c in order.charges.filter(kind="fee")}, "no line twice"


def test_one_of_the_fees_is_given_back_by_name(shop: Shop) -> None:
    order = wrapped(shop)
    duties = order.charges.get(title="Duties")
    ask = RefundAsk(named_charges=[duties.external_id], charges=Money(Decimal("0.50"), "GBP"))
    refund = approve_refund(Refunding(order.pk, ask, "never due"), by=SYSTEM)
    assert refund.amount == duties.net + duties.tax + Decimal("0.50")
    assert settled(order).payment_status == "partly_refunded"
    if shop.kind == "woocommerce":
        told = {name: -Decimal(net) - Decimal(tax) for name, net, tax in fees_told(shop, order)[0]}
        assert told == {"Duties": duties.net + duties.tax, "Gift wrap": Decimal("0.50")}


def test_fees_can_be_kept(shop: Shop) -> None:
    order = wrapped(shop)
    kept = RefundAsk(whole=True, charges=Money(Decimal(0), "GBP"))
    approve_refund(Refunding(order.pk, kept, "the wrap was used"), by=SYSTEM)
    assert not Refund.objects.get().lines.filter(kind="charge").exists()
    assert settled(order).payment_status == "partly_refunded"
    if shop.kind == "woocommerce":
        assert fees_told(shop, order) == [[]]
