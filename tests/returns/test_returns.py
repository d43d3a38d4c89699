"""The way back of goods and of money: two facts, each exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import StockLevel, StockMovement
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboxEvent
from oms.core.relay import relay
from orders.actions.give_up_refunds import give_up_refunds
from orders.actions.request_refunds import request_refunds
from orders.actions.settle_refunds import settle_refund
from orders.models import Order, OrderLine, Refund
from returns.actions.authorise import authorise_returns
from returns.actions.cancel import cancel_returns
from returns.actions.close import close_returns
from returns.actions.decline import decline_returns
from returns.actions.derive import accepted_units
from returns.actions.finish_reception import Finishing, finish_reception
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.open import Opening, Wanted, look, open_returns
from returns.actions.quote_return import Paying, quote_return
from returns.actions.receive import Arrival, receive_returns
from returns.actions.refund_returns import refund_return
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt
from tests import build, way

pytestmark = pytest.mark.django_db


def books() -> dict[str, Any]:
    """All that an action of this app could change."""
    models = (Return, ReturnLine, ReturnReceipt, Disposition, StockLevel, StockMovement, OrderLine, Order, Refund,
              JournalEntry, OutboxEvent)  # fmt: skip
    return {m.__name__: list(m.objects.order_by("pk").values()) for m in models}


def refused(call: Callable[[], Any]) -> list[str]:
    """The codes of a refusal that changed nothing."""
    before = books()
    with pytest.raises(Refused) as error:
        call()
    assert books() == before
    return [reason.code for reason in error.value.reasons]


def opened(order: Order, quantity: int = 2, **kwargs: Any) -> Return:
    line = order.lines.get()
    return open_returns(
        [Opening(order.pk, [Wanted(line.pk, quantity, "too small")], **{"authorise": True, **kwargs})],
        by=SYSTEM,
    )[0]


def arrive(rma: Return, quantity: int, key: str = "k", at: Any = None) -> list[ReturnReceipt]:
    at = at or build.location()
    return receive_returns([Arrival(rma.pk, {rma.lines.get().pk: quantity}, at.pk, key)], by=SYSTEM)


def found(rma: Return, *parts: tuple[str, str, int], key: str = "i", **kwargs: Any) -> list[Disposition]:
    line = rma.lines.get()
    return inspect_returns(
        [
            Inspection(
                rma.pk, [Finding(line.pk, n, condition, kind, **kwargs) for condition, kind, n in parts], key
            )
        ],
        by=SYSTEM,
    )


def paid_back(refund: Refund) -> None:
    request_refunds([refund.pk], by=SYSTEM)
    settle_refund(refund.pk, external_id=f"shop-{refund.pk}", by=SYSTEM)


def fresh(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


# -- opening


def test_a_return_is_opened_with_the_policys_words_and_moves_nothing() -> None:
    order = way.delivered()
    before = StockMovement.objects.count()
    rma = opened(order, authorise=False, reason="does not fit")
    assert (rma.number, rma.state, rma.location) == (f"{order.number}-R1", "requested", build.location())
    assert rma.verdict["verdict"] == "accept" and rma.verdict["words"]
    assert fresh(order).return_status == "open"
    assert StockMovement.objects.count() == before and not Refund.objects.exists()
    assert OutboxEvent.objects.filter(topic="returns.opened").count() == 1
    assert "2 × Thing A" in JournalEntry.objects.get(verb="open_return").words


def test_it_is_approved_at_once_only_where_the_policy_accepts_it() -> None:
    order = way.deliver(way.shipped(), timezone.now() - timedelta(days=35))
    rma = opened(order)
    assert (rma.state, rma.verdict["verdict"]) == ("requested", "needs_review")
    authorise_returns([rma.pk], by=SYSTEM)
    assert fresh(rma).state == "authorised" and fresh(rma).authorised_at


def test_what_the_policy_refuses_is_taken_in_only_for_review() -> None:
    order = way.deliver(way.shipped(), timezone.now() - timedelta(days=60))
    assert refused(lambda: opened(order)) == ["window_over"]
    rma = opened(order, for_review=True)
    assert (rma.state, rma.verdict["verdict"]) == ("requested", "refuse")


def test_what_cannot_come_back_at_all_is_refused_with_every_reason() -> None:
    order = way.delivered([("A", 2), ("B", 1)])
    a, b = order.lines.all()
    wishes = [Wanted(a.pk, 3), Wanted(b.pk, 0), Wanted(10**9, 1)]
    codes = refused(lambda: open_returns([Opening(order.pk, wishes, for_review=True)], by=SYSTEM))
    assert codes == ["too_many", "no_quantity", "unknown_line"]
    assert refused(lambda: open_returns([Opening(order.pk, [])], by=SYSTEM)) == ["nothing_wanted"]
    twice = [Wanted(a.pk, 1), Wanted(a.pk, 1)]
    assert refused(lambda: open_returns([Opening(order.pk, twice)], by=SYSTEM)) == ["line_twice"]
    assert refused(lambda: open_returns([Opening(10**9, twice)], by=SYSTEM)) == ["unknown_order"]


def test_what_was_not_sent_is_to_be_cancelled_instead() -> None:
    build.stock(build.item("A"), 2)
    order = build.order([("A", 2)])
    assert refused(lambda: opened(order)) == ["not_shipped"]


def test_units_on_their_way_back_are_not_asked_for_twice() -> None:
    order = way.delivered([("A", 3)])
    first = opened(order, 2)
    assert look(order, [Wanted(order.lines.get().pk, 2)]).verdict == "refuse"
    assert refused(lambda: opened(order, 2)) == ["too_many"]
    cancel_returns([first.pk], by=SYSTEM)
    assert opened(order, 3).number.endswith("-R2")


def test_the_channels_id_opens_it_once() -> None:
    order = way.delivered()
    first = opened(order, 1, external_id="gid://1")
    again = opened(order, 1, external_id="gid://1")
    assert again.pk == first.pk and Return.objects.count() == 1


def test_two_returns_of_one_order_in_one_batch() -> None:
    order = way.delivered([("A", 2)])
    line = order.lines.get()
    one = Opening(order.pk, [Wanted(line.pk, 1)])
    first, second = open_returns([one, one], by=SYSTEM)
    assert (first.number[-3:], second.number[-3:]) == ("-R1", "-R2")
    assert refused(lambda: open_returns([one], by=SYSTEM)) == ["too_many"]


def test_opening_many_takes_as_many_statements_as_opening_few() -> None:
    orders = [way.delivered([("A", 1)]) for _ in range(8)]

    def statements(some: list[Order]) -> int:
        with CaptureQueriesContext(connection) as seen:
            rows = open_returns(
                [Opening(o.pk, [Wanted(o.lines.get().pk, 1)], authorise=True) for o in some], by=SYSTEM
            )
        assert {r.state for r in rows} == {"authorised"}
        return len(seen) - len(some)  # each order's line is read by the test itself

    assert statements(orders[:2]) == statements(orders[2:])


# -- yes and no


def test_a_declined_return_lets_its_order_go_on() -> None:
    order = way.shipped()
    rma = opened(order, authorise=False)
    way.deliver(order)
    assert fresh(order).state == "open"  # a return is open
    assert refused(lambda: decline_returns([rma.pk], reason=" ", by=SYSTEM)) == ["reason_missing"]
    decline_returns([rma.pk], reason="Worn", by=SYSTEM)
    assert (fresh(rma).state, fresh(order).state, fresh(order).return_status) == ("declined", "completed", "")
    assert refused(lambda: authorise_returns([rma.pk], by=SYSTEM)) == ["wrong_state"]


def test_what_has_arrived_is_not_called_off() -> None:
    rma = opened(way.delivered())
    arrive(rma, 1)
    assert refused(lambda: cancel_returns([rma.pk], by=SYSTEM)) == ["wrong_state"]


# -- arriving


def test_goods_arrive_in_parts_at_any_place_and_are_not_for_sale() -> None:
    order = way.delivered([("A", 3)])
    a, dock = build.item("A"), build.location("DOCK")
    rma = opened(order, 3)
    arrive(rma, 1, "one")
    assert (fresh(rma).state, rma.lines.get().reception) == ("partly_received", "partly")
    arrive(rma, 2, "two", dock)
    assert (fresh(rma).state, rma.lines.get().reception, rma.lines.get().received) == (
        "received",
        "received",
        3,
    )
    here, there = build.level(a), build.level(a, dock)
    assert (here.on_hand, here.unavailable, there.on_hand, there.unavailable) == (1, 1, 2, 2)
    assert here.available == there.available == 0
    assert order.lines.get().returned == 3
    assert fresh(order).return_status == "open"
    way.sound()


def test_the_same_arrival_is_booked_once() -> None:
    rma = opened(way.delivered())
    first = arrive(rma, 1, "scan-1")
    after = books()
    assert [r.pk for r in arrive(rma, 1, "scan-1")] == [r.pk for r in first]
    assert books() == after
    assert refused(lambda: arrive(rma, 1, "")) == ["bad_key"]


@pytest.mark.parametrize(
    ("pieces", "code"), [(3, "more_than_announced"), (0, "nothing_arrived"), (-1, "bad_quantity")]
)
def test_what_does_not_fit_is_refused_with_what_to_do(pieces: int, code: str) -> None:
    rma = opened(way.delivered())
    assert refused(lambda: arrive(rma, pieces)) == [code]


def test_only_what_was_approved_is_received() -> None:
    rma = opened(way.delivered(), authorise=False)
    assert refused(lambda: arrive(rma, 1)) == ["not_authorised"]
    decline_returns([rma.pk], reason="no", by=SYSTEM)
    assert refused(lambda: arrive(rma, 1)) == ["wrong_state"]
    assert refused(lambda: receive_returns([Arrival(10**9, {1: 1}, 1, "x")], by=SYSTEM)) == ["unknown_return"]
    other = opened(way.delivered([("B", 1)]), 1)
    assert refused(
        lambda: receive_returns([Arrival(other.pk, {10**9: 1}, 10**9, "x")], by=SYSTEM)
    ) == ["unknown_location", "unknown_line"]  # fmt: skip


def test_the_rest_does_not_come() -> None:
    rma = opened(way.delivered([("A", 3)]), 3)
    arrive(rma, 1)
    finish_reception([Finishing(rma.pk)], by=SYSTEM)
    assert (fresh(rma).state, rma.lines.get().reception) == ("received", "short")
    assert refused(lambda: arrive(rma, 1, "late")) == ["wrong_state"]
    assert refused(lambda: finish_reception([Finishing(rma.pk)], by=SYSTEM)) == ["wrong_state"]
    # The two that did not come may be asked for again.
    assert opened(rma.order, 2).number.endswith("-R2")


def test_of_a_kept_line_nothing_may_have_arrived() -> None:
    rma = opened(way.delivered())
    line = rma.lines.get()
    arrive(rma, 1)
    assert refused(lambda: finish_reception([Finishing(rma.pk, frozenset({line.pk}))], by=SYSTEM)) == [
        "partly_here"
    ]
    assert refused(lambda: finish_reception([Finishing(rma.pk, frozenset({10**9}))], by=SYSTEM)) == [
        "unknown_line"
    ]


# -- inspecting


def test_each_disposition_is_one_movement_and_quarantine_none() -> None:
    rma = opened(way.delivered([("A", 4)]), 4)
    arrive(rma, 4)
    before = StockMovement.objects.count()
    found(rma, ("as_new", "restock", 2), ("opened", "quarantine", 1), ("damaged", "write_off", 1))
    level = build.level(build.item("A"))
    assert (level.on_hand, level.unavailable, level.available) == (3, 1, 2)
    assert StockMovement.objects.count() == before + 2
    line = rma.lines.get()
    assert (line.disposed, line.decision) == (4, "accepted")
    assert "stays set aside" in JournalEntry.objects.get(verb="inspect").words
    way.sound()


@pytest.mark.parametrize(
    ("kind", "condition", "reason", "left"),
    [
        ("refurbish", "used", None, 2), ("return_to_supplier", "defective", "to_supplier", 0),
        ("return_to_customer", "opened", "to_customer", 0),
    ],
)  # fmt: skip
def test_what_leaves_the_house_again_or_is_made_good(
    kind: str, condition: str, reason: str | None, left: int
) -> None:
    rma = opened(way.delivered())
    arrive(rma, 2)
    before = StockMovement.objects.count()
    found(rma, (condition, kind, 2), accepted=kind != "return_to_customer")
    level = build.level(build.item("A"))
    assert (level.on_hand, level.unavailable, level.available) == (left, left, 0)
    moved = StockMovement.objects.order_by("pk")[before:]
    assert [(m.reason, m.on_hand, m.unavailable) for m in moved] == ([(reason, -2, -2)] if reason else [])
    owed = 0 if kind == "return_to_customer" else 2
    assert sum(accepted_units(fresh(rma)).values()) == owed
    found(rma, (condition, kind, 2), accepted=kind != "return_to_customer")  # once more moves nothing
    assert StockMovement.objects.count() == before + len(moved)
    way.sound()


def test_units_are_disposed_of_where_they_lie() -> None:
    a, dock = build.item("A"), build.location("DOCK")
    rma = opened(way.delivered([("A", 3)]), 3)
    (first,) = arrive(rma, 1, "one")
    (second,) = arrive(rma, 2, "two", dock)
    found(rma, ("as_new", "restock", 2), receipt_id=second.pk)
    assert (build.level(a).unavailable, build.level(a, dock).available) == (1, 2)
    assert refused(lambda: found(rma, ("as_new", "restock", 1), key="j", receipt_id=second.pk)) == [
        "not_in_receipt"
    ]
    found(rma, ("as_new", "restock", 1), key="j")
    assert fresh(first).disposed == 1 and build.level(a).available == 1
    way.sound()


def test_a_finding_may_span_two_arrivals() -> None:
    rma = opened(way.delivered([("A", 3)]), 3)
    arrive(rma, 1, "one")
    arrive(rma, 2, "two")
    assert [d.quantity for d in found(rma, ("as_new", "restock", 3))] == [1, 2]
    way.sound()


def test_the_same_inspection_is_carried_out_once() -> None:
    rma = opened(way.delivered())
    arrive(rma, 2)
    first = found(rma, ("as_new", "restock", 1))
    after = books()
    assert [d.pk for d in found(rma, ("as_new", "restock", 1))] == [d.pk for d in first]
    assert books() == after


@pytest.mark.parametrize(
    ("parts", "codes"),
    [
        ([("as_new", "restock", 3)], ["too_many"]),
        ([("damaged", "restock", 1)], ["not_allowed"]),
        ([("unsafe", "return_to_supplier", 1)], ["not_allowed"]),
        ([("opened", "return_to_customer", 1)], ["sent_back_unpaid"]),
        ([], ["nothing_found"]),
    ],
)
def test_what_may_not_be_done_is_refused(parts: list[tuple[str, str, int]], codes: list[str]) -> None:
    rma = opened(way.delivered())
    arrive(rma, 2)
    assert refused(lambda: found(rma, *parts)) == codes


def test_nothing_is_inspected_before_it_came_nor_twice() -> None:
    rma = opened(way.delivered())
    assert "wrong_state" in refused(lambda: found(rma, ("as_new", "restock", 1)))
    arrive(rma, 2)
    found(rma, ("as_new", "restock", 2))
    assert "nothing_to_inspect" in refused(lambda: found(rma, ("as_new", "restock", 1), key="j"))


def test_a_line_is_not_decided_both_ways() -> None:
    rma = opened(way.delivered())
    arrive(rma, 2)
    found(rma, ("used", "write_off", 1), accepted=False)
    assert refused(lambda: found(rma, ("as_new", "restock", 1), key="j")) == ["decided"]


# -- paying


def test_what_was_accepted_is_paid_back_once() -> None:
    order = way.delivered()
    rma = opened(order)
    arrive(rma, 2)
    found(rma, ("as_new", "restock", 1))
    assert quote_return(fresh(rma), Paying(rma.pk)).total == Decimal("12.00")  # one of two: 10.00 and its tax
    refund = refund_return(Paying(rma.pk), by=SYSTEM)
    assert (refund.amount, refund.cause) == (Decimal("12.00"), f"return:{rma.pk}")
    after = books()
    assert refund_return(Paying(rma.pk, goodwill=Decimal("1.00")), by=SYSTEM).pk == refund.pk
    assert books() == after
    way.sound()


def test_what_nobody_has_looked_at_is_not_paid_for_by_itself() -> None:
    rma = opened(way.delivered())
    arrive(rma, 2)
    assert refused(lambda: refund_return(Paying(rma.pk), by=SYSTEM)) == ["nothing_to_refund"]
    refund = refund_return(Paying(rma.pk, units={rma.lines.get().order_line_id: 2}), by=SYSTEM)
    assert refund.amount == Decimal("24.00")


def test_parts_amounts_shipping_goodwill_and_fee() -> None:
    order = way.delivered()
    line = order.lines.get()
    rma = opened(order)
    refund = refund_return(
        Paying(
            rma.pk, units={line.pk: 1}, amounts={line.pk: Decimal("5.00")}, shipping=Decimal("6.00"),
            goodwill=Decimal("1.00"), fee=Decimal("2.50"), reason="kept one",
        ),
        by=SYSTEM,
    )  # fmt: skip
    assert refund.amount == Decimal("9.50") and refund.reason == "kept one"
    assert {p.kind: p.net + p.tax for p in refund.lines.all()} == {
        "line": Decimal("5.00"), "shipping": Decimal("6.00"), "goodwill": Decimal("1.00"), "fee": Decimal("-2.50"),
    }  # fmt: skip


def test_never_more_than_was_paid_and_never_above_the_limit() -> None:
    rma = opened(way.delivered())
    assert "more_than_paid" in refused(
        lambda: refund_return(Paying(rma.pk, goodwill=Decimal("31.00")), by=SYSTEM)
    )
    over = Paying(rma.pk, goodwill=Decimal("9.00"), limit=Decimal("5"))
    assert refused(lambda: refund_return(over, by=SYSTEM)) == ["over_limit"]
    asked = opened(way.delivered([("B", 1)]), 1, authorise=False)
    assert refused(lambda: refund_return(Paying(asked.pk, goodwill=Decimal("1")), by=SYSTEM)) == [
        "not_authorised"
    ]


def test_a_refund_that_was_given_up_may_be_made_anew() -> None:
    rma = opened(way.delivered())
    first = refund_return(Paying(rma.pk, goodwill=Decimal("1.00")), by=SYSTEM)
    give_up_refunds([first.pk], reason="wrong amount", by=SYSTEM)
    second = refund_return(Paying(rma.pk, goodwill=Decimal("2.00")), by=SYSTEM)
    assert (second.cause, fresh(rma).refund) == (f"return:{rma.pk}:2", second)


# -- the end


def test_from_request_to_closed_and_the_order_is_finished() -> None:
    order = way.shipped()
    rma = opened(order, authorise=False)
    way.deliver(order)
    authorise_returns([rma.pk], by=SYSTEM)
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["awaited"]
    arrive(rma, 2)
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["uninspected", "unresolved"]
    found(rma, ("as_new", "restock", 2))
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["unresolved"]
    refund = refund_return(Paying(rma.pk), by=SYSTEM)
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["open_refund"]
    paid_back(refund)
    close_returns([rma.pk], by=SYSTEM)
    order = fresh(order)
    assert (fresh(rma).state, order.state, order.return_status) == ("closed", "completed", "returned")
    assert order.payment_status == "partly_refunded"  # shipping stays paid
    assert OutboxEvent.objects.filter(topic="returns.closed").count() == 1
    assert refused(lambda: close_returns([rma.pk], by=SYSTEM)) == ["not_open"]
    way.sound()


@pytest.mark.django_db(transaction=True)
def test_a_settled_refund_closes_what_is_done_and_leaves_the_rest() -> None:
    done, waits = opened(way.delivered()), opened(way.delivered([("B", 2)]))
    for rma in (done, waits):
        arrive(rma, 2, f"k{rma.pk}")
    found(done, ("as_new", "restock", 2))
    found(waits, ("as_new", "restock", 1), key="j")
    for rma in (done, waits):
        paid_back(refund_return(Paying(rma.pk), by=SYSTEM))
    OutboxEvent.objects.exclude(topic="orders.refund_settled").delete()
    relay()
    assert (fresh(done).state, fresh(waits).state) == ("closed", "received")


def test_the_customer_keeps_it_and_is_paid() -> None:
    order = way.delivered()
    rma = opened(order)
    line = rma.lines.get()
    finish_reception([Finishing(rma.pk, frozenset({line.pk}))], by=SYSTEM)
    assert (fresh(rma).state, fresh(line).reception, fresh(line).decision) == (
        "authorised",
        "not_sent",
        "accepted",
    )
    refund = refund_return(Paying(rma.pk), by=SYSTEM)
    assert refund.amount == Decimal("24.00")
    assert refused(lambda: cancel_returns([rma.pk], by=SYSTEM)) == ["refunded"]
    paid_back(refund)
    close_returns([rma.pk], by=SYSTEM)
    assert fresh(order).return_status == ""  # nothing came back
    assert refused(lambda: opened(order, 1)) == ["too_many"]
    way.sound()


def test_received_without_a_refund() -> None:
    order = way.delivered()
    rejected, voucher = opened(order, 1), opened(order, 1)
    for rma, accepted in ((rejected, False), (voucher, True)):
        arrive(rma, 1, f"k{rma.pk}")
        found(rma, ("used", "write_off", 1), key=f"i{rma.pk}", accepted=accepted)
    close_returns([rejected.pk], by=SYSTEM)
    assert refused(lambda: close_returns([voucher.pk], by=SYSTEM)) == ["unresolved"]
    close_returns([voucher.pk], settled_otherwise="a voucher by hand", by=SYSTEM)
    assert not Refund.objects.exists() and fresh(order).return_status == "returned"
    assert "a voucher by hand" in JournalEntry.objects.filter(verb="close").last().words
    way.sound()


def test_nothing_came_and_nothing_is_owed() -> None:
    rma = opened(way.delivered())
    finish_reception([Finishing(rma.pk)], by=SYSTEM)
    close_returns([rma.pk], by=SYSTEM)
    assert fresh(rma).state == "closed" and fresh(rma.order).return_status == ""


# -- the laws, whatever is done in whatever order

receiving = st.tuples(
    st.just("receive"), st.integers(0, 2), st.integers(-1, 3), st.sampled_from(["MAIN", "DOCK"])
)
inspecting = st.tuples(
    st.just("inspect"), st.integers(0, 2), st.integers(0, 3), st.sampled_from(["as_new", "damaged", "opened"]),
    st.sampled_from(Disposition.Kind.values), st.booleans(),
)  # fmt: skip
any_step = st.one_of(
    st.tuples(st.just("open"), st.integers(0, 4)),
    st.tuples(st.just("authorise"), st.integers(0, 2)),
    receiving,
    inspecting,
    inspecting,
    st.tuples(st.just("finish"), st.integers(0, 2), st.booleans()),
    st.tuples(st.just("refund"), st.integers(0, 2), st.integers(0, 4)),
    st.tuples(st.just("close"), st.integers(0, 2)),
    st.tuples(st.just("cancel"), st.integers(0, 2)),
)
# A return that has begun, since most of what can go wrong comes after; then anything at all.
steps = st.tuples(
    st.tuples(st.just("open"), st.integers(1, 3)),
    st.tuples(st.just("receive"), st.just(0), st.integers(1, 3), st.sampled_from(["MAIN", "DOCK"])),
    inspecting,
    st.lists(any_step, min_size=2, max_size=10),
).map(lambda t: [*t[:3], *t[3]])


def _take(step: tuple[Any, ...], order: Order, key: str) -> None:
    rows = list(Return.objects.order_by("pk"))
    if step[0] == "open":
        opened(order, step[1])
        return
    if not rows:
        return
    rma = rows[step[1] % len(rows)]
    line = rma.lines.get()
    match step:
        case ("authorise", _):
            authorise_returns([rma.pk], by=SYSTEM)
        case ("receive", _, quantity, place):
            arrive(rma, quantity, key, build.location(place))
        case ("inspect", _, quantity, condition, kind, accepted):
            found(rma, (condition, kind, quantity), key=key, accepted=accepted)
        case ("finish", _, keeps):
            finish_reception([Finishing(rma.pk, frozenset({line.pk} if keeps else ()))], by=SYSTEM)
        case ("refund", _, units):
            refund_return(Paying(rma.pk, units={line.order_line_id: units} if units else None), by=SYSTEM)
        case ("close", _):
            close_returns([rma.pk], settled_otherwise="by hand", by=SYSTEM)
        case ("cancel", _):
            cancel_returns([rma.pk], by=SYSTEM)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_the_laws_hold_whatever_is_done(db: None, plan: list[tuple[Any, ...]]) -> None:
    from django.db import transaction

    with transaction.atomic():
        order = way.delivered([("A", 3)])
        a = build.item("A")
        for n, step in enumerate(plan):
            before = books()
            try:
                _take(step, order, f"key-{n}")
            except Refused as error:
                assert error.reasons
                assert books() == before
            line = order.lines.get()
            parts = list(ReturnLine.objects.all())
            received = sum(x.received for x in parts)
            assert received == line.returned <= line.shipped
            receipts = list(ReturnReceipt.objects.all())
            done = list(Disposition.objects.all())
            assert sum(r.quantity for r in receipts) == received
            assert sum(d.quantity for d in done) == sum(x.disposed for x in parts) <= received
            units = {
                kind: sum(d.quantity for d in done if d.kind == kind) for kind in Disposition.Kind.values
            }
            gone = units["write_off"] + units["return_to_supplier"] + units["return_to_customer"]
            levels = StockLevel.objects.filter(item=a)
            assert sum(x.on_hand for x in levels) == received - gone
            assert sum(x.unavailable for x in levels) == received - gone - units["restock"]
            assert sum(r.amount for r in Refund.objects.all()) <= Decimal("42.00")
            causes = list(Refund.objects.values_list("cause", flat=True))
            assert len(set(causes)) == len(causes)
            open_now = Return.objects.filter(
                state__in=["requested", "authorised", "partly_received", "received"]
            )
            assert (fresh(order).return_status == "open") == open_now.exists()
        way.sound()
        transaction.set_rollback(True)


def test_the_house_may_approve_what_its_policy_accepts(settings: Any) -> None:
    settings.RETURN_AUTOMATIC, settings.RETURN_REVIEW_ABOVE = True, 1
    order = way.delivered()
    assert opened(order, 1, authorise=False).state == "authorised"
    many = opened(way.delivered(), 2, authorise=False)
    assert many.state == "requested" and many.verdict["lines"][0]["reasons"][0]["code"] == "many"
