from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms.core.errors import Reason
from oms.core.money import MixedCurrencies
from orders.rules.holds import OpenHold
from orders.rules.progress import (
    STEPS,
    Completion,
    LineCounts,
    Obstacle,
    ProgressFacts,
    Transaction,
    age,
    balance,
    completes,
    fulfilment_status,
    payment_status,
    return_status,
    steps,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def line(key="L1", **counts):
    known = sum(counts.get(n, 0) for n in PLACES)
    counts.setdefault("ordered", known)
    return LineCounts(key, **counts)


PLACES = ("cancelled", "unallocated", "backordered", "promised", "released", "picked", "packed", "shipped")


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([line(unallocated=3)], "unfulfilled"),
        ([line(packed=3)], "unfulfilled"),
        ([line(shipped=1, picked=2)], "partly_shipped"),
        ([line(shipped=3)], "shipped"),
        ([line(shipped=3, delivered=1)], "partly_delivered"),
        ([line(shipped=3, delivered=3)], "delivered"),
        ([line(shipped=3, delivered=3), line("L2", promised=1)], "partly_shipped"),
        ([line(shipped=2, cancelled=1, delivered=2)], "delivered"),
        ([line(cancelled=3)], "cancelled"),
        ([line(unallocated=1, ships=False)], "not_required"),
        ([line(shipped=3), line("gift", unallocated=1, ships=False)], "shipped"),
        ([], "not_required"),
    ],
)
def test_fulfilment_status(lines, status):
    assert fulfilment_status(lines) == status


@st.composite
def counted(draw, max_units=6):
    counts = {name: draw(st.integers(0, max_units)) for name in PLACES}
    counts["delivered"] = draw(st.integers(0, counts["shipped"]))
    return LineCounts(draw(st.integers(0, 99)), ordered=sum(counts[n] for n in PLACES), **counts)


@given(st.lists(counted(), max_size=4))
def test_conserved_lines_have_a_status_that_matches_their_sums(lines):
    assert all(not x.faults() for x in lines)
    status = fulfilment_status(lines)
    wanted, shipped = sum(x.wanted for x in lines), sum(x.shipped for x in lines)
    assert (status in ("shipped", "partly_delivered", "delivered")) == (0 < wanted == shipped)
    if status == "delivered":
        assert sum(x.delivered for x in lines) == wanted


def test_faults_name_the_broken_law():
    assert LineCounts(1, ordered=3, shipped=2).faults() == ("ordered 3, but 2 accounted for",)
    assert LineCounts(1, ordered=1, shipped=1, delivered=2).faults() == ("2 delivered of 1 shipped",)
    assert "a counter is below zero" in LineCounts(1, ordered=0, shipped=1, promised=-1).faults()


def tx(kind, amount, status="succeeded", currency="EUR", id=""):
    return Transaction(kind, status, Decimal(amount), currency, id)


@pytest.mark.parametrize(
    ("transactions", "status"),
    [
        ([], "none"),
        ([tx("authorisation", 100, "pending")], "none"),
        ([tx("authorisation", 100, "failed")], "none"),
        ([tx("authorisation", 40)], "partly_authorised"),
        ([tx("authorisation", 100)], "authorised"),
        ([tx("authorisation", 100), tx("void", 100)], "voided"),
        ([tx("authorisation", 100), tx("capture", 60)], "partly_paid"),
        ([tx("authorisation", 100), tx("capture", 100)], "paid"),
        ([tx("external_paid", 100)], "paid"),
        ([tx("capture", 120)], "overpaid"),
        ([tx("capture", 100), tx("refund", 30)], "partly_refunded"),
        ([tx("capture", 100), tx("refund", 30, "failed")], "paid"),
        ([tx("capture", 100), tx("refund", 100, "pending")], "paid"),
        ([tx("capture", 100), tx("refund", 100)], "refunded"),
        ([tx("capture", 100), tx("chargeback", 100, "pending")], "disputed"),
        ([tx("capture", 100), tx("chargeback", 100)], "refunded"),
        ([tx("capture", 100), tx("chargeback", 100, "failed")], "paid"),
        (
            [
                tx("capture", 100),
                tx("chargeback", 100, "pending", id="d"),
                tx("chargeback", 100, "failed", id="d"),
            ],
            "paid",
        ),
        (
            [tx("capture", 100), tx("chargeback", 100, "pending", id="d"), tx("chargeback", 100, id="d")],
            "refunded",
        ),
        (
            [
                tx("capture", 100),
                tx("chargeback", 40, "pending", id="d"),
                tx("chargeback", 40, "failed", id="e"),
            ],
            "disputed",
        ),
        (
            [tx("capture", 100), tx("refund", 30, "pending", id="r"), tx("refund", 30, id="r")],
            "partly_refunded",
        ),
    ],
)
def test_payment_status(transactions, status):
    assert payment_status(transactions, Decimal(100)) == status


def test_a_free_order_is_paid():
    assert payment_status([], Decimal(0)) == "paid"


def test_mixed_currencies_raise():
    with pytest.raises(MixedCurrencies):
        balance([tx("capture", 1), tx("refund", 1, currency="USD")])


def test_refundable_counts_refunds_on_their_way_and_disputes():
    sums = balance([tx("capture", 100), tx("refund", 20), tx("refund", 30, "pending")])
    assert (sums.paid, sums.refundable) == (80, 50)
    assert balance([tx("capture", 100), tx("chargeback", 100, "pending")]).refundable == 0


@given(
    st.lists(
        st.builds(
            tx,
            st.sampled_from(["authorisation", "capture", "void", "refund", "chargeback", "external_paid"]),
            st.integers(1, 200),
            st.sampled_from(["succeeded", "pending", "failed"]),
        ),
        max_size=6,
    ),
    st.randoms(),
)
def test_payment_status_does_not_depend_on_order_of_facts(transactions, random):
    shuffled = list(transactions)
    random.shuffle(shuffled)
    assert payment_status(transactions, Decimal(100)) == payment_status(shuffled, Decimal(100))
    assert balance(transactions).refundable >= 0


@pytest.mark.parametrize(
    ("lines", "opened", "status"),
    [
        ([line(shipped=2)], 0, "none"),
        ([line(shipped=2)], 1, "open"),
        ([line(shipped=2, returned=1)], 0, "partly_returned"),
        ([line(shipped=2, returned=2)], 0, "returned"),
    ],
)
def test_return_status(lines, opened, status):
    assert return_status(lines, opened) == status


# ------------------------------------------------------------------------------------------------ strip


def facts(state="open", lines=(), **more):
    return ProgressFacts(state, NOON - DAY, tuple(lines), **more)


def held(type_, words="", line=None, since=NOON - 2 * DAY):
    return OpenHold(type_, Reason(type_, words), since, line)


@pytest.mark.parametrize(
    ("order", "present", "state"),
    [
        (facts("draft", [line(unallocated=2)]), "captured", "blocked"),
        (facts("received", [line(unallocated=2)]), "screened", "now"),
        (facts("review", [line(promised=2)], holds=[held("fraud_risk")]), "screened", "blocked"),
        (facts(lines=[line(unallocated=2)]), "promised", "now"),
        (facts(lines=[line(backordered=2)]), "promised", "blocked"),
        (facts(lines=[line(promised=2)]), "routed", "now"),
        (facts(lines=[line(released=2)]), "picked", "now"),
        (facts(lines=[line(released=2)], holds=[held("scheduled_until")]), "picked", "blocked"),
        (facts(lines=[line(picked=2)]), "packed", "now"),
        (facts(lines=[line(packed=2)]), "shipped", "now"),
        (facts(lines=[line(packed=2)], holds=[held("manual", line="L1")]), "shipped", "blocked"),
        (facts(lines=[line(shipped=2)]), "delivered", "now"),
        (facts(lines=[line(shipped=2, delivered=2)]), None, None),
        (facts("cancelled", [line(cancelled=2)]), None, None),
    ],
)
def test_the_strip_names_the_present_step(order, present, state):
    strip = steps(order, NOON)
    assert strip.present == present
    assert [s.name for s in strip.steps] == list(STEPS)
    assert strip.sentence.endswith(".")
    if present:
        at = STEPS.index(present)
        assert [s.state for s in strip.steps] == ["done"] * at + [state] + ["todo"] * (7 - at)


def test_the_sentence_says_what_since_when_and_what_next():
    order = facts(
        "review", [line(promised=2)], holds=[held("address_invalid", "the postcode is no German one")]
    )
    assert steps(order, NOON).sentence == (
        "Held: the postcode is no German one (for 2 days); next: correct the address."
    )


def test_a_parked_line_does_not_hide_that_the_others_go_on():
    lines = [line("L1", unallocated=1), line("L2", shipped=1)]
    strip = steps(facts(lines=lines, holds=[held("unmapped_sku", "“Mug” is not known here", "L1")]), NOON)
    assert strip.present == "promised"
    assert strip.words == "held: “Mug” is not known here"
    assert {s.name: (s.units, s.of) for s in strip.steps}["shipped"] == (1, 2)


def test_a_backorder_says_how_much_and_when_it_is_expected():
    order = facts(
        lines=[line(backordered=2, promised=1)], backordered_since=NOON - DAY, backorder_expected="9 March"
    )
    assert steps(order, NOON).sentence == (
        "2 pieces are not in stock (for 1 day); next: served as soon as stock arrives (expected 9 March)."
    )


def test_what_others_tell_of_a_step_is_shown():
    obstacle = Obstacle("routed", "no location may send to Norway", NOON - DAY, "choose a location")
    strip = steps(facts(lines=[line(promised=1)], obstacles=[obstacle]), NOON)
    assert strip.sentence == "No location may send to Norway (for 1 day); next: choose a location."


@given(st.lists(counted(), min_size=1, max_size=3), st.sampled_from(["received", "review", "open"]))
def test_units_never_grow_along_the_strip(lines, state):
    strip = steps(facts(state, lines), NOON)
    units = [s.units for s in strip.steps[2:]]
    assert units == sorted(units, reverse=True)
    assert sum(s.state in ("now", "blocked") for s in strip.steps) == (strip.present is not None)


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(seconds=-3), "just now"),
        (timedelta(minutes=1), "for 1 minute"),
        (timedelta(hours=47), "for 1 day"),
        (timedelta(hours=5), "for 5 hours"),
    ],
)
def test_age(delta, words):
    assert age(NOON - delta, NOON) == words


# -------------------------------------------------------------------------------------------------- end


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"state": "review"}, ["not_open"]),
        ({"lines": [line(shipped=1, packed=1)]}, ["not_shipped"]),
        ({"lines": [line(shipped=2)]}, ["not_delivered"]),
        (
            {"lines": [line(shipped=2)], "last_shipped_at": NOON - 14 * DAY, "complete_after": 14 * DAY},
            [],
        ),
        (
            {"lines": [line(shipped=2)], "last_shipped_at": NOON - 13 * DAY, "complete_after": 14 * DAY},
            ["not_delivered"],
        ),
        ({"outstanding": Decimal("0.01")}, ["not_paid"]),
        ({"outstanding": Decimal("0.01"), "on_terms": True}, []),
        ({"outstanding": Decimal("-0.01")}, ["owed"]),
        ({"open_returns": 1, "open_refunds": 1}, ["open_return", "open_refund"]),
        ({"holds": [held("manual")]}, ["held"]),
    ],
)
def test_completes(change, codes):
    order = {"state": "open", "lines": [line(shipped=2, delivered=2)], **change}
    assert [r.code for r in completes(Completion(**order), NOON)] == codes
