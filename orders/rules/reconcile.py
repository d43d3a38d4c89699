"""Do the amounts of an imported order add up? The channel's own totals are the truth and are never
recomputed: what does not fit becomes a hold with its difference, never an exception.

The law is that of ``orders/drafts.py``: sum(net + tax over lines and charges) == total, in both currencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from operator import attrgetter

from oms.core.errors import Reason
from oms.core.money import fits, known_currency, words
from orders.drafts import Amount, ChargeDraft, LineDraft, OrderDraft
from orders.rules.holds import Finding

ZERO = Decimal(0)


@dataclass(frozen=True)
class Reconciliation:
    """``customer`` and ``shop`` are total less parts (positive: the parts are too small), ``None`` where
    the amounts are no numbers. ``findings`` are holds of type total_mismatch; empty means that all is
    well."""

    customer: Decimal | None
    shop: Decimal | None
    findings: tuple[Finding, ...]


def reconcile(draft: OrderDraft) -> Reconciliation:
    findings: list[Finding] = []
    for currency in dict.fromkeys((draft.currency, draft.shop_currency)):
        if not known_currency(currency):
            findings.append(_finding("currency_unknown", f"The currency “{currency}” is unknown"))
    if not findings:
        findings.extend(_scale(draft))
    customer = _difference(draft, "customer")
    shop = _difference(draft, "shop")
    if customer is None or shop is None:
        findings.append(_finding("amount_unreadable", "An amount of the order is no number"))
    for difference, currency in dict.fromkeys(((customer, draft.currency), (shop, draft.shop_currency))):
        if difference:
            side = "more" if difference > 0 else "less"
            findings.append(
                _finding(
                    "total_mismatch",
                    f"The total is {words(abs(difference), currency)} {side} than its parts",
                )
            )
    return Reconciliation(customer, shop, tuple(findings))


def _finding(code: str, told: str) -> Finding:
    return Finding("total_mismatch", Reason(code, told))


def _difference(draft: OrderDraft, side: str) -> Decimal | None:
    net, tax = attrgetter(f"net.{side}"), attrgetter(f"tax.{side}")
    parts: list[LineDraft | ChargeDraft] = [*draft.lines, *draft.charges]
    try:
        difference = getattr(draft.total, side) - sum(map(net, parts), ZERO) - sum(map(tax, parts), ZERO)
    except DecimalException:
        return None
    return difference if difference.is_finite() else None


def _scale(draft: OrderDraft) -> Iterator[Finding]:
    """At most one finding, naming the first amounts that their currency cannot hold (1.005 EUR, 1.5 JPY)."""
    bad: list[str] = []
    alike = draft.currency == draft.shop_currency
    for what, name, amount in _amounts(draft):
        if not (alike and amount.customer is amount.shop) and not _fits(amount.shop, draft.shop_currency):
            bad.append(f"{what}{name} {amount.shop} {draft.shop_currency}")
        if not _fits(amount.customer, draft.currency):
            bad.append(f"{what}{name} {amount.customer} {draft.currency}")
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        told = "; ".join(bad[:3])
        yield _finding("amount_not_chargeable", f"Amounts finer than their currency allows: {told}{more}")


def _amounts(draft: OrderDraft) -> Iterator[tuple[str, str, Amount]]:
    yield "total", "", draft.total
    for line in draft.lines:
        yield "", line.title, line.net
        yield "tax on ", line.title, line.tax
    for charge in draft.charges:
        yield "", charge.title, charge.net
        yield "tax on ", charge.title, charge.tax
    for payment in draft.payments:
        yield "", payment.kind, payment.amount
    for refund in draft.refunds:
        yield "refund", "", refund.total


def _fits(amount: Decimal, currency: str) -> bool:
    try:
        return not amount or fits(amount, currency)
    except DecimalException:
        return False
