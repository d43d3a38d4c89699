"""What a person must see in the payments of an order: money disputed or taken back, and sums that cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from oms.core.errors import Reason
from oms.core.money import MixedCurrencies, words
from orders.rules.holds import Finding
from orders.rules.progress import Transaction, balance

TOLERANCE = Decimal("0.01")
"""Payment providers round a capture by themselves: so much more than allowed is none of a person's business."""


def look(transactions: Iterable[Transaction], total: Decimal) -> tuple[Finding, ...]:
    """Findings on the whole order; ``total`` is what it comes to. A payment that was taken without an
    authorisation of its own is no fault, so captures are held against the larger of what was authorised and
    what the order comes to."""
    facts = tuple(transactions)
    if not facts:
        return ()
    try:
        sums = balance(facts)
    except MixedCurrencies as error:
        return (
            Finding(
                "total_mismatch", Reason("mixed_currencies", f"{str(error)[:1].upper()}{str(error)[1:]}")
            ),
        )
    currency = facts[0].currency
    found = []
    if sums.disputed:
        told = f"{words(sums.disputed, currency)} of it is disputed by the customer's bank"
        found.append(Finding("chargeback", Reason("disputed", told)))
    if sums.charged_back:
        told = f"{words(sums.charged_back, currency)} of it was taken back by the customer's bank"
        found.append(Finding("chargeback", Reason("charged_back", told)))
    authorised = sum(
        (f.amount for f in facts if f.kind == "authorisation" and f.status == "succeeded"), Decimal(0)
    )
    captured = sum((f.amount for f in facts if f.kind == "capture" and f.status == "succeeded"), Decimal(0))
    if authorised and captured > max(authorised, total) + TOLERANCE:
        told = f"{words(captured, currency)} was taken, but only {words(authorised, currency)} was authorised"
        found.append(Finding("total_mismatch", Reason("captured_over_authorised", told)))
    if sums.refunded > sums.captured + TOLERANCE:
        told = (
            f"{words(sums.refunded, currency)} went back, but only {words(sums.captured, currency)} was taken"
        )
        found.append(Finding("total_mismatch", Reason("refunded_over_captured", told)))
    return tuple(found)
