"""Part of an order cancelled here: no shop is told, so a person is, until it is done there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels import tasks
from channels.actions.fetch_orders import fetch_orders
from channels.actions.note_untold import _shows_off
from channels.actions.reread import reread
from channels.models import UntoldCancel
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.models import JournalEntry, OutboundEffect
from oms.core.relay import relay
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.drafts import OrderDraft, RefundDraft, RefundLineDraft
from orders.models import Order, OrderLine
from orders.rules.refund_amount import LineAsk, RefundAsk
from tests import build
from tests.channels.shops import Shop
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)


def cancelled(shop: Shop) -> tuple[Order, int]:
    """One of two pieces, without a refund."""
    order = shop.buy("A")
    line = order.lines.get().pk
    cancel_orders_in_work([Cancelling(order.pk, "one is broken", {line: 1})], by=SYSTEM)
    relay()
    return order, line


def waiting() -> list[Order]:
    return list(registry.queues["cancelled-untold"].rows())


def said(order: Order, verb: str) -> list[str]:
    return list(
        JournalEntry.objects.filter(thread=f"order:{order.pk}", verb=verb).values_list("words", flat=True)
    )


def settle(order: Order) -> None:
    for _ in range(2):
        relay()
        tasks.effects()
    assert {r.state for r in order.refunds.all()} == {"succeeded"}


def test_a_person_is_told_and_says_that_it_is_done(shop: Shop) -> None:
    order, _ = cancelled(shop)
    assert waiting() == [order]
    (words,) = said(order, "note_untold")
    assert "was not told" in words and "1 × " in words
    assert not OutboundEffect.objects.exists(), "nothing is sent that a refund would take off once more"
    assert Hand("warehouse").press("channels.settle_untold", order) == 403 and waiting() == [order]
    support = Hand("support")
    assert support.offers(order)["channels.settle_untold"] == ""
    assert [
        number for number, _ in support.look("channels.settle_untold", order).context["preview"].facts
    ] == [order.number]
    assert support.press("channels.settle_untold", order) == 302, support.told
    assert waiting() == [] and len(said(order, "settle_untold")) == 1
    row = UntoldCancel.objects.get()
    assert row.settled_by == "user:support-hand"
    assert "channels.settle_untold" not in support.offers(order)
    assert support.press("channels.settle_untold", order) == 409
    assert said(order, "settle_untold") and UntoldCancel.objects.get().settled_at == row.settled_at


def test_a_refund_of_those_pieces_empties_the_queue_and_one_of_others_does_not(shop: Shop) -> None:
    order, line = cancelled(shop)
    approve_refund(
        Refunding(order.pk, RefundAsk([LineAsk(line, 1)]), "came back", cause="return:1"), by=SYSTEM
    )
    settle(order)
    assert waiting() == [order], "what came back is another piece"
    approve_refund(Refunding(order.pk, RefundAsk([LineAsk(line, 1)]), "never left"), by=SYSTEM)
    settle(order)
    assert waiting() == [] and "by the refund" in said(order, "settle_untold")[0]


def test_cancelled_and_paid_back_at_once_nobody_is_troubled(shop: Shop) -> None:
    order = shop.buy("A")
    part = Cancelling(order.pk, "one is broken", {order.lines.get().pk: 1})
    cancel_with_refund([part], key="k", limit=None, by=SYSTEM)
    settle(order)
    assert waiting() == [] and said(order, "note_untold") == []
    assert UntoldCancel.objects.get().settled_by == str(SYSTEM)


def test_the_rest_cancelled_too_empties_the_queue_when_the_shop_has_heard(shop: Shop) -> None:
    order, _ = cancelled(shop)
    cancel_orders_in_work([Cancelling(order.pk, "the other one too")], by=SYSTEM)
    relay()
    assert waiting() == [order]
    tasks.effects()
    assert waiting() == [] and len(said(order, "settle_untold")) == 1


def test_an_order_of_no_connected_shop_waits_for_nobody(shop: Shop) -> None:
    build.stock(build.item("A"), 5)
    order = build.order([("A", 2)])
    cancel_orders_in_work([Cancelling(order.pk, "x", {order.lines.get().pk: 1})], by=SYSTEM)
    relay()
    assert waiting() == [] and not UntoldCancel.objects.exists()


def taken_off(shop: Shop, order: Order, left: int) -> None:
    """Somebody does it at the shop."""
    verb = "change_lines" if shop.kind == "woocommerce" else "edit_lines"
    which = int(order.external_id) if shop.kind == "woocommerce" else order.external_number
    shop.act(verb, order=which, lines=[{"sku": "A", "quantity": left}])
    fetch_orders(shop.account)
    relay()


def test_taken_off_at_the_shop_it_closes_by_itself(shop: Shop) -> None:
    order, _ = cancelled(shop)
    taken_off(shop, order, 1)
    assert waiting() == []
    (words,) = said(order, "settle_untold")
    assert words.startswith("The shop shows it taken off: 1 × ")
    assert UntoldCancel.objects.get().settled_by == "channel:shop"
    row = order.lines.get()
    assert (row.ordered, row.cancelled) == (2, 1), "what was cancelled here is not taken off twice"
    reread([order.pk], "ship")
    assert len(said(order, "settle_untold")) == 1


def test_read_again_without_it_being_done_it_stays_open(shop: Shop) -> None:
    order, _ = cancelled(shop)
    reread([order.pk], "ship")
    shop.act(
        "note",
        order=int(order.external_id) if shop.kind == "woocommerce" else order.external_number,
        note="hello",
    )
    fetch_orders(shop.account)
    assert waiting() == [order] and said(order, "settle_untold") == []


def test_two_kinds_of_pieces_each_close_by_themselves(shop: Shop) -> None:
    order = shop.buy("A", "WRAP")
    a, wrap = order.lines.order_by("pk")
    cancel_orders_in_work([Cancelling(order.pk, "broken", {a.pk: 1, wrap.pk: 2})], by=SYSTEM)
    relay()
    taken_off(shop, order, 1)
    assert waiting() == [order]
    assert list(UntoldCancel.objects.filter(settled_at=None).values_list("line", flat=True)) == [wrap.pk]


def test_paid_back_at_the_shop_it_closes_by_itself(shop: Shop) -> None:
    order, _ = cancelled(shop)
    which = int(order.external_id) if shop.kind == "woocommerce" else order.external_number
    piece = {"sku": "A", "quantity": 1}
    if shop.kind == "woocommerce":
        shop.act("refund_in_shop", order=which, lines=[piece], restock=True)
    else:
        shop.act("refund_in_shop", order=which, lines=[{**piece, "restock": "cancel"}])
    fetch_orders(shop.account)
    relay()
    assert waiting() == [] and len(said(order, "settle_untold")) == 1


def shows(
    read: OrderDraft, *, ordered: int = 3, cancelled: int = 1, returned: int = 0, sent: int = 0
) -> bool:
    (x,) = read.lines
    return _shows_off(
        read,
        OrderLine(external_id=x.external_id, ordered=ordered, cancelled=cancelled, returned=returned),
        sent,
    )


def test_what_came_back_or_was_lost_is_not_taken_for_what_was_cancelled() -> None:
    plain = build.draft([("A", 3)])
    (x,) = plain.lines
    part = RefundLineDraft(x.external_id, 1, x.net)
    paid = replace(plain, refunds=(RefundDraft("r1", plain.placed_at, x.net, (part,)),))
    fewer = replace(plain, lines=(replace(x, quantity=2),))
    assert not shows(plain) and shows(fewer) and shows(paid)
    assert not shows(paid, returned=1), "it may be for the piece that came back"
    assert not shows(paid, sent=1), "it is for the piece that was lost"
    assert shows(replace(paid, lines=fewer.lines), returned=1, sent=1)
    assert not shows(fewer, cancelled=2) and shows(replace(plain, cancelled_at=plain.placed_at), cancelled=2)
