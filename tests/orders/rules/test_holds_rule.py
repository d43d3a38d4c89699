from datetime import UTC, datetime, timedelta

import pytest

from oms.core.errors import Reason
from orders.rules.holds import HOLDS, Finding, OpenHold, Step, blocking, in_review, refusals

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOMAIN_TYPES = {
    "payment_pending", "fraud_risk", "address_invalid", "unmapped_sku", "total_mismatch", "duplicate_suspect",
    "anomaly", "chargeback", "out_of_stock", "customer_request", "manual", "scheduled_until",
    "channel_incomplete", "changed_at_shop",
}  # fmt: skip


def hold(type_, minutes=0, line=None):
    return OpenHold(type_, Reason(type_, f"because {type_}"), NOON + timedelta(minutes=minutes), line)


def test_every_type_of_the_domain_has_its_row():
    assert set(HOLDS) == DOMAIN_TYPES
    assert len({h.permission for h in HOLDS.values()}) == len(HOLDS)
    assert all(h.words and h.mend and h.blocks for h in HOLDS.values())


@pytest.mark.parametrize("code", sorted(DOMAIN_TYPES))
def test_nothing_held_is_ever_released_or_shipped(code):
    assert {Step.RELEASE, Step.SHIP} <= HOLDS[code].blocks


def test_stock_is_promised_while_a_person_looks():
    assert {code for code, h in HOLDS.items() if Step.ALLOCATE in h.blocks} == {"unmapped_sku"}


def test_a_hold_on_a_line_blocks_that_line_only():
    holds = [hold("unmapped_sku", line="L1")]
    assert blocking(holds, Step.ALLOCATE, "L1") == (holds[0],)
    assert blocking(holds, Step.ALLOCATE, "L2") == ()
    assert blocking(holds, Step.ALLOCATE) == ()
    assert not in_review(holds)


def test_a_hold_on_the_order_blocks_every_line_and_the_oldest_is_named_first():
    holds = [hold("anomaly", 5), hold("fraud_risk", 1), hold("manual", 9, line="L1")]
    assert [h.type for h in blocking(holds, Step.SHIP, "L1")] == ["fraud_risk", "anomaly", "manual"]
    assert [h.type for h in blocking(holds, Step.SHIP, "L2")] == ["fraud_risk", "anomaly"]
    assert in_review(holds)


def test_refusals_are_reasons_in_words():
    assert refusals([hold("total_mismatch")], Step.REFUND) == (
        Reason("held_total_mismatch", "Held: because total_mismatch"),
    )
    assert refusals([hold("anomaly")], Step.REFUND) == ()


def test_waiting_for_a_date_is_not_in_review():
    assert not in_review([hold("scheduled_until"), hold("out_of_stock")])


def test_a_finding_knows_what_it_blocks():
    assert Finding("fraud_risk", Reason("x", "x")).blocks == HOLDS["fraud_risk"].blocks
