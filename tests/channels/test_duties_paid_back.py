"""Duties at Shopify: each is a charge of its own, given back by its name, and never twice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from channels import tasks
from channels.actions.connect import adapter_of
from channels.actions.fetch_orders import fetch_orders
from channels.adapters.shopify import Shopify
from channels.models import ChannelAccount
from fulfillment.actions.cancel_with_refund import cancel_with_refund
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.models import FulfillmentOrder
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.money import Money
from oms.core.relay import relay
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.cancel import Cancelling
from orders.actions.change_money import change_money
from orders.actions.quote_refund import for_quote, left_by_name
from orders.models import Order, Refund
from orders.rules.refund_amount import RefundAsk
from returns.actions.open import Opening, Wanted, open_returns
from tests.channels.shops import Shop
from tests.pressing import Hand

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("shop", ["shopify"], indirect=True),
]
OF_A, OF_WRAP = "Duties: A", "Duties: WRAP"


def levied(shop: Shop, included: bool = False) -> Order:
    duties = {"A": {"duty": {"price": "3.00", "tax_rate": "0.2"}}, "WRAP": {"duty": "1.25"}}
    order = shop.buy("A", "WRAP", of=duties, taxes_included=included)
    paid = {charge.title: charge.net + charge.tax for charge in order.charges.all()}
    assert paid == {OF_A: Decimal("3.00" if included else "3.60"), OF_WRAP: Decimal("1.25")}
    assert (order.payment_status, order.holds.filter(type="total_mismatch").count()) == ("paid", 0)
    return order


def named(order: Order, title: str) -> str:
    return order.charges.get(title=title).external_id


def left(order: Order) -> list[str]:
    return [one.title for one in left_by_name(for_quote([order.pk])[0])]


def adapter(account: ChannelAccount) -> Shopify:
    made = adapter_of(account)
    assert isinstance(made, Shopify)
    return made


def send(order: Order) -> Order:
    for _ in range(2):
        relay()
        tasks.effects()
    order.refresh_from_db()
    return order


def told(shop: Shop, order: Order) -> tuple[list[list[str]], Decimal]:
    """The duties in each refund at the shop, and the differences that it books between name and money."""
    known, at = adapter(shop.account), f"gid://shopify/Order/{order.external_id}"
    asked = "query Off($id: ID!) { order(id: $id) { refundDiscrepancySet { presentmentMoney { amount } } } }"
    off = known.ask(asked, id=at)["order"]["refundDiscrepancySet"]["presentmentMoney"]["amount"]
    return [[row["originalDuty"]["id"] for row in one["duties"]] for one in known.refunds(at)], Decimal(off)


def _ship(order: Order) -> None:
    relay()
    for work in FulfillmentOrder.objects.filter(order=order):
        start_pick([work.pk], by=SYSTEM)
        confirm_pick([Found(work.pk)], by=SYSTEM)
        for parcel in pack([Packing(work.pk)], by=SYSTEM):
            type_tracking(parcel.pk, carrier="Royal Mail", number="RM123456781GB", by=SYSTEM)
        ship([work.pk], by=SYSTEM)


def hear(shop: Shop) -> None:
    """All that the shop has to tell, twice."""
    for _ in range(2):
        fetch_orders(shop.account)
        relay()


def test_one_duty_is_given_back_and_one_kept(shop: Shop) -> None:
    order, clerk = levied(shop), Hand("manager")
    duty, kept = named(order, OF_A), named(order, OF_WRAP)
    preview = clerk.preview("orders.refund", order, why="They were never due.", named=[duty])
    assert "3.60" in preview.words
    assert clerk.press("orders.refund", order, why="They were never due.", named=[duty]) == 302
    refund = Refund.objects.get()
    assert refund.amount == Decimal("3.60")
    assert [(p.kind, p.charge, p.net, p.tax) for p in refund.lines.all()] == [
        ("charge", duty, 3, Decimal("0.6"))
    ]
    assert left(order) == [OF_WRAP]
    assert send(order).payment_status == "partly_refunded"
    assert told(shop, order) == ([[duty]], 0)
    hear(shop)
    assert Refund.objects.get().state == "succeeded" and Refund.objects.get().lines.count() == 1
    assert order.transactions.filter(kind="refund").count() == 1
    (offered,) = clerk.look("orders.refund", order).context["form"].fields["named"].choices
    assert offered[0] == kept and offered[1].startswith(OF_WRAP)
    assert f'type="checkbox" name="named" value="{kept}"' in clerk.told
    assert clerk.press("orders.refund", order, why="Once more", named=[duty]) == 422
    with pytest.raises(Refused) as refusal:
        approve_refund(Refunding(order.pk, RefundAsk(named_charges=[duty]), "once more"), by=SYSTEM)
    assert [r.code for r in refusal.value.reasons] == ["charge_gone"]


def test_a_return_gives_back_the_duty_of_what_came(shop: Shop) -> None:
    order, clerk = levied(shop), Hand("manager")
    duty, kept = named(order, OF_A), named(order, OF_WRAP)
    _ship(order)
    line = order.lines.get(sku="A")
    (rma,) = open_returns([Opening(order.pk, [Wanted(line.pk, 1)], authorise=True)], by=SYSTEM)
    goods = (line.net + line.tax) / line.ordered
    preview = clerk.preview("returns.refund", rma, named=[duty], **{f"units_{line.pk}": 1})
    assert dict(preview.facts)["fees paid"] == "£3.60"
    assert clerk.press("returns.refund", rma, named=[duty], **{f"units_{line.pk}": 1}) == 302
    refund = Refund.objects.get()
    assert refund.amount == goods + Decimal("3.60")
    assert left(order) == [OF_WRAP]
    send(order)
    assert told(shop, order)[0] == [[duty]]
    assert kept in [one.key for one in left_by_name(for_quote([order.pk])[0])]


def test_a_duty_keeps_its_name_when_the_shop_changes_the_money(shop: Shop) -> None:
    order = levied(shop)
    duty, rows = named(order, OF_A), set(order.charges.values_list("pk", flat=True))
    approve_refund(Refunding(order.pk, RefundAsk(named_charges=[duty]), "never due"), by=SYSTEM)
    raw = adapter(shop.account).fetch_order(order.external_id)
    assert raw is not None
    with transaction.atomic():
        change_money(order, adapter(shop.account).read(raw.body), by=SYSTEM)
    assert not rows & set(order.charges.values_list("pk", flat=True)), "made anew"
    assert left(order) == [OF_WRAP]
    send(order)
    assert told(shop, order) == ([[duty]], 0)


def test_what_the_shop_gave_back_itself_is_not_given_back_again(shop: Shop) -> None:
    order = levied(shop)
    duty, other = named(order, OF_A), named(order, OF_WRAP)
    shop.act("refund_in_shop", order=order.external_number, duties=[{"sku": "A"}])
    hear(shop)
    refund = order.refunds.get()
    assert (refund.made_at_shop, refund.amount) == (True, Decimal("3.60"))
    assert [(p.kind, p.charge, p.net + p.tax) for p in refund.lines.all()] == [
        ("charge", duty, Decimal("3.60"))
    ]
    assert left(order) == [OF_WRAP]
    rest = approve_refund(Refunding(order.pk, RefundAsk(whole=True), "all of it"), by=SYSTEM)
    assert rest.amount == order.total - Decimal("3.60")
    assert send(order).payment_status == "refunded"
    assert told(shop, order) == ([[duty], [other]], 0)
    hear(shop)
    assert order.refunds.count() == 2 == order.transactions.filter(kind="refund").count()


def test_given_back_there_while_ours_is_on_its_way(shop: Shop) -> None:
    """The shop refuses the second: nothing is paid twice, and the clerk reads why."""
    order = levied(shop)
    approve_refund(Refunding(order.pk, RefundAsk(named_charges=[named(order, OF_A)]), "never due"), by=SYSTEM)
    shop.act("refund_in_shop", order=order.external_number, duties=[{"sku": "A"}])
    send(order)
    ours = order.refunds.get(made_at_shop=False)
    assert ours.state == "failed" and "already been refunded" in ours.failure
    assert len(told(shop, order)[0]) == 1
    assert sum(t.amount for t in order.transactions.filter(kind="refund")) == Decimal("3.60")


def test_a_part_is_an_amount_only(shop: Shop) -> None:
    order = levied(shop)
    part = RefundAsk(charges=Money(Decimal("1.00"), "GBP"))
    approve_refund(Refunding(order.pk, part, "some of it"), by=SYSTEM)
    assert send(order).payment_status == "partly_refunded"
    assert told(shop, order) == ([[]], Decimal("-1.00"))


def test_an_order_called_off_gives_back_every_duty(shop: Shop) -> None:
    order = levied(shop, included=True)
    duties = sorted(order.charges.values_list("external_id", flat=True))
    _, (refund,) = cancel_with_refund(
        [Cancelling(order.pk, "changed her mind")], key="k", limit=None, by=SYSTEM
    )
    assert refund.amount == order.total
    assert send(order).payment_status == "refunded"
    (back,), off = told(shop, order)
    assert (sorted(back), off) == (duties, 0)
