"""What a Shopify order means to us: both currencies, both tax habits, edits, refunds, risk, what is withheld."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.adapters.shopify_read import gid, number_of, read_order
from oms.core.errors import Rejected
from orders.drafts import Amount, DiscountDraft, OrderDraft
from tests.channels.adapters.test_woocommerce_read import law

D = Decimal


def money(customer: str, shop: str | None = None) -> dict[str, Any]:
    return {
        "presentmentMoney": {"amount": customer, "currencyCode": "EUR"},
        "shopMoney": {"amount": shop or customer, "currencyCode": "GBP"},
    }


def tax(customer: str, shop: str | None = None) -> list[dict[str, Any]]:
    return [{"priceSet": money(customer, shop)}]


def line(n: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/LineItem/{n}", "name": "Tea - Green", "sku": "TEA", "quantity": 2,
        "currentQuantity": 2, "requiresShipping": True, "isGiftCard": False,
        "variant": {"id": "gid://shopify/ProductVariant/11", "barcode": "501"},
        "product": {"id": "gid://shopify/Product/7"},
        "originalTotalSet": money("24.00", "20.00"),
        "discountAllocations": [{"allocatedAmountSet": money("2.40", "2.00")}],
        "taxLines": tax("4.32", "3.60"),
    } | changes  # fmt: skip


def shipping(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/ShippingLine/5", "title": "Standard", "code": "STD",
        "originalPriceSet": money("6.00", "5.00"), "discountedPriceSet": money("6.00", "5.00"),
        "taxLines": tax("1.20", "1.00"),
    } | changes  # fmt: skip


def allocated(customer: str, shop: str, **given: str) -> dict[str, Any]:
    return {"allocatedAmountSet": money(customer, shop), "discountApplication": given}


ADDRESS = {
    "name": "Ann Lee", "company": None, "address1": "1 Rue Haute", "address2": None, "city": "Lille",
    "province": "Hauts-de-France", "provinceCode": "HDF", "zip": "59000", "countryCodeV2": "FR", "phone": None,
}  # fmt: skip


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": "gid://shopify/Order/450789469", "name": "#1001", "number": 1001,
        "createdAt": "2026-03-01T10:00:05Z", "processedAt": "2026-03-01T10:00:00Z",
        "updatedAt": "2026-03-01T11:00:00Z", "cancelledAt": None, "cancelReason": None, "test": False,
        "taxesIncluded": False, "dutiesIncluded": False, "currencyCode": "GBP", "presentmentCurrencyCode": "EUR",
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED",
        "email": "ann@example.com", "phone": None, "note": None, "tags": ["vip"],
        "customer": {"id": "gid://shopify/Customer/3", "displayName": "Ann Lee", "numberOfOrders": "4"},
        "shippingAddress": ADDRESS, "billingAddress": ADDRESS,
        "totalPriceSet": money("33.12", "27.60"), "originalTotalDutiesSet": None, "additionalFees": [],
        "risk": {"recommendation": "NONE", "assessments": []},
        "shippingLines": {"nodes": [shipping()]}, "lineItems": {"nodes": [line()]},
        "transactions": [], "refunds": [],
    } | changes  # fmt: skip


def read(**changes: Any) -> OrderDraft:
    return read_order(json.dumps({"order": order(**changes)}).encode(), "shop")


def test_an_ordinary_order_in_two_currencies() -> None:
    draft = read()
    assert (draft.external_id, draft.number, draft.tags) == ("450789469", "#1001", ("vip",))
    assert (draft.currency, draft.shop_currency) == ("EUR", "GBP")
    assert draft.placed_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert draft.total == Amount(D("33.12"), D("27.60")) == law(draft)
    (one,) = draft.lines
    assert (one.net, one.tax) == (Amount(D("21.60"), D("18.00")), Amount(D("4.32"), D("3.60")))
    assert (one.discount, one.unit_price) == (Amount(D("2.40"), D("2.00")), D("12"))
    assert (one.external_id, one.external_variant_id, one.external_product_id) == ("1", "11", "7")
    assert (one.sku, one.barcode, one.kind, one.requires_shipping) == ("TEA", "501", "item", True)
    assert [(c.kind, c.title, c.code, c.net.shop) for c in draft.charges] == [
        ("shipping", "Standard", "STD", D("5.00"))
    ]
    assert (draft.customer_external_id, draft.customer_orders, draft.customer_name) == ("3", 4, "Ann Lee")
    assert (draft.shipping_address.region, draft.shipping_address.country) == ("HDF", "FR")
    assert (draft.channel_status, draft.shipping_method) == ("paid/unfulfilled", "Standard")


def test_taxes_included() -> None:
    draft = read(taxesIncluded=True, totalPriceSet=money("27.60", "23.00"))
    assert draft.prices_include_tax
    assert draft.lines[0].net == Amount(D("17.28"), D("14.40"))
    assert draft.charges[0].net == Amount(D("4.80"), D("4.00"))
    assert law(draft) == draft.total


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"isGiftCard": True, "requiresShipping": False}, {"kind": "gift_card", "requires_shipping": False}),
        (
            {"variant": None, "product": None, "sku": None},
            {"kind": "custom", "sku": "", "external_variant_id": ""},
        ),
        ({"variant": None, "sku": ""}, {"kind": "item", "sku": ""}),
        ({"variant": None, "product": None, "sku": "OLD"}, {"kind": "item", "sku": "OLD"}),
        ({"requiresShipping": False}, {"kind": "item", "requires_shipping": False}),
        ({"discountAllocations": []}, {"discount": Amount(D(0), D(0))}),
    ],
)
def test_lines(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (one,) = read(lineItems={"nodes": [line(**changes)]}).lines
    assert {name: getattr(one, name) for name in expected} == expected


@pytest.mark.parametrize("told", [{"customAttributes": {}}, {"customAttributes": []}, {}])
def test_attributes_of_a_line_in_any_shape_or_none(told: dict[str, Any]) -> None:
    assert read(lineItems={"nodes": [line(**told)]}).lines[0].title == "Tea - Green"


def test_a_repeated_sku_is_two_lines() -> None:
    draft = read(lineItems={"nodes": [line(1), line(2)]})
    assert [(one.external_id, one.sku) for one in draft.lines] == [("1", "TEA"), ("2", "TEA")]


def fulfilled(line_id: int, quantity: int, status: str = "SUCCESS") -> dict[str, Any]:
    row = {"quantity": quantity, "lineItem": {"id": f"gid://shopify/LineItem/{line_id}"}}
    return {"status": status, "fulfillmentLineItems": {"nodes": [row]}}


def work(line_id: int, left: int, status: str = "OPEN") -> dict[str, Any]:
    row = {"remainingQuantity": left, "lineItem": {"id": f"gid://shopify/LineItem/{line_id}"}}
    return {"status": status, "lineItems": {"nodes": [row]}}


@pytest.mark.parametrize(
    ("why", "ordered", "current", "shipped", "asked", "wanted"),
    [
        ("nothing happened", 3, 3, [], [], 3),
        ("one was taken off before shipping", 3, 2, [], [work(1, 2)], 2),
        ("all were taken off", 3, 0, [], [work(1, 0, "CLOSED")], 0),
        ("all were shipped and one came back", 3, 2, [fulfilled(1, 3)], [work(1, 0, "CLOSED")], 3),
        ("two shipped, one of them came back", 3, 2, [fulfilled(1, 2)], [work(1, 1, "IN_PROGRESS")], 3),
        ("two shipped, the third taken off", 3, 2, [fulfilled(1, 2)], [work(1, 0, "CLOSED")], 2),
        ("a cancelled shipment counts for nothing", 3, 2, [fulfilled(1, 3, "CANCELLED")], [work(1, 2)], 2),
        ("on hold is still wanted", 3, 2, [], [work(1, 2, "ON_HOLD")], 2),
        (
            "moved: the old work is closed, the new one asks",
            3,
            2,
            [],
            [work(1, 2, "CANCELLED"), work(1, 2)],
            2,
        ),
        ("fulfillments are not told to us", 3, 2, [], [], 2),
        ("never more than ordered", 3, 2, [fulfilled(1, 3)], [work(1, 2)], 3),
    ],
)
def test_what_is_still_wanted(
    why: str, ordered: int, current: int, shipped: list[Any], asked: list[Any], wanted: int
) -> None:
    draft = read(
        lineItems={"nodes": [line(quantity=ordered, currentQuantity=current)]},
        fulfillments=shipped,
        fulfillmentOrders={"nodes": asked},
    )
    assert draft.lines[0].quantity == wanted, why
    assert law(draft) == draft.total, "money stays as ordered"


def refund(**changes: Any) -> dict[str, Any]:
    row = {
        "quantity": 1, "restocked": False, "restockType": "NO_RESTOCK",
        "lineItem": {"id": "gid://shopify/LineItem/1"},
        "subtotalSet": money("10.80", "9.00"), "totalTaxSet": money("2.16", "1.80"),
    }  # fmt: skip
    return {
        "id": "gid://shopify/Refund/9", "createdAt": "2026-03-05T00:00:00Z", "note": "Broken",
        "totalRefundedSet": money("12.96", "10.80"), "transactions": {"nodes": []},
        "refundLineItems": {"nodes": [row]},
    } | changes  # fmt: skip


def test_a_refund_stands_beside_the_order() -> None:
    draft = read(refunds=[refund()], lineItems={"nodes": [line(currentQuantity=1)]})
    assert law(draft) == draft.total
    (back,) = draft.refunds
    assert (back.external_id, back.reason, back.our_key, back.restocked) == ("9", "Broken", "", False)
    assert back.total == Amount(D("12.96"), D("10.80")) == back.lines[0].net + back.lines[0].tax
    assert (back.lines[0].external_line_id, back.lines[0].quantity) == ("1", 1)


def test_a_refund_where_prices_hold_their_tax() -> None:
    (back,) = read(taxesIncluded=True, refunds=[refund(totalRefundedSet=money("10.80", "9.00"))]).refunds
    assert back.lines[0].net == Amount(D("8.64"), D("7.20"))
    assert back.lines[0].net + back.lines[0].tax == back.total


def test_our_own_refund_and_a_restocked_one() -> None:
    rows = refund()["refundLineItems"]["nodes"]
    restocked = refund(refundLineItems={"nodes": [rows[0] | {"restocked": True}]})
    assert read(refunds=[refund(note="Broken [oms:r-41]")]).refunds[0].our_key == "r-41"
    assert read(refunds=[refund(note=None)]).refunds[0].reason == ""
    assert read(refunds=[restocked]).refunds[0].restocked


def test_pieces_taken_off_in_an_edit_are_a_refund_without_money() -> None:
    (back,) = read(refunds=[refund(totalRefundedSet=money("0.00"))]).refunds
    assert not back.total and back.lines[0].quantity == 1


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        ("SALE", "SUCCESS", ("capture", "succeeded")),
        ("AUTHORIZATION", "SUCCESS", ("authorisation", "succeeded")),
        ("EMV_AUTHORIZATION", "AWAITING_RESPONSE", ("authorisation", "pending")),
        ("CAPTURE", "PENDING", ("capture", "pending")),
        ("CAPTURE", "UNKNOWN", ("capture", "pending")),
        ("VOID", "SUCCESS", ("void", "succeeded")),
        ("REFUND", "FAILURE", ("refund", "failed")),
        ("SALE", "ERROR", ("capture", "failed")),
        ("CHANGE", "SUCCESS", None),
        ("SUGGESTED_REFUND", "SUCCESS", None),
    ],
)
def test_payments(kind: str, status: str, expected: tuple[str, str] | None) -> None:
    told = {
        "id": "gid://shopify/OrderTransaction/8", "kind": kind, "status": status, "gateway": "bogus",
        "createdAt": "2026-03-01T10:00:01Z", "processedAt": None, "amountSet": money("33.12", "27.60"),
    }  # fmt: skip
    payments = read(transactions=[told]).payments
    assert [(one.kind, one.status) for one in payments] == ([expected] if expected else [])
    assert all(one.amount == Amount(D("33.12"), D("27.60")) and one.external_id == "8" for one in payments)


@pytest.mark.parametrize(
    ("recommendation", "levels", "risk"),
    [
        ("NONE", [], ""), ("NONE", ["NONE"], ""), ("NONE", ["PENDING"], ""), ("ACCEPT", ["LOW"], "low"),
        ("INVESTIGATE", ["LOW"], "medium"), ("ACCEPT", ["LOW", "HIGH", "MEDIUM"], "high"), ("CANCEL", [], "high"),
    ],
)  # fmt: skip
def test_risk(recommendation: str, levels: list[str], risk: str) -> None:
    told = {"recommendation": recommendation, "assessments": [{"riskLevel": level} for level in levels]}
    assert read(risk=told).channel_risk == risk
    assert read(risk=None).channel_risk == ""


def test_withheld_customer_data() -> None:
    draft = read(customer=None, email=None, shippingAddress=None, billingAddress=None)
    assert draft.missing == ("shipping_address",)
    assert (draft.customer_name, draft.email, draft.customer_orders) == ("", "", None)
    gift_card = line(isGiftCard=True, requiresShipping=False)
    assert read(shippingAddress=None, lineItems={"nodes": [gift_card]}).missing == ()


def test_cancelled_and_test() -> None:
    draft = read(cancelledAt="2026-03-02T00:00:00Z", cancelReason="CUSTOMER", test=True)
    assert draft.cancelled_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert (draft.cancel_reason, draft.test) == ("customer", True)


def test_duties_fees_and_free_shipping() -> None:
    free = shipping(discountedPriceSet=money("0.00"), taxLines=[])
    fee = {
        "id": "gid://shopify/AdditionalFee/1",
        "name": "Retail delivery fee",
        "price": money("0.28", "0.24"),
        "taxLines": [],
    }
    told = {
        "shippingLines": {"nodes": [free]}, "additionalFees": [fee], "originalTotalDutiesSet": money("3.00", "2.50"),
        "totalPriceSet": money("29.20", "24.34"),
    }  # fmt: skip
    draft = read(**told)
    assert [(c.kind, c.title) for c in draft.charges] == [
        ("shipping", "Standard"), ("fee", "Retail delivery fee"), ("fee", "Duties"),
    ]  # fmt: skip
    assert draft.charges[0].discount == Amount(D("6.00"), D("5.00"))
    assert law(draft) == draft.total
    included = read(**told, dutiesIncluded=True)
    assert [c.title for c in included.charges] == ["Standard", "Retail delivery fee"]


def duty(n: int, customer: str, shop: str, **changes: Any) -> dict[str, Any]:
    return {"id": f"gid://shopify/Duty/{n}", "price": money(customer, shop), "taxLines": []} | changes


def levied(**changes: Any) -> dict[str, Any]:
    first = line(1, duties=[duty(8, "3.00", "2.50", taxLines=tax("0.60", "0.50"))])
    return {
        "lineItems": {"nodes": [first, line(2, name="Coffee", taxLines=[], duties=[duty(9, "1.20", "1.00")])]},
        "originalTotalDutiesSet": money("4.20", "3.50"), "totalPriceSet": money("59.52", "49.60"),
    } | changes  # fmt: skip


def test_each_duty_is_a_charge_of_its_line() -> None:
    draft = read(**levied())
    assert [(c.title, c.code, c.external_id, c.net.customer, c.tax.customer) for c in draft.charges[1:]] == [
        ("Duties: Tea - Green", "duties:1", "gid://shopify/Duty/8", D("3.00"), D("0.60")),
        ("Duties: Coffee", "duties:2", "gid://shopify/Duty/9", D("1.20"), D("0.00")),
    ]
    assert law(draft) == draft.total
    included = read(**levied(taxesIncluded=True, totalPriceSet=money("53.40", "44.50")))
    assert included.charges[1].net == Amount(D("2.40"), D("2.00"))
    assert law(included) == included.total


def test_duties_that_no_line_has_are_a_charge_without_a_name() -> None:
    draft = read(
        **levied(originalTotalDutiesSet=money("5.00", "4.17"), totalPriceSet=money("60.32", "50.27"))
    )
    assert (draft.charges[3].code, draft.charges[3].external_id, draft.charges[3].net.customer) == (
        "duties",
        "",
        D("0.80"),
    )
    assert law(draft) == draft.total
    assert [c.kind for c in read(**levied(dutiesIncluded=True)).charges] == ["shipping"]
    assert [c.kind for c in read(**levied(originalTotalDutiesSet=None)).charges] == ["shipping"]


def test_a_duty_given_back_is_read_as_that_of_its_charge() -> None:
    def back(customer: str, shop: str, duty: dict[str, Any] | None) -> dict[str, Any]:
        return {"amountSet": money(customer, shop), "originalDuty": duty}

    whole = duty(8, "3.00", "2.50", taxLines=tax("0.60", "0.50"))
    told = {
        "id": "gid://shopify/Refund/4", "createdAt": "2026-03-02T00:00:00Z", "note": None,
        "totalRefundedSet": money("4.80", "4.00"),
        "duties": [back("3.00", "2.50", whole), back("1.00", "0.83", whole), back("9.00", "9.00", None)],
    }  # fmt: skip
    (refund,) = read(**levied(refunds=[told])).refunds
    assert [(c.external_id, c.net.customer, c.tax.customer) for c in refund.charges] == [
        ("gid://shopify/Duty/8", D("3.00"), D("0.60")), ("gid://shopify/Duty/8", D("1.00"), D("0.20")),
    ]  # fmt: skip
    (refund,) = read(**levied(taxesIncluded=True, refunds=[told])).refunds
    assert refund.charges[0].net == Amount(D("2.40"), D("2.00"))


def test_a_hair_lost_in_conversion_is_named_and_a_pound_is_not() -> None:
    draft = read(totalPriceSet=money("33.12", "27.61"))
    (made_up,) = [charge for charge in draft.charges if charge.kind == "rounding"]
    assert made_up.net == Amount(D(0), D("0.01")) and law(draft) == draft.total
    off = read(totalPriceSet=money("34.12", "27.60"))
    assert law(off) != off.total


@given(
    st.lists(
        st.tuples(st.integers(1, 50000), st.integers(0, 5000), st.integers(0, 25), st.integers(1, 9)),
        min_size=1, max_size=6,
    ),
    st.booleans(),
    st.decimals("0.5", "3", places=4),
)  # fmt: skip
def test_law_for_any_order_in_any_habit(
    rows: list[tuple[int, int, int, int]], included: bool, rate: Decimal
) -> None:
    """Shopify sums in the customer's currency and converts each figure, and the total, by itself."""

    def both(value: Decimal) -> dict[str, Any]:
        return money(str(value), str((value * rate).quantize(D("0.01"), ROUND_HALF_UP)))

    lines, total = [], D(0)
    for n, (pence, off, percent, quantity) in enumerate(rows, 1):
        price, discount = D(pence) / 100, min(D(off), D(pence)) / 100
        paid = price - discount
        share = D(percent) / (100 + percent) if included else D(percent) / 100
        levied = (paid * share).quantize(D("0.01"), ROUND_HALF_UP)
        total += paid if included else paid + levied
        lines.append(
            line(n, quantity=quantity, currentQuantity=quantity, originalTotalSet=both(price),
                 discountAllocations=[{"allocatedAmountSet": both(discount)}], taxLines=[{"priceSet": both(levied)}])
        )  # fmt: skip
    draft = read(
        taxesIncluded=included,
        lineItems={"nodes": lines},
        shippingLines={"nodes": []},
        totalPriceSet=both(total),
    )
    assert law(draft) == draft.total and draft.total.customer == total
    assert all(charge.net.customer == 0 for charge in draft.charges if charge.kind == "rounding")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"totalPriceSet": None}, "totalPriceSet"),
        ({"totalPriceSet": {"shopMoney": {"amount": "1"}}}, "totalPriceSet"),
        ({"updatedAt": "yesterday"}, "updatedAt"),
        ({"presentmentCurrencyCode": None}, "presentmentCurrencyCode"),
    ],
)
def test_what_cannot_be_read_says_why(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read(**changes)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("gid://shopify/Order/12", "12"),
        ("gid://shopify/InventoryLevel/1?inventory_item_id=2", "1"),
        ("12", "12"),
        (None, ""),
    ],
)
def test_names(name: str | None, number: str) -> None:
    assert number_of(name) == number
    assert gid("Order", "12") == gid("Order", gid("Order", "12")) == "gid://shopify/Order/12"


def test_discounts_are_kept_with_code_or_title_by_line_and_for_shipping() -> None:
    mine = line(
        discountAllocations=[
            allocated("2.00", "1.50", code="TEN"),
            allocated("0.40", "0.50", title="2 for 1"),
        ]
    )
    other = line(2, discountAllocations=[allocated("2.40", "2.00")])  # read before we asked for what gave it
    free = shipping(discountAllocations=[allocated("6.00", "5.00", code="FREESHIP")])
    draft = read(lineItems={"nodes": [mine, other]}, shippingLines={"nodes": [free]})
    assert draft.discounts == (
        DiscountDraft("TEN", "", Amount(D("2.00"), D("1.50")), "1"),
        DiscountDraft("", "2 for 1", Amount(D("0.40"), D("0.50")), "1"),
        DiscountDraft("FREESHIP", "", Amount(D("6.00"), D("5.00"))),
    )
