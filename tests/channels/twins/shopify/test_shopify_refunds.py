"""Refunds: money by the cent, and the shelf only when told so."""

from __future__ import annotations

from decimal import Decimal

import pytest
from shopify_client import of_part, of_whole


def lines(order, *pairs):
    return [
        {"lineItemId": order["lines"][place]["id"], "quantity": units, "restockType": kind}
        for place, units, kind in pairs
    ]


def first_message(answer) -> str:
    assert answer["refund"] is None
    return answer["userErrors"][0]["message"]


def test_cancel_takes_units_off_and_puts_them_for_sale(shop, placed):
    answer = shop.refund(
        orderId=placed["id"],
        note="changed her mind",
        refundLineItems=lines(placed, (0, 1, "CANCEL")),
        transactions=shop.payback(placed["id"], "12.00"),
    )
    assert answer["userErrors"] == []
    row = answer["refund"]["refundLineItems"]["nodes"][0]
    assert (row["restockType"], row["restocked"], row["lineItem"]["currentQuantity"]) == ("CANCEL", True, 1)
    assert Decimal(row["subtotalSet"]["shopMoney"]["amount"]) == Decimal("12")
    assert Decimal(row["totalTaxSet"]["shopMoney"]["amount"]) == Decimal("2")
    assert answer["refund"]["orderAdjustments"]["nodes"] == []
    assert answer["order"]["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert shop.stock("MUG") == (9, 1)
    assert shop.order(placed["id"])["lines"][0]["unfulfilled"] == 1


def test_return_puts_shipped_units_on_the_shelf(shop, placed):
    wanted = {
        "orderId": placed["id"],
        "refundLineItems": lines(placed, (0, 2, "RETURN")),
        "transactions": shop.payback(placed["id"], "24.00"),
    }
    assert "items that were fulfilled" in first_message(shop.refund(**wanted))
    shop.fulfil(of_whole(shop.jobs(placed["id"])[0]))
    assert shop.stock("MUG") == (8, 0)
    assert shop.refund(**wanted)["userErrors"] == []
    assert shop.stock("MUG") == (10, 0)


def test_a_unit_goes_back_on_the_shelf_once(shop):
    order = shop.shopper("place", lines=[{"sku": "MUG", "quantity": 4}])
    shop.fulfil(of_part(shop.jobs(order["id"])[0], 2))
    back = {"orderId": order["id"], "refundLineItems": lines(order, (0, 2, "RETURN"))}
    assert shop.refund(**back)["userErrors"] == []
    assert "items that were fulfilled" in first_message(shop.refund(**back))
    twice = lines(order, (0, 1, "CANCEL"), (0, 2, "CANCEL"))
    assert shop.refund(orderId=order["id"], refundLineItems=twice)["userErrors"]
    assert shop.stock("MUG") == (8, 2)


def test_no_restock_leaves_shelf_and_fulfilment_alone(shop, placed):
    before = shop.stock("MUG")
    shop.refund(
        orderId=placed["id"],
        refundLineItems=lines(placed, (0, 1, "NO_RESTOCK")),
        transactions=shop.payback(placed["id"], "12.00"),
    )
    assert shop.stock("MUG") == before
    line = shop.order(placed["id"])["lines"][0]
    assert (line["current_quantity"], line["unfulfilled"]) == (1, 2)
    shop.fulfil(of_whole(shop.jobs(placed["id"])[0]))
    shop.refund(
        orderId=placed["id"],
        refundLineItems=lines(placed, (0, 1, "NO_RESTOCK")),
        transactions=shop.payback(placed["id"], "12.00"),
    )
    assert shop.stock("MUG") == (8, 0)


def test_the_same_key_refunds_once(shop, placed):
    given = {
        "orderId": placed["id"],
        "refundLineItems": lines(placed, (0, 1, "NO_RESTOCK")),
        "transactions": shop.payback(placed["id"], "12.00"),
    }
    first = shop.refund(key="r1", **given)
    again = shop.refund(key="r1", **given)
    assert again["refund"]["id"] == first["refund"]["id"]
    assert shop.order(placed["id"])["refunded"]["shop"] == "12.00"
    mismatch = shop.refund(key="r1", **given | {"note": "another"})
    assert "different operation parameters" in first_message(mismatch)
    assert len(shop.order(placed["id"])["refunds"]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": "999.00"}, "greater than the amount that can be refunded"),
        ({"amount": "0"}, "greater than zero"),
        ({"kind": "SALE"}, "kind must be refund"),
        ({"parentId": None}, "parent_id"),
        ({"parentId": "gid://shopify/OrderTransaction/1"}, "parent_id"),
        ({"gateway": "paypal"}, "gateway"),
        ({"orderId": "gid://shopify/Order/1"}, "another order"),
    ],
)
def test_payments_that_do_not_fit_are_refused(shop, placed, change, words):
    before = shop.records()
    payment = shop.payback(placed["id"], "12.00")[0] | change
    assert words in first_message(shop.refund(orderId=placed["id"], transactions=[payment]))
    assert shop.records() == before


def test_lines_that_do_not_fit_are_refused(shop, placed):
    for place, (units, kind, words) in enumerate(
        [
            (3, "NO_RESTOCK", "more items than were purchased"),
            (0, "NO_RESTOCK", "greater than 0"),
            (1, "LEGACY_RESTOCK", "not accepted"),
        ]
    ):
        answer = shop.refund(
            key=f"k{place}", orderId=placed["id"], refundLineItems=lines(placed, (0, units, kind))
        )
        assert words in first_message(answer)
    assert "Order does not exist" in first_message(shop.refund(orderId="gid://shopify/Order/1"))
    assert "needs line items" in first_message(shop.refund(orderId=placed["id"]))
    twice = lines(placed, (0, 1, "CANCEL"), (0, 2, "CANCEL"))
    assert "more items" in first_message(shop.refund(orderId=placed["id"], refundLineItems=twice))
    assert shop.order(placed["id"])["refunds"] == []


def test_over_refunding_only_when_asked_for(shop, placed):
    pay = shop.payback(placed["id"], "1.00")
    whole = Decimal(shop.sale(placed["id"])["amountSet"]["presentmentMoney"]["amount"])
    shop.refund(orderId=placed["id"], transactions=shop.payback(placed["id"], str(whole)))
    assert "can be refunded" in first_message(shop.refund(orderId=placed["id"], transactions=pay))
    assert shop.refund(orderId=placed["id"], transactions=pay, allowOverRefunding=True)["userErrors"] == []
    assert shop.order(placed["id"])["financial_status"] == "REFUNDED"


def test_shipping_and_a_discrepancy(shop, placed):
    answer = shop.refund(
        orderId=placed["id"],
        shipping={"fullRefund": True},
        transactions=shop.payback(placed["id"], "6.80"),
    )
    adjustment = answer["refund"]["orderAdjustments"]["nodes"][0]
    assert adjustment["reason"] == "REFUND_DISCREPANCY"
    assert Decimal(adjustment["amountSet"]["shopMoney"]["amount"]) == Decimal("-2")
    over = shop.refund(orderId=placed["id"], shipping={"amount": "0.01"})
    assert "more than what is left" in first_message(over)


def test_a_multi_currency_order_needs_its_currency(shop):
    order = shop.shopper("place", lines=[{"sku": "MUG", "quantity": 2}], currency="EUR", rate="1.25")
    pay = shop.payback(order["id"], "15.00")
    given = {"orderId": order["id"], "refundLineItems": lines(order, (0, 1, "CANCEL")), "transactions": pay}
    assert "Currency is required" in first_message(shop.refund(**given))
    assert "presentment currency" in first_message(shop.refund(**given, currency="GBP"))
    refund = shop.refund(**given, currency="EUR")["refund"]
    total = refund["totalRefundedSet"]
    assert (total["presentmentMoney"]["amount"], total["shopMoney"]["amount"]) == ("15.0", "12.0")


def test_refunds_of_single_units_add_up_to_the_whole_line(shop):
    """A third of ten is not a cent more or less in the end."""
    order = shop.shopper("place", lines=[{"sku": "MUG", "quantity": 3, "discount": "26.00"}])
    sums = []
    for _ in range(3):
        refund = shop.refund(orderId=order["id"], refundLineItems=lines(order, (0, 1, "CANCEL")))["refund"]
        row = refund["refundLineItems"]["nodes"][0]
        sums.append(Decimal(row["subtotalSet"]["shopMoney"]["amount"]))
    assert sum(sums) == Decimal("10.00")
    assert shop.order(order["id"])["current_total"]["shop"] == "0.00"


def test_refunds_made_in_the_shop_look_the_same(shop, placed):
    order = shop.shopper(
        "refund_in_shop",
        order=placed["id"],
        lines=[{"sku": "MUG", "quantity": 1, "restock": "cancel"}],
        shipping=True,
        note="by phone",
    )
    assert order["refunds"][0]["amount"] == "16.80"
    assert order["refunds"][0]["restock_types"] == ["CANCEL"]
    assert "more than was paid" in shop.refused("refund_in_shop", order=placed["id"], amount="99")
