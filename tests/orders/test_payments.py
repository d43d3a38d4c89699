"""The payment ledger: facts are added, never changed; status, holds and what may be refunded follow from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from fulfillment.models import FulfillmentOrder
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboxEvent
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.enter_payments import Entering, enter_payments
from orders.actions.release_holds import release_holds
from orders.drafts import Amount, PaymentDraft
from orders.models import Hold, Order, PaymentTransaction, Refund
from orders.rules.refund_amount import RefundAsk
from tests import build, way
from tests.api.conftest import Caller, api, fresh_house, reasons, token  # noqa: F401
from tests.pressing import Hand

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def fact(kind: str, amount: str, status: str = "succeeded", reference: str = "case-1") -> PaymentDraft:
    return PaymentDraft(reference, kind, status, Amount.same(Decimal(amount)), AT)


def enter(order: Order, *args: str) -> Order:
    enter_payments([Entering(order.pk, fact(*args))], by=SYSTEM)
    return Order.objects.get(pk=order.pk)


def books() -> dict[str, Any]:
    models = (PaymentTransaction, Hold, Order, Refund, JournalEntry, OutboxEvent)
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in models}


def refused(call: Callable[[], Any]) -> list[str]:
    before = books()
    with pytest.raises(Refused) as error:
        call()
    assert books() == before
    return [reason.code for reason in error.value.reasons]


def waiting() -> int:
    return registry.queues["held-chargeback"].rows().count()


def test_authorised_then_taken_in_parts() -> None:
    order = build.order(paid=False)  # 18.00
    assert order.payment_status == "none"
    assert enter(order, "authorisation", "10", "succeeded", "a").payment_status == "partly_authorised"
    assert enter(order, "authorisation", "8", "succeeded", "b").payment_status == "authorised"
    assert enter(order, "capture", "5", "succeeded", "c").payment_status == "partly_paid"
    assert enter(order, "capture", "13", "succeeded", "d").payment_status == "paid"
    assert enter(order, "capture", "13", "succeeded", "d").payment_status == "paid"  # told twice, one fact
    assert PaymentTransaction.objects.count() == 4 and not Hold.objects.exists()
    assert enter(order, "capture", "1", "succeeded", "e").payment_status == "overpaid"
    hold = Hold.objects.get()
    assert (hold.type, hold.data["code"]) == ("total_mismatch", "captured_over_authorised")


def test_a_dispute_holds_the_order_until_it_is_won() -> None:
    build.stock(build.item("A"), 5)
    order = build.order()
    (work,) = way.work_of(order)
    order = enter(order, "chargeback", "18", "pending")
    assert (order.payment_status, order.state, waiting()) == ("disputed", "review", 1)
    assert refused(lambda: approve_refund(Refunding(order.pk, RefundAsk(whole=True)), by=SYSTEM))
    with pytest.raises(Refused):
        way.send(FulfillmentOrder.objects.get(pk=work.pk))
    order = enter(order, "chargeback", "18", "failed")
    assert (order.payment_status, order.state, waiting()) == ("paid", "open", 0)
    assert Hold.objects.get().state == "expired"
    way.send(FulfillmentOrder.objects.get(pk=work.pk))
    way.sound()


def test_a_dispute_that_is_lost_is_money_gone() -> None:
    order = way.delivered([("A", 1)])
    enter(order, "chargeback", "18", "pending")
    order = enter(order, "chargeback", "18", "succeeded")
    assert (order.payment_status, waiting()) == ("refunded", 1)
    assert "nothing_to_refund" in refused(
        lambda: approve_refund(Refunding(order.pk, RefundAsk(whole=True)), by=SYSTEM)
    )
    hold = Hold.objects.get()
    release_holds([hold.pk], by=SYSTEM)
    assert waiting() == 0


@pytest.mark.parametrize(
    ("args", "codes"),
    [
        (("refund", "5"), ["bad_kind"]),
        (("capture", "0"), ["bad_amount"]),
        (("capture", "5", "succeeded", " "), ["bad_amount"]),
        (("chargeback", "18.01", "pending"), ["more_than_taken"]),
        (("chargeback", "18", "failed"), ["never_opened"]),
    ],
)
def test_what_cannot_be_is_refused(args: tuple[str, ...], codes: list[str]) -> None:
    order = build.order()
    assert refused(lambda: enter(order, *args)) == codes


def test_a_payment_that_comes_lets_the_order_go_on() -> None:
    build.stock(build.item("A"), 5)
    order = build.order(paid=False)
    way.work_of(order)
    order.refresh_from_db()
    assert order.state == "review"
    clerk = Hand("clerk")
    before = books()
    assert Hand("warehouse").press("orders.enter_payment", order) == 403
    assert clerk.press("orders.enter_payment", order, reference="") == 422
    assert books() == before
    assert clerk.press("orders.enter_payment", order, reference="INV 7") == 302, clerk.told
    order.refresh_from_db()
    assert (order.state, order.payment_status) == ("open", "paid") and "it is paid" in clerk.told
    assert PaymentTransaction.objects.get().kind == "external_paid"


def test_a_chargeback_at_the_desk_and_on_the_page() -> None:
    order = way.delivered([("A", 1)])
    clerk, boss = Hand("clerk"), Hand("manager")
    before = books()
    assert Hand("support").press("orders.enter_chargeback", order, reference="CB-9") == 403
    assert clerk.press("orders.enter_chargeback", order, reference="CB-9", amount="99") == 409
    assert "no more can be taken back" in clerk.told
    assert books() == before
    assert clerk.press("orders.enter_chargeback", order, reference="CB-9", amount="18") == 302, clerk.told
    page = clerk.client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert "Disputed by the bank" in page and "£18.00" in page
    hold = Hold.objects.get()
    assert clerk.press("orders.release_hold", hold) == 409  # a manager decides
    assert clerk.press("orders.enter_chargeback", order, what="failed") == 302, clerk.told
    assert Hold.objects.get().state == "expired"
    assert boss.press("orders.release_hold", hold) == 409


def test_by_the_api(api: Caller) -> None:  # noqa: F811
    order = build.order()
    body = {"kind": "chargeback", "status": "pending", "external_id": "d-1", "amount": "18.00"}
    made = api.send(f"orders/{order.pk}/payments", body)
    assert made.status_code == 201, made.json()
    assert (made.json()["payment_status"], made.json()["holds"][0]["type"]) == ("disputed", "chargeback")
    assert [p["kind"] for p in made.json()["payments"]] == ["capture", "chargeback"]
    assert api.send(f"orders/{order.pk}/payments", {**body, "kind": "refund"}).status_code == 400
    answer = api.send(f"orders/{order.pk}/payments", {**body, "amount": "20.00", "external_id": "d-2"})
    assert answer.status_code == 409 and reasons(answer) == ["more_than_taken"]


def test_a_dispute_in_the_draft_holds_it_from_the_first() -> None:
    total = Amount.same(Decimal("18.00"))
    payments = (
        PaymentDraft("p", "capture", "succeeded", total, AT), PaymentDraft("d", "chargeback", "pending", total, AT),
    )  # fmt: skip
    order = build.order(payments=payments)
    assert (order.payment_status, Hold.objects.get().type) == ("disputed", "chargeback")
