"""Many hands on one return: with the order's lock removed counts get lost; with it in place nothing does."""

from __future__ import annotations

import threading

import pytest

from inventory.actions.reconcile import reconcile_stock
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from orders.models import Refund
from returns.actions import receive
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.match_returns import Matching, match_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.quote_return import Paying
from returns.actions.receive import Arrival, receive_returns
from returns.actions.receive_unannounced import Unannounced, receive_unannounced
from returns.actions.refund_returns import refund_return
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt
from tests import build, way
from tests.races.test_overselling import race

pytestmark = pytest.mark.django_db(transaction=True)

HANDS = 8


@pytest.fixture
def rma() -> Return:
    """Twelve pieces shall come back, and one has arrived."""
    order = way.delivered([("A", 12)])
    wish = Wanted(order.lines.get().pk, 12)
    (rma,) = open_returns([Opening(order.pk, [wish], authorise=True)], by=SYSTEM)
    _arrive(rma, "first")
    return rma


def _arrive(rma: Return, key: str, quantity: int = 1) -> None:
    line = ReturnLine.objects.get(rma=rma)
    receive_returns([Arrival(rma.pk, {line.pk: quantity}, build.location().pk, key)], by=SYSTEM)


def _books() -> tuple[int, int, int, int]:
    line = ReturnLine.objects.get()
    receipts = sum(ReturnReceipt.objects.values_list("quantity", flat=True))
    return line.received, receipts, line.order_line.returned, build.level(build.item("A")).on_hand


def test_the_same_scan_at_one_moment_is_booked_once(rma: Return) -> None:
    assert race(lambda n: _arrive(rma, "scan"), HANDS) == []
    assert _books() == (2, 2, 2, 2)
    assert reconcile_stock() == 0


def test_different_scans_at_one_moment_are_all_counted(rma: Return) -> None:
    assert race(lambda n: _arrive(rma, f"scan-{n}"), HANDS) == []
    assert _books() == (9, 9, 9, 9)
    assert reconcile_stock() == 0


def test_without_the_lock_counts_get_lost(rma: Return, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: everybody looks before anybody writes."""
    looked = threading.Barrier(HANDS)

    def unlocked(return_ids: list[int]) -> list[Return]:
        rows = list(
            Return.objects.filter(pk__in=return_ids)
            .select_related("order", "refund")
            .prefetch_related("lines__order_line", "lines__receipts")
        )
        [list(line.receipts.all()) for row in rows for line in row.lines.all()]
        looked.wait(timeout=20)
        return rows

    monkeypatch.setattr(receive, "lock_returns", unlocked)
    race(lambda n: _arrive(rma, f"scan-{n}"), HANDS)
    received, receipts, _, _ = _books()
    assert received < receipts, "the race was not run"


def test_more_than_is_here_is_disposed_of_by_nobody(rma: Return) -> None:
    _arrive(rma, "more", 2)
    line = ReturnLine.objects.get()
    errors = race(
        lambda n: inspect_returns(
            [Inspection(rma.pk, [Finding(line.pk, 1, "as_new", "restock")], f"look-{n}")], by=SYSTEM
        ),
        HANDS,
    )
    assert [type(e) for e in errors] == [Refused] * (HANDS - 3)
    assert Disposition.objects.count() == 3
    assert build.level(build.item("A")).available == 3
    assert reconcile_stock() == 0


def test_it_is_paid_for_once(rma: Return) -> None:
    units = {ReturnLine.objects.get().order_line_id: 1}
    assert race(lambda n: refund_return(Paying(rma.pk, units=units), by=SYSTEM), HANDS) == []
    assert Refund.objects.count() == 1


def test_what_came_without_papers_is_matched_to_no_more_than_was_sent() -> None:
    order, item = way.delivered([("A", 3)]), build.item("A")
    came = receive_unannounced(
        [Unannounced(build.location().pk, {item.pk: 1}, f"blind-{n}") for n in range(HANDS)], by=SYSTEM
    )
    errors = race(lambda n: match_returns([Matching(came[n].pk, order.pk)], by=SYSTEM), HANDS)
    assert [type(e) for e in errors] == [Refused] * (HANDS - 3)
    assert order.lines.get().returned == Return.objects.filter(order=order).count() == 3
    assert reconcile_stock() == 0
