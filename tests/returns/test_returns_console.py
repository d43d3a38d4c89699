"""Returns at the console: every verb by its form, by the roles who do it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from oms.core.actors import SYSTEM
from oms.core.console import registry
from orders.actions.request_refunds import request_refunds
from orders.actions.settle_refunds import settle_refund
from orders.models import Refund
from returns.models import Disposition, Return
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def waiting(slug: str) -> int:
    return registry.queues[slug].rows().count()


def test_the_whole_way_by_hand() -> None:
    order = way.delivered([("A", 3)])
    line = order.lines.get()
    support, dock = Hand("support"), Hand("warehouse")

    units = {f"units_{line.pk}": 2}
    seen = support.preview("returns.open", order, why="too small", **units)
    assert seen.words == "The policy accepts it." and not Return.objects.exists()
    assert support.press("returns.open", order, why="too small", approve=None, **units) == 302
    rma = Return.objects.get()
    assert (rma.state, rma.requested_by) == ("requested", "user:support-hand")
    assert waiting("returns-to-approve") == 1
    assert support.press("returns.approve", rma) == 302

    main = build.location()
    arrived = {f"units_{rma.lines.get().pk}": 2}
    assert dock.press("returns.receive", rma, location=main.pk, **arrived) == 302, dock.told
    assert "2 received" in dock.told and waiting("returns-to-inspect") == 1
    pk = rma.lines.get().pk
    looked = {f"units_{pk}": 1, f"condition_{pk}": "as_new"}
    seen = dock.preview("returns.inspect", rma, **looked)
    assert seen.facts == [("Thing A", "1 for sale at once")]
    assert dock.press("returns.inspect", rma, **looked) == 302
    assert dock.press("returns.inspect", rma, **{f"condition_{pk}": "damaged"}) == 302
    assert [d.kind for d in Disposition.objects.order_by("pk")] == ["restock", "write_off"]
    assert (waiting("returns-to-inspect"), waiting("returns-to-settle")) == (0, 1)

    assert dock.press("returns.refund", rma) == 403
    assert "£24.00 will be paid back" in support.preview("returns.refund", rma).words
    assert not Refund.objects.exists()
    assert support.press("returns.refund", rma, fee="2.00", why="worn") == 302
    refund = Refund.objects.get()
    assert refund.amount == Decimal("22.00")
    offered = support.offers(rma)
    assert "already" in offered["returns.refund"] and "on its way" in offered["returns.close"]
    request_refunds([refund.pk], by=SYSTEM)
    settle_refund(refund.pk, external_id="r1", by=SYSTEM)
    assert support.press("returns.close", rma) == 302
    rma.refresh_from_db()
    assert rma.state == "closed" and waiting("returns-to-settle") == 0
    way.sound()


def test_what_is_refused_says_why_and_changes_nothing() -> None:
    order = way.delivered()
    line = order.lines.get()
    support, dock = Hand("support"), Hand("warehouse")
    assert support.press("returns.open", order, why="x", **{f"units_{line.pk}": 3}) == 422
    assert support.press("returns.open", order, why="x") == 409 and "which pieces" in support.told
    assert not Return.objects.exists()
    assert support.press("returns.open", order, why="x", approve=None, **{f"units_{line.pk}": 2}) == 302
    rma = Return.objects.get()
    assert dock.press("returns.receive", rma) == 409 and "approve it first" in dock.told
    assert "All that was sent came back" in support.offers(order)["returns.open"]
    assert support.press("returns.decline", rma, why="") == 422
    assert support.press("returns.decline", rma, why="Worn") == 302
    assert support.press("returns.approve", rma) == 409
    assert "returns.open" in support.offers(order) and not support.offers(order)["returns.open"]


def test_above_the_limit_a_manager_is_asked(settings: object) -> None:
    settings.REFUND_LIMIT_CLERK = 10  # type: ignore[attr-defined]
    order = way.delivered()
    Hand("support").press("returns.open", order, why="x", **{f"units_{order.lines.get().pk}": 2})
    rma = Return.objects.get()
    units = {f"units_{order.lines.get().pk}": 2}
    support, manager = Hand("support"), Hand("manager")
    assert support.press("returns.refund", rma, **units) == 409 and "ask a manager" in support.told
    assert not Refund.objects.exists()
    assert manager.press("returns.refund", rma, **units) == 302
    assert manager.press("returns.refund", rma, **units) == 409
    assert Refund.objects.count() == 1


def test_the_customer_keeps_it_or_it_is_settled_another_way() -> None:
    order = way.delivered([("A", 2)])
    line = order.lines.get()
    clerk = Hand("clerk")
    for _ in range(2):
        assert clerk.press("returns.open", order, why="x", **{f"units_{line.pk}": 1}) == 302
    keeps, short = Return.objects.order_by("pk")
    assert clerk.press("returns.finish", keeps, **{f"kept_{keeps.lines.get().pk}": "on"}) == 302
    assert clerk.press("returns.close", keeps) == 409
    assert clerk.press("returns.settle", keeps, how="a voucher") == 302
    assert clerk.press("returns.finish", short) == 302
    assert clerk.press("returns.close", short) == 302
    assert {r.state for r in Return.objects.all()} == {"closed"}


def test_a_return_is_called_off_and_pages_show_it() -> None:
    order = way.delivered()
    clerk = Hand("clerk")
    clerk.press("returns.open", order, why="x", **{f"units_{order.lines.get().pk}": 2})
    rma = Return.objects.get()
    page = clerk.client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert rma.number in page and "Receive" in page
    assert clerk.press("returns.cancel", rma, why="she likes it after all") == 302
    page = clerk.client.get(reverse("admin:returns_return_change", args=[rma.pk])).content.decode()
    assert "she likes it after all" in page


def test_many_are_approved_at_once() -> None:
    clerk = Hand("clerk")
    for sku in ("A", "B", "C"):
        order = way.delivered([(sku, 1)])
        clerk.press("returns.open", order, why="x", approve=None, **{f"units_{order.lines.get().pk}": 1})
    rows = list(Return.objects.all())
    assert clerk.press("returns.approve", *rows) == 302
    assert {r.state for r in Return.objects.all()} == {"authorised"}
