"""What a WooCommerce order means to us, shape by shape; and the law of its totals, for any order."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.adapters.woocommerce_read import read_order
from oms.core.errors import Rejected
from orders.drafts import NOTHING, Amount, DiscountDraft, OrderDraft
from tests.channels.adapters.contracts import needs_contracts, sample

D = Decimal


def line(**changes: Any) -> dict[str, Any]:
    return {
        "id": 315, "name": "Tea &amp; cake", "product_id": 93, "variation_id": 0, "quantity": 2,
        "subtotal": "7.00", "subtotal_tax": "1.40", "total": "6.00", "total_tax": "1.20",
        "taxes": [{"id": 75, "total": "1.20", "subtotal": "1.40"}], "meta_data": [], "sku": "TEA", "price": 3,
    } | changes  # fmt: skip


def order(**changes: Any) -> dict[str, Any]:
    address = {"first_name": "Ann", "last_name": "Lee", "company": "", "address_1": "1 High St", "address_2": "",
               "city": "Leeds", "state": "", "postcode": "LS1 1AA", "country": "GB"}  # fmt: skip
    return {
        "id": 727, "number": "A-727", "status": "processing", "currency": "GBP", "prices_include_tax": False,
        "date_created_gmt": "2026-03-22T19:28:02", "date_modified_gmt": "2026-03-22T19:28:08",
        "total": "19.20", "total_tax": "3.20", "customer_id": 26, "customer_note": "Ring twice",
        "billing": address | {"email": "ann@example.com", "phone": "0113"}, "shipping": address,
        "payment_method": "stripe", "transaction_id": "ch_1", "date_paid_gmt": "2026-03-22T19:28:05",
        "meta_data": [], "line_items": [line()], "tax_lines": [],
        "shipping_lines": [{"id": 317, "method_title": "Flat", "method_id": "flat_rate", "total": "10.00",
                            "total_tax": "2.00", "taxes": [], "meta_data": []}],
        "fee_lines": [], "coupon_lines": [], "refunds": [],
    } | changes  # fmt: skip


def read(raw: dict[str, Any], refunds: list[Any] | None = None) -> OrderDraft:
    return read_order(json.dumps({"order": raw, "refunds": refunds or []}).encode(), "shop")


def law(draft: OrderDraft) -> Amount:
    return sum((part.net + part.tax for part in (*draft.lines, *draft.charges)), NOTHING)


def test_coupons_are_kept_by_their_code_for_the_whole_order() -> None:
    spring = {"id": 9, "code": "spring &amp; sun", "discount": "3.25", "discount_tax": "0.65"}
    free = {"id": 10, "code": "freeship", "discount": "0", "discount_tax": "0"}
    draft = read(order(coupon_lines=[spring, free]))
    assert draft.discounts == (
        DiscountDraft("spring & sun", "", Amount.same(D("3.25"))),
        DiscountDraft("freeship", "", Amount.same(D(0))),
    )
    assert draft.total == law(draft), "what a coupon took is in the lines already"


def test_an_ordinary_order() -> None:
    draft = read(order())
    assert (draft.source, draft.external_id, draft.number) == ("shop", "727", "A-727")
    assert draft.placed_at == datetime(2026, 3, 22, 19, 28, 2, tzinfo=UTC)
    assert draft.updated_at == datetime(2026, 3, 22, 19, 28, 8, tzinfo=UTC)
    assert draft.total == Amount.same(D("19.20")) == law(draft)
    (one,) = draft.lines
    assert (one.title, one.sku, one.quantity, one.kind) == ("Tea & cake", "TEA", 2, "item")
    assert (one.net, one.tax, one.discount) == tuple(map(Amount.same, (D("6.00"), D("1.20"), D("1.00"))))
    assert (one.unit_price, one.external_product_id, one.external_variant_id) == (D("3.5"), "93", "93")
    assert [(c.kind, c.title, c.code) for c in draft.charges] == [("shipping", "Flat", "flat_rate")]
    (paid,) = draft.payments
    assert (paid.external_id, paid.kind, paid.status, paid.amount) == (
        "ch_1",
        "capture",
        "succeeded",
        draft.total,
    )
    assert draft.shipping_address.line1 == "1 High St" and draft.shipping_address.phone == "0113"
    assert (draft.customer_name, draft.customer_external_id, draft.email) == (
        "Ann Lee",
        "26",
        "ann@example.com",
    )
    assert (draft.channel_status, draft.cancelled_at, draft.missing, draft.test) == (
        "processing",
        None,
        (),
        False,
    )


@pytest.mark.parametrize(
    ("status", "told", "off"),
    [
        ("processing", "processing", False),
        ("wc-awaiting-pickup", "awaiting-pickup", False),
        ("failed", "failed", False),
        ("cancelled", "cancelled", True),
        ("trash", "trash", True),
    ],
)
def test_statuses(status: str, told: str, off: bool) -> None:
    draft = read(order(status=status))
    assert draft.channel_status == told
    assert (draft.cancelled_at is not None) is off
    assert bool(draft.cancel_reason) is off


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"variation_id": 23, "product_id": 22}, {"external_variant_id": "23", "external_product_id": "22"}),
        ({"sku": "", "product_id": 0}, {"kind": "custom", "sku": "", "external_variant_id": ""}),
        ({"sku": ""}, {"kind": "item", "sku": ""}),
        ({"quantity": "3"}, {"quantity": 3}),
        ({"quantity": 0, "subtotal": "0", "total": "6.00"}, {"quantity": 0}),
        ({"bundled_items": [316]}, {"kind": "custom", "requires_shipping": False}),
        ({"composite_children": [316]}, {"kind": "custom", "requires_shipping": False}),
        ({"bundled_by": 315}, {"kind": "item", "requires_shipping": True}),
    ],
)
def test_lines(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    (one,) = read(order(line_items=[line(**changes)])).lines
    assert {name: getattr(one, name) for name in expected} == expected


def test_a_bundle_counts_money_and_goods_once_each() -> None:
    parent = line(id=1, bundled_items=[2, 3], quantity=1)
    children = [line(id=n, bundled_by=1, subtotal="0.00", total="0.00", total_tax="0.00") for n in (2, 3)]
    draft = read(order(line_items=[parent, *children]))
    assert law(draft) == draft.total
    assert [one.external_id for one in draft.lines if one.kind == "item"] == ["2", "3"]
    assert [one.external_id for one in draft.lines if one.net] == ["1"]


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"currency": None}, "currency", "missing"),
        ({"date_created_gmt": ""}, "date_created_gmt", "missing"),
        ({"date_created_gmt": "22/03/2026"}, "date_created_gmt", "not_a_time"),
        ({"total": "12,50"}, "total", "not_a_number"),
        ({"total": "NaN"}, "total", "not_a_number"),
        ({"line_items": [line(quantity="1.5")]}, "line_items.quantity", "not_whole"),
        ({"line_items": [line(id=None)]}, "id", "missing"),
    ],
)
def test_what_cannot_be_read_says_why(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(Rejected) as refusal:
        read(order(**changes))
    assert (refusal.value.field, refusal.value.reason) == (field, reason)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"order": []}', b'{"order": {"id": 1', b"\xff"])
def test_a_body_that_is_no_order(body: bytes) -> None:
    with pytest.raises(Rejected):
        read_order(body, "shop")


def test_numbers_may_come_as_strings_and_strings_as_numbers() -> None:
    draft = read(
        order(total=19.2, customer_id="26", line_items=[line(total=6, quantity="2", product_id="93")])
    )
    assert draft.total == Amount.same(D("19.2")) == law(draft)


def test_a_guest_who_ships_to_the_billing_address() -> None:
    blank = dict.fromkeys(order()["shipping"], "")
    draft = read(order(customer_id=0, shipping=blank))
    assert draft.customer_external_id == ""
    assert draft.shipping_address.line1 == "1 High St"
    assert draft.missing == ()


def test_goods_without_any_address_are_not_ready_for_a_label() -> None:
    assert read(order(shipping={}, billing={})).missing == ("shipping_address",)
    downloads = read(order(shipping={}, billing={}, needs_processing=False))
    assert downloads.missing == () and not downloads.lines[0].requires_shipping


def test_not_paid_yet_and_paid_by_hand() -> None:
    assert read(order(date_paid_gmt=None)).payments == ()
    (by_hand,) = read(order(transaction_id="", payment_method="bacs")).payments
    assert (by_hand.kind, by_hand.external_id, by_hand.gateway) == ("external_paid", "paid-727", "bacs")


def refund(**changes: Any) -> dict[str, Any]:
    sold = {"id": 1, "key": "_refunded_item_id", "value": "315"}
    back = line(id=401, quantity=-1, total="-3.00", total_tax="-0.60", meta_data=[sold])
    return {
        "id": 726, "date_created_gmt": "2026-04-01T10:00:00", "amount": "3.60", "reason": "Broken",
        "meta_data": [], "line_items": [back],
    } | changes  # fmt: skip


def test_a_refund_stands_beside_the_order_and_leaves_its_totals() -> None:
    draft = read(order(refunds=[{"id": 726, "reason": "Broken", "total": "-3.60"}]), [refund()])
    assert draft.total == law(draft) == Amount.same(D("19.20"))
    assert draft.lines[0].quantity == 2
    (back,) = draft.refunds
    assert (back.external_id, back.total, back.reason, back.our_key) == (
        "726",
        Amount.same(D("3.60")),
        "Broken",
        "",
    )
    (one,) = back.lines
    assert (one.external_line_id, one.quantity, one.net, one.tax) == (
        "315", 1, Amount.same(D("3.00")), Amount.same(D("0.60")),
    )  # fmt: skip
    assert draft.updated_at == datetime(2026, 4, 1, 10, tzinfo=UTC), "not every gateway touches the order"
    assert [p.kind for p in draft.payments] == ["capture", "refund"]


def test_our_own_refund_is_known_again_by_reason_or_meta() -> None:
    by_reason = read(order(), [refund(reason="Broken [oms:r-41]")]).refunds[0]
    by_meta = read(order(), [refund(meta_data=[{"id": 1, "key": "_oms_key", "value": "r-41"}])]).refunds[0]
    assert (by_reason.our_key, by_reason.reason) == ("r-41", "Broken")
    assert by_meta.our_key == "r-41"


def test_the_shop_restocked_or_not() -> None:
    tally = [{"id": 9, "key": "_restock_refunded_items", "value": "1"}]
    assert read(order(line_items=[line(meta_data=tally)]), [refund()]).refunds[0].restocked
    assert not read(order(), [refund()]).refunds[0].restocked
    ours = refund(reason="[oms:r-41]")
    assert not read(order(line_items=[line(meta_data=tally)]), [ours]).refunds[0].restocked


def test_only_the_orders_short_list_of_refunds_is_there() -> None:
    (back,) = read(order(refunds=[{"id": 726, "reason": "", "total": "-3.60"}])).refunds
    assert (back.total, back.lines) == (Amount.same(D("3.60")), ())


def test_a_fee_below_zero_is_a_discount() -> None:
    fees = [
        {"id": 5, "name": "Loyalty", "total": "-2.00", "total_tax": "-0.40"},
        {"id": 6, "name": "Gift wrap", "total": "1.00", "total_tax": "0.20"},
    ]
    draft = read(order(fee_lines=fees, total="18.00"))
    assert [(c.kind, c.title) for c in draft.charges[1:]] == [("discount", "Loyalty"), ("fee", "Gift wrap")]
    assert law(draft) == draft.total


def test_a_total_that_does_not_add_up_is_left_for_reconciliation() -> None:
    draft = read(order(total="20.20"))
    assert law(draft) != draft.total
    assert all(charge.kind != "rounding" for charge in draft.charges)


cents = st.decimals(1, 500, places=4, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(cents, cents), min_size=1, max_size=9), st.sampled_from(["0.01", "1", "0.001"]))
def test_law_whatever_the_shop_rounds_line_by_line(parts: list[tuple[Decimal, Decimal]], unit: str) -> None:
    """Shops that round tax on the whole order show rounded parts under a total of unrounded ones."""
    quantum, currency = D(unit), {"0.01": "EUR", "1": "JPY", "0.001": "KWD"}[unit]

    def shown(value: Decimal) -> str:
        return str(value.quantize(quantum, ROUND_HALF_UP))

    lines = [
        line(id=n, subtotal=shown(net), total=shown(net), total_tax=shown(tax))
        for n, (net, tax) in enumerate(parts, 1)
    ]
    total = shown(sum((net + tax for net, tax in parts), D(0)))
    draft = read(order(currency=currency, line_items=lines, shipping_lines=[], total=total))
    assert law(draft) == draft.total == Amount.same(D(total))
    made_up = [charge.net.customer for charge in draft.charges if charge.kind == "rounding"]
    assert all(abs(gap) <= quantum * (len(parts) + D("0.5")) for gap in made_up)


@given(st.integers(1, 4000), st.integers(1, 60))
def test_law_no_greater_difference_is_ever_called_rounding(cents_off: int, lines: int) -> None:
    honest = D("12.00") + D("7.20") * lines
    most = min(D("0.005") * (2 * lines + 3), D("0.10"))
    off = (most + D(cents_off) / 100).quantize(D("0.01"), ROUND_UP)
    for total in (honest + off, honest - off):
        draft = read(order(line_items=[line(id=n + 1) for n in range(lines)], total=str(total)))
        assert law(draft) == Amount.same(honest) != draft.total


@needs_contracts
def test_the_contracts_own_orders() -> None:
    listed = sample("woocommerce/examples/orders__02-http-request.json")
    refunds = sample("woocommerce/examples/order-refunds__02-http-request.json")
    first, second = read(listed[0]), read(listed[1], refunds)
    assert law(first) == first.total == Amount.same(D("29.35"))
    assert first.lines[1].title == "Ship Your Idea – Color: Black, Size: M Test"
    assert law(second) == second.total == Amount.same(D("39.00"))
    assert [(r.total.customer, [one.external_line_id for one in r.lines]) for r in second.refunds] == [
        (D("10.00"), []),
        (D("9.00"), ["311"]),
    ]
    assert second.shipping_address.country == "BR"
