"""Part of an order cancelled here: no shop is told, so a person is, until it is done there."""

from __future__ import annotations

import pytest

from channels import tasks
from channels.models import UntoldCancel
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.models import JournalEntry, OutboundEffect
from oms.core.relay import relay
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.models import Order
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
