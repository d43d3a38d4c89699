"""Goods that come back without papers: received, matched to their order, then a return like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from fulfillment.models import Shipment
from inventory.models import StockLevel, StockMovement
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboxEvent
from orders.models import Order, OrderLine, Refund
from returns.actions.cancel import cancel_returns
from returns.actions.close import close_returns
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.quote_return import Paying
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.refund_returns import refund_return
from returns.actions.unmatch_returns import unmatch_returns
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt
from tests import build, way
from tests.api.conftest import Caller, api, fresh_house, token  # noqa: F401
from tests.pressing import Hand
from tests.returns.test_returns import found, fresh, paid_back

pytestmark = pytest.mark.django_db


def books() -> dict[str, Any]:
    models = (Return, ReturnLine, ReturnReceipt, Disposition, StockLevel, StockMovement, OrderLine, Order, Refund,
              JournalEntry, OutboxEvent)  # fmt: skip
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in models}


def refused(call: Callable[[], Any]) -> list[str]:
    before = books()
    with pytest.raises(Refused) as error:
        call()
    assert books() == before
    return [reason.code for reason in error.value.reasons]


def came(sku: str = "A", quantity: int = 1, key: str = "k", **kwargs: Any) -> Return:
    pieces = {build.item(sku).pk: quantity}
    (rma,) = receive_unannounced([Unannounced(build.location().pk, pieces, key, **kwargs)], by=SYSTEM)
    return rma


def matched(rma: Return, order: Order) -> Return:
    (done,) = match_returns([Matching(rma.pk, order.pk)], by=SYSTEM)
    return done


def test_it_is_on_the_books_at_once_and_waits_for_its_order() -> None:
    build.stock(build.item("A"), 3)
    rma = came(quantity=2, note="From: A. Smith")
    level = build.level(build.item("A"))
    assert (level.on_hand, level.unavailable, level.available) == (5, 2, 3)
    assert (rma.state, rma.order, rma.number, rma.reason) == (
        "received",
        None,
        f"U-{rma.pk}",
        "From: A. Smith",
    )
    assert rma.lines.get().reception == "received"
    movement = StockMovement.objects.latest("pk")
    assert (movement.reason, movement.on_hand, movement.document) == ("return", 2, f"return:{rma.pk}")
    after = books()
    assert came(quantity=2).pk == rma.pk and books() == after  # the same scan once more
    assert refused(lambda: refund_return(Paying(rma.pk), by=SYSTEM)) == ["unmatched"]
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["unmatched"]
    assert refused(lambda: cancel_returns([rma.pk], by=SYSTEM)) == ["wrong_state"]
    way.sound()


@pytest.mark.parametrize(
    ("pieces", "place", "codes"),
    [
        ({}, None, ["nothing_arrived"]), ({"A": 0}, None, ["nothing_arrived"]),
        ({"A": 1}, 0, ["unknown_location"]), ({"?": 1}, None, ["unknown_item"]),
    ],
)  # fmt: skip
def test_what_cannot_be_booked_is_refused(
    pieces: dict[str, int], place: int | None, codes: list[str]
) -> None:
    item, at = build.item("A"), build.location().pk if place is None else place
    asked = {0 if sku == "?" else item.pk: n for sku, n in pieces.items()}
    assert refused(lambda: receive_unannounced([Unannounced(at, asked, "k")], by=SYSTEM)) == codes


def test_it_is_matched_inspected_and_paid_for_once() -> None:
    order = way.delivered([("A", 2)])
    before = build.level(build.item("A")).on_hand
    rma = came(quantity=1)
    rma = matched(rma, order)
    line = order.lines.get()
    assert (line.returned, fresh(order).return_status) == (1, "open")
    assert build.level(build.item("A")).on_hand == before + 1  # it came in once, when it came
    assert rma.verdict["verdict"] == "accept" and rma.journal_thread == f"order:{order.pk}"
    assert refused(lambda: matched(rma, order)) == ["matched"]
    found(rma, ("as_new", "restock", 1))
    refund = refund_return(Paying(rma.pk), by=SYSTEM)
    assert refund.amount == 12
    assert refund_return(Paying(rma.pk), by=SYSTEM).pk == refund.pk
    assert refused(lambda: unmatch_returns([rma.pk], by=SYSTEM)) == ["refunded"]
    paid_back(refund)
    close_returns([rma.pk], by=SYSTEM)
    assert build.level(build.item("A")).available == before + 1
    assert [r.amount for r in Refund.objects.all()] == [12]
    way.sound()


def test_never_more_than_was_sent_and_has_not_come_back() -> None:
    order = way.delivered([("A", 2)])
    other = way.delivered([("B", 2)])
    rma = came(quantity=3)
    assert refused(lambda: matched(rma, order)) == ["more_than_sent"]
    assert refused(lambda: matched(rma, other)) == ["not_in_order"]
    one, two = came(quantity=1, key="one"), came(quantity=2, key="two")
    matched(one, order)
    assert refused(lambda: matched(two, order)) == ["more_than_sent"]
    # What is awaited in a return of its own is not there for another.
    (rma,) = open_returns([Opening(order.pk, [Wanted(order.lines.get().pk, 1)], authorise=True)], by=SYSTEM)
    last = came(quantity=1, key="last")
    assert refused(lambda: matched(last, order)) == ["more_than_sent"]
    cancel_returns([rma.pk], by=SYSTEM)
    matched(last, order)
    assert order.lines.get().returned == 2
    # Nor in one batch.
    third, a, b = way.delivered([("C", 1)]), came("C", 1, "a"), came("C", 1, "b")
    pair = [Matching(a.pk, third.pk), Matching(b.pk, third.pk)]
    assert refused(lambda: match_returns(pair, by=SYSTEM)) == ["more_than_sent"]
    way.sound()


def test_pieces_of_two_lines_of_one_item() -> None:
    for _ in range(2):
        build.stock(build.item("A"), 2)
    order = build.order([("A", 2), ("A", 2)])
    for work in way.work_of(order):
        way.send(work)
    way.deliver(order)
    rma = matched(came(quantity=3), order)
    parts = list(rma.lines.order_by("pk").values_list("order_line", "quantity", "received"))
    first, second = order.lines.all()
    assert parts == [(first.pk, 2, 2), (second.pk, 1, 1)]
    assert [r.quantity for r in ReturnReceipt.objects.order_by("pk")] == [2, 1]
    assert (first.returned, second.returned) == (2, 1)
    rma = unmatch_returns([rma.pk], by=SYSTEM)[0]
    assert not OrderLine.objects.filter(returned__gt=0).exists()
    matched(rma, order)
    assert sum(x.returned for x in order.lines.all()) == 3
    way.sound()


def test_a_wrong_match_is_taken_back() -> None:
    wrong, right = way.delivered([("A", 1)]), way.delivered([("A", 1)])
    rma = matched(came(), wrong)
    (rma,) = unmatch_returns([rma.pk], by=SYSTEM)
    assert (fresh(rma).order, wrong.lines.get().returned, fresh(wrong).return_status) == (None, 0, "")
    matched(rma, right)
    assert right.lines.get().returned == 1
    (asked,) = open_returns([Opening(wrong.pk, [Wanted(wrong.lines.get().pk, 1)])], by=SYSTEM)
    assert refused(lambda: unmatch_returns([asked.pk], by=SYSTEM)) == ["announced"]
    way.sound()


def test_nobodys_goods_are_inspected_and_closed_another_way() -> None:
    rma = came(quantity=1)
    found(rma, ("as_new", "restock", 1))
    close_returns([rma.pk], settled_otherwise="nobody asks for it", by=SYSTEM)
    assert fresh(rma).state == "closed" and build.level(build.item("A")).available == 1
    way.sound()


# -- at the console


def waiting() -> int:
    return registry.queues["returns-unmatched"].rows().count()


def test_at_the_dock_and_at_the_desk() -> None:
    order = way.delivered([("A", 2)])
    place, dock, support = build.location(), Hand("warehouse"), Hand("support")
    page = dock.client.get(reverse("admin:returns_return_unannounced"))
    assert page.status_code == 302 and f"ids={place.pk}" in page["Location"]
    build.location("NORTH")
    page = dock.client.get(reverse("admin:returns_return_unannounced"))
    assert "Where do they lie?" in page.content.decode() and "North" in page.content.decode()
    assert Hand("clerk").client.get(reverse("admin:returns_return_unannounced")).status_code in (200, 403)
    before = books()
    assert support.press("returns.receive_unannounced", place, lines="A 1") == 403
    assert dock.press("returns.receive_unannounced", place, lines="NO-SUCH 1") == 422
    assert books() == before
    assert dock.preview("returns.receive_unannounced", place, lines="A 1").facts == [("A Thing A", "1 piece")]
    assert dock.press("returns.receive_unannounced", place, lines="A 1", note="RM123") == 302, dock.told
    rma = Return.objects.get()
    assert rma.number in dock.told and waiting() == 1

    before = books()
    assert dock.press("returns.match", rma) == 403
    assert support.press("returns.match", rma, order="T-nothing") == 422
    assert f"It could be {order.number}" in support.told
    assert books() == before
    tracking = Shipment.objects.get().tracking_number
    for text in (order.number, order.number.lower(), order.external_number, order.email, tracking):
        seen = support.preview("returns.match", rma, order=text)
        assert seen and seen.facts == [("Thing A", "1 came back")], text
    assert support.press("returns.match", rma, order=tracking) == 302, support.told
    assert (waiting(), fresh(rma).order) == (0, order)
    shown = support.client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert rma.number in shown
    assert "returns.refund" in support.offers(fresh(rma))
    assert support.press("returns.unmatch", fresh(rma)) == 302 and waiting() == 1


def test_nobodys_goods_are_settled_at_the_desk() -> None:
    clerk, rma = Hand("clerk"), came()
    pk = rma.lines.get().pk
    assert "nobody has said" in clerk.offers(rma)["returns.close"]
    assert clerk.press("returns.settle", rma, how="nobody asks for it") == 409  # not looked at yet
    assert clerk.press("returns.inspect", rma, **{f"condition_{pk}": "as_new"}) == 302, clerk.told
    assert clerk.press("returns.settle", rma, how="nobody asks for it") == 302, clerk.told
    assert fresh(rma).state == "closed" and waiting() == 0


def test_of_a_customers_many_orders_only_those_that_can_be_meant() -> None:
    support = Hand("support")
    mail = {"email": "ada@example.com"}
    first = way.delivered([("A", 1)], **mail)
    way.delivered([("B", 1)], **mail)
    rma = came()
    assert support.press("returns.match", rma, order="ada@example.com", step="preview") == 200
    assert first.number in support.told
    way.delivered([("A", 2)], **mail)  # the same lines again would be held as a duplicate
    assert support.press("returns.match", rma, order="ada@example.com") == 422
    assert "Several orders could be meant" in support.told and Return.objects.get().order is None


# -- by the API


def test_by_the_api(api: Caller) -> None:  # noqa: F811
    order = way.delivered([("A", 2)])
    body = {"location": "MAIN", "lines": [{"item": "A", "quantity": 1}], "note": "no slip"}
    made = api.send("returns/unannounced", body)
    assert made.status_code == 201, made.json()
    rma = made.json()
    assert (rma["order"], rma["order_number"], rma["state"], rma["lines"][0]["sku"]) == (
        None,
        None,
        "received",
        "A",
    )
    assert [r["id"] for r in api.read("returns", unmatched="true").json()["results"]] == [rma["id"]]
    assert (
        api.send("returns/unannounced", {**body, "lines": [{"item": "X", "quantity": 1}]}).status_code == 400
    )
    assert api.send(f"returns/{rma['id']}/match", {"order": 0}).status_code in (400, 404)
    done = api.send(f"returns/{rma['id']}/match", {"order": order.pk}).json()
    assert (done["order"], done["order_number"], done["lines"][0]["order_line"]) == (
        order.pk, order.number, order.lines.get().pk,
    )  # fmt: skip
    assert api.send(f"returns/{rma['id']}/match", {"order": order.pk}).status_code == 409
    assert api.send(f"returns/{rma['id']}/unmatch").json()["order"] is None
    assert api.read("returns", unmatched="false").json()["results"] == []
