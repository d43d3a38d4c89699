"""Orders at the console: every verb by its form, by the roles who do it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from inventory.models import Barcode
from oms.core.actors import SYSTEM
from orders.actions.fail_refunds import fail_refund
from orders.actions.request_refunds import request_refunds
from orders.drafts import Amount, ChargeDraft, DiscountDraft
from orders.models import Hold, Note, Order, Refund
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def opened(lines: list[tuple[str, int]] | None = None) -> Order:
    build.stock(build.item("A"), 5)
    order = build.order(lines or [("A", 2)])
    way.work_of(order)
    return Order.objects.get(pk=order.pk)


def test_held_and_released_by_their_own_right() -> None:
    order = opened()
    support, manager = Hand("support"), Hand("manager")
    assert support.press("orders.hold", order, type="customer_request", words="Away until Monday") == 302
    hold = Hold.objects.get()
    assert hold.words == "Away until Monday" and "Undo" in support.told
    assert support.press("orders.hold", order, type="scheduled_until") == 422
    later = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert support.press("orders.hold", order, type="scheduled_until", until=later) == 302
    # A role that may not release this type is not offered it.
    assert Hand("warehouse").press("orders.release_hold", hold) == 403
    hold.type = "fraud_risk"
    hold.save(update_fields=["type"])
    assert support.press("orders.release_hold", hold) == 409
    assert support.press("orders.release_holds", order) == 302
    assert {h.type: h.state for h in Hold.objects.all()} == {
        "fraud_risk": "active",
        "scheduled_until": "released",
    }
    assert "not yours to release" in support.told
    assert "orders.release_holds" not in support.offers(order)
    assert manager.press("orders.release_hold", hold, note="rang her") == 302
    hold.refresh_from_db()
    assert (hold.state, hold.note, hold.ended_by) == ("released", "rang her", "user:manager-hand")


def test_a_note_and_an_address() -> None:
    order = opened()
    support = Hand("support")
    assert support.press("orders.note", order, text="She rang.") == 302
    assert Note.objects.get().text == "She rang."
    assert support.press("orders.correct_address", order, line1="99 Other Street") == 302, support.told
    order.refresh_from_db()
    assert order.shipping_address["line1"] == "99 Other Street" and order.shipping_address["city"]
    assert support.press("orders.correct_address", order, postcode="XX") == 409
    assert Hand("warehouse").press("orders.correct_address", order) == 403


def test_an_unknown_line_gets_its_item_by_sku_or_barcode() -> None:
    a = build.item("A")
    Barcode.objects.create(item=a, code="5012345678900")
    order = opened([("A", 1), ("WHO", 1), ("WHAT", 1)])
    _, who, what = order.lines.all()
    clerk = Hand("clerk")
    assert clerk.press("orders.map_line", who, item="NOPE") == 422 and "no item" in clerk.told
    assert clerk.press("orders.map_line", who, item="a") == 302
    assert clerk.press("orders.map_line", what, item="5012345678900") == 302
    assert set(order.lines.values_list("item__sku", flat=True)) == {"A"}
    assert clerk.press("orders.map_line", who, item="A") == 409


def test_a_refund_shows_what_it_comes_to_and_is_made_once(settings: object) -> None:
    order = way.delivered()
    line = order.lines.get()
    support, manager = Hand("support"), Hand("manager")
    seen = support.preview("orders.refund", order, why="late", goodwill="3.00", **{f"units_{line.pk}": 1})
    assert "£15.00" in seen.words and not Refund.objects.exists()
    assert dict(seen.facts)["goodwill"] == "£3.00"
    assert (dict(seen.each), seen.total) == ({str(line.pk): "£12.00"}, "£15.00")
    told = support.answer.content.decode()
    assert "<strong>£12.00</strong>" in told and "<strong>£15.00</strong>" in told
    asked = support.look("orders.refund", order).content.decode()
    assert "up to £24.00" in asked and asked.count("<tbody><tr>") == 1
    assert support.preview("orders.refund", order, why="late", goodwill="300") is None
    settings.REFUND_LIMIT_CLERK = 10  # type: ignore[attr-defined]
    assert support.press("orders.refund", order, why="late", goodwill="15.00") == 409
    assert not Refund.objects.exists()
    assert manager.press("orders.refund", order, why="late", whole="on") == 302
    assert Refund.objects.get().amount == Decimal("30.00")
    assert "nothing to give back" in support.offers(order)["orders.refund"]


def test_fees_paid_are_in_the_whole_refund_unless_the_form_says_otherwise() -> None:
    fee = ChargeDraft("fee", "Gift wrap", Amount.same(Decimal("3.00")), Amount.same(Decimal("0.60")))
    cent = ChargeDraft("rounding", "Rounding", Amount.same(Decimal("0.01")))
    plain = build.draft()
    charges = (*plain.charges, fee, cent)
    total = plain.total + fee.net + fee.tax + cent.net
    order = build.order(charges=charges, total=total, payments=(replace(plain.payments[0], amount=total),))
    manager = Hand("manager")
    seen = manager.preview("orders.refund", order, why="late", whole="on")
    assert dict(seen.facts)["fees paid"] == "£3.61" and "£21.61" in seen.words
    kept = manager.preview("orders.refund", order, why="late", whole="on", charges="0.00")
    assert "fees paid" not in dict(kept.facts) and "£18.00" in kept.words
    assert manager.preview("orders.refund", order, why="late", charges="3.62") is None
    assert (
        manager.press("orders.refund", order, why="late", charges="3.62") == 409
        and not Refund.objects.exists()
    )
    assert manager.press("orders.refund", order, why="late", whole="on") == 302
    assert Refund.objects.get().amount == total.customer


def test_a_failed_refund_is_tried_again_or_given_up() -> None:
    order = way.delivered()
    manager = Hand("manager")
    manager.press("orders.refund", order, why="late", goodwill="3.00")
    refund = Refund.objects.get()
    assert "orders.retry_refund" not in manager.offers(refund)
    request_refunds([refund.pk], by=SYSTEM)
    fail_refund(refund.pk, why="card expired", by=SYSTEM)
    assert Hand("support").press("orders.retry_refund", refund) == 302
    assert Hand("support").press("orders.give_up_refund", refund, why="by bank") == 403
    assert manager.press("orders.give_up_refund", refund, why="by bank") == 302
    refund.refresh_from_db()
    assert refund.state == "cancelled"
    assert manager.press("orders.refund", order, why="again", goodwill="3.00") == 302


def test_a_finished_order_is_opened_again_by_a_manager() -> None:
    order = way.delivered()
    assert Hand("clerk").press("orders.reopen", order) == 403
    assert Hand("manager").press("orders.reopen", order, why="a part was missing") == 302
    order.refresh_from_db()
    assert order.state == "review"


def test_discounts_stand_on_the_lines_and_in_the_money() -> None:
    build.item("A")
    off = Amount.same(Decimal("2.00"))
    draft = build.draft([("A", 1)])
    mine = DiscountDraft("SPRING", "", off, draft.lines[0].external_id)
    whole = DiscountDraft("", "Loyal customers", Amount.same(Decimal("1.50")))
    (order,) = build.place(replace(draft, discounts=(mine, whole)))
    page = Hand("clerk").client.get(reverse("admin:orders_order_change", args=[order.pk]))
    html = page.content.decode()
    assert "SPRING: £2.00 off" in html
    assert "Loyal customers" in html and "£1.50" in html
    order.refresh_from_db()
    assert order.total == draft.total.customer, "it is in the prices already"


def test_a_hold_says_who_placed_and_who_ended_it() -> None:
    order = opened()
    support = Hand("support")
    support.press("orders.hold", order, type="manual", words="Wait for me")
    address = reverse("admin:orders_order_change", args=[order.pk])

    def panel() -> str:
        return (
            support.client.get(address)
            .content.decode()
            .partition('class="columns')[2]
            .partition('class="timeline')[0]
        )

    assert f"placed by {support.user.username}" in panel() and "ended by" not in panel()
    clerk = Hand("clerk")
    clerk.press("orders.release_hold", Hold.objects.get())
    assert f"placed by {support.user.username}" in panel() and f"ended by {clerk.user.username}" in panel()


@pytest.mark.parametrize(
    ("included", "words"), [(True, "prices include tax"), (False, "prices are without tax")]
)
def test_the_money_says_whether_prices_include_tax(included: bool, words: str) -> None:
    build.item("A")
    order = build.order([("A", 1)], prices_include_tax=included)
    page = Hand("clerk").client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert words in page.content.decode()


@pytest.mark.parametrize(
    ("rounding", "digits", "words"),
    [
        ("line", 2, "rounds tax on each line, to 2 digits"),
        ("order", None, "rounds tax once on the whole order."),
        ("", None, "does not tell by which rule"),
    ],
)
def test_the_money_says_by_which_rule_tax_was_rounded(rounding: str, digits: int | None, words: str) -> None:
    build.item("A")
    order = build.order([("A", 1)], tax_rounding=rounding, tax_decimals=digits)
    page = Hand("clerk").client.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert words in page.content.decode()
