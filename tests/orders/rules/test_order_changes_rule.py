from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.drafts import AddressDraft, Amount, ChargeDraft, LineDraft, OrderDraft, PaymentDraft, RefundDraft
from orders.rules.order_changes import POLICIES, Change, changes, decide, differing, held, matter

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)


def same(value):
    return Amount.same(Decimal(value))


MUG = LineDraft("1", "Mug", 2, same("10"), sku="MUG", external_variant_id="v1")
CUP = LineDraft("2", "Cup", 1, same("5"), sku="CUP", external_variant_id="v2")
PAID = PaymentDraft("p1", "capture", "succeeded", same("15"), NOON)
KNOWN = OrderDraft(
    "shop", "77", "1001", NOON, NOON, "EUR", "EUR", same("15"), (MUG, CUP), payments=(PAID,),
    shipping_address=AddressDraft(line1="1 High Street", city="Leeds", country="GB"), email="ada@example.org",
)  # fmt: skip


def read(**change):
    return replace(KNOWN, updated_at=LATER, **change)


def kinds(draft):
    return [(c.kind, c.line) for c in changes(KNOWN, draft)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"cancelled_at": LATER}, [("cancelled", None)]),
        ({"shipping_address": replace(KNOWN.shipping_address, line1="2 High Street")}, [("address", None)]),
        ({"shipping_address": replace(KNOWN.shipping_address, line1=" 1  HIGH street")}, []),
        ({"billing_address": AddressDraft(city="York")}, [("billing", None)]),
        ({"lines": (replace(MUG, quantity=3), CUP)}, [("quantity_up", "1")]),
        ({"lines": (replace(MUG, quantity=1), CUP)}, [("quantity_down", "1")]),
        ({"lines": (replace(MUG, quantity=0), CUP)}, [("line_removed", "1")]),
        ({"lines": (CUP, MUG)}, []),
        ({"lines": (replace(MUG, external_variant_id="v9"), CUP)}, [("item", "1")]),
        ({"lines": (replace(MUG, title="Big mug", sku="MUG2"), CUP)}, []),
        ({"lines": (MUG, CUP, LineDraft("3", "Pot", 1, same("0")))}, [("line_added", "3"), ("money", None)]),
        ({"lines": (MUG, CUP, LineDraft("3", "Pot", 0, same("0")))}, [("money", None)]),
        ({"total": same("16")}, [("money", None)]),
        ({"charges": (ChargeDraft("fee", "Fee", same("0")),)}, [("money", None)]),
        ({"refunds": (RefundDraft("r1", LATER, same("5")),)}, [("refund", None)]),
        ({"payments": (replace(PAID, status="failed"),)}, [("payment", None)]),
        ({"payments": (PAID, replace(PAID, external_id="p2"))}, [("payment", None)]),
        ({"email": "new@example.org"}, [("contact", None)]),
        ({"note": "please wait"}, [("note", None)]),
        ({"shipping_method": "express"}, [("shipping_method", None)]),
        ({"channel_status": "on-hold"}, [("other", None)]),
    ],
)
def test_what_changed(change, expected):
    assert kinds(read(**change)) == expected


def test_a_removed_line_is_told_with_its_money():
    got = changes(KNOWN, read(lines=(MUG,), total=same("10")))
    assert [c.words for c in got] == ["Cup taken off", "the total is €10.00 instead of €15.00"]


def test_what_came_late_changes_nothing():
    old = replace(KNOWN, updated_at=NOON - timedelta(seconds=1), cancelled_at=NOON)
    assert changes(KNOWN, old) == ()


def test_before_release_the_shop_is_followed():
    found = changes(KNOWN, read(cancelled_at=LATER, lines=(MUG,), note="x"))
    decision = decide(found, released=())
    assert decision.apply == found
    assert decision.hold == ()


def test_after_release_a_person_decides_with_both_sides_in_words():
    found = changes(KNOWN, read(cancelled_at=LATER, cancel_reason="customer"))
    decision = decide(found, released={"1"})
    assert [c.kind for c in decision.hold] == ["cancelled"]
    assert held(decision.hold).words == "Changed at the shop: cancelled (customer)"


def test_a_line_is_judged_by_its_own_work():
    found = changes(KNOWN, read(lines=(replace(MUG, quantity=1),)))
    decision = decide(found, released={"1"})
    assert [(c.kind, c.line) for c in decision.hold] == [("quantity_down", "1")]
    assert [(c.kind, c.line) for c in decision.apply if c.line] == [("line_removed", "2")]


def test_money_that_moved_is_always_recorded():
    found = (Change("refund", "x"), Change("payment", "y"))
    assert decide(found, released={"1", "2"}).apply == found


def test_a_revived_order_always_asks():
    assert decide([Change("revived", "x")], released=()).hold


def test_lines_that_a_cancelled_order_lost_are_no_change_besides():
    assert kinds(read(cancelled_at=LATER, lines=())) == [("cancelled", None), ("money", None)]


def test_a_person_decides_what_differs_of_what_moved():
    there = read(note="please wait", lines=(replace(MUG, quantity=1), CUP), email="new@example.org")
    assert differing(KNOWN, there, {matter("note", None)}) == (
        Change("note", "another note of the customer", None, "", "please wait"),
    )
    assert [c.line for c in differing(KNOWN, there, {matter("line_removed", "1")})] == ["1"]
    assert differing(KNOWN, there, {matter("contact", None), matter("item", "1")}) == ()
    assert differing(there, there, {matter("note", None)}) == ()


quantities = st.lists(st.integers(0, 4), min_size=2, max_size=2)


@given(quantities, quantities, st.booleans())
def test_every_difference_of_quantity_is_told_once_and_back_again(before, after, cancelled):
    def draft(counts, at):
        lines = tuple(replace(line, quantity=q) for line, q in zip((MUG, CUP), counts, strict=True))
        return replace(KNOWN, lines=lines, updated_at=at, cancelled_at=at if cancelled else None)

    there = changes(draft(before, NOON), draft(after, LATER))
    back = changes(draft(after, NOON), draft(before, LATER))
    assert len([c for c in there if c.line]) == sum(b != a for b, a in zip(before, after, strict=True))
    assert {(c.line, c.before, c.after) for c in there} == {(c.line, c.after, c.before) for c in back}
    assert all(c.kind in POLICIES and c.words for c in there)
    assert changes(draft(after, NOON), draft(after, LATER)) == ()
