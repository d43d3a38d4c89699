"""Payments that no channel tells of: a bank transfer, cash, a chargeback that the bank wrote of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from oms.core import money
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from orders.actions.derive import facts_of
from orders.actions.go_on import go_on
from orders.actions.pay import record_payments
from orders.drafts import PaymentDraft
from orders.models import Order
from orders.rules.progress import balance

KINDS = ("authorisation", "capture", "void", "chargeback", "external_paid")


@dataclass(frozen=True)
class Entering:
    """A fact for the ledger of an order, in the order's currency. The same reference, kind and status again
    is the same fact. A chargeback is ``pending`` when it opens, then ``succeeded`` (lost) or ``failed`` (won)
    under the same reference."""

    order_id: int
    fact: PaymentDraft


@transaction.atomic
def enter_payments(enterings: Sequence[Entering], *, by: Actor) -> list[Order]:
    """Add facts to the ledger; statuses and holds follow from them. Refunds are not entered here: they are
    approved, or read from the shop.

    Raises :class:`Refused` for an amount of nothing, for a chargeback of more than was taken, and for an end
    of one that was never opened under its reference; then none is added.
    """
    orders = {
        o.pk: o
        for o in Order.objects.filter(pk__in=[e.order_id for e in enterings])
        .select_for_update()
        .order_by("pk")
        .prefetch_related("transactions")
    }
    reasons = [r for e in enterings for r in _refusals(orders.get(e.order_id), e.fact)]
    if reasons:
        raise Refused(reasons)
    touched = record_payments([(orders[e.order_id], (e.fact,)) for e in enterings], by=by)
    go_on(touched, by=by)
    return list(orders.values())


def _refusals(order: Order | None, fact: PaymentDraft) -> list[Reason]:
    if order is None:
        return [Reason("unknown_order", gettext("There is no such order."))]
    reasons = []
    if fact.kind not in KINDS:
        reasons.append(Reason("bad_kind", gettext("A refund is approved on the order, not entered.")))
    if fact.amount.customer <= 0 or not fact.external_id.strip():
        reasons.append(Reason("bad_amount", gettext("Say an amount above nothing, and its reference.")))
    if fact.kind == "chargeback":
        known = {
            t.status
            for t in order.transactions.all()
            if (t.kind, t.external_id) == ("chargeback", fact.external_id)
        }
        taken = balance(facts_of(order)).captured
        if fact.amount.customer > taken:
            told = f"Only {money.words(taken, order.currency)} was taken: no more can be taken back."
            reasons.append(Reason("more_than_taken", told))
        if fact.status != "pending" and not known:
            told = (
                f"No chargeback {fact.external_id} is open on {order.number}: enter that it was opened first."
            )
            reasons.append(Reason("never_opened", told))
    return reasons
