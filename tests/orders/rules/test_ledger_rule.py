from decimal import Decimal

import pytest

from orders.rules.ledger import look
from orders.rules.progress import Transaction


def tx(kind, amount, status="succeeded", currency="GBP", id=""):
    return Transaction(kind, status, Decimal(amount), currency, id)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ([], []),
        ([tx("capture", 100)], []),
        ([tx("authorisation", 100), tx("capture", 60), tx("capture", 40)], []),
        ([tx("authorisation", 100), tx("capture", "100.01")], []),
        ([tx("authorisation", 100), tx("capture", 101)], [("total_mismatch", "captured_over_authorised")]),
        (
            [tx("authorisation", 60), tx("capture", 60), tx("capture", 40)],
            [],
        ),  # a payment on top, up to the total
        ([tx("authorisation", 100, "failed"), tx("capture", 120)], []),
        ([tx("capture", 50), tx("refund", 51)], [("total_mismatch", "refunded_over_captured")]),
        ([tx("capture", 50), tx("refund", 51, "failed")], []),
        ([tx("capture", 1), tx("refund", 1, currency="USD")], [("total_mismatch", "mixed_currencies")]),
        ([tx("capture", 100), tx("chargeback", 40, "pending", id="d")], [("chargeback", "disputed")]),
        ([tx("capture", 100), tx("chargeback", 40, id="d")], [("chargeback", "charged_back")]),
        (
            [
                tx("capture", 100),
                tx("chargeback", 40, "pending", id="d"),
                tx("chargeback", 40, "failed", id="d"),
            ],
            [],
        ),
    ],
)
def test_what_a_person_must_see(facts, found):
    assert [(f.hold, f.reason.code) for f in look(facts, Decimal(100))] == found


def test_it_is_said_in_words():
    (found,) = look([tx("capture", 100), tx("chargeback", 40, "pending")], Decimal(100))
    assert found.reason.words == "£40.00 of it is disputed by the customer's bank" and found.line is None
