"""Bring the amounts of an order in line with its shop, whose totals are the truth."""

from __future__ import annotations

from oms.core.actors import Actor
from oms.core.columns import write_columns
from oms.core.errors import Reason
from orders.actions.clear_holds import clear_holds
from orders.actions.derive import facts_of
from orders.actions.place import kept
from orders.actions.place_holds import Holding, place_holds
from orders.drafts import NOTHING, LineDraft, OrderDraft
from orders.models import Hold, Order, OrderCharge, OrderLine
from orders.rules.holds import Finding
from orders.rules.ledger import look
from orders.rules.reconcile import reconcile


def change_money(order: Order, read: OrderDraft, *, by: Actor) -> None:
    """Charges and amounts as the shop has them now; a hold where they do not add up, or do not fit what was
    paid. The totals are on ``order`` already. Needs a transaction and the order locked."""
    OrderCharge.objects.filter(order=order).delete()
    OrderCharge.objects.bulk_create(
        [
            OrderCharge(
                order=order, external_id=c.external_id, kind=c.kind, code=c.code[:80], title=c.title[:150],
                net=kept(c.net.customer), tax=kept(c.tax.customer), discount=kept(c.discount.customer),
                shop_net=kept(c.net.shop), shop_tax=kept(c.tax.shop),
            )
            for c in read.charges
        ]
    )  # fmt: skip
    _amounts(order, read)
    clear_holds([order.pk], ["total_mismatch"], by=by, note="the shop changed the amounts")
    facts = facts_of(order)
    found = [
        *reconcile(read).findings[:1],
        *(f for f in look(facts, order.total) if f.hold == "total_mismatch"),
    ]
    paid_in = {fact.currency for fact in facts} - {order.currency}
    if paid_in:
        words = f"The shop changed the currency to {order.currency}, but it was paid in {', '.join(sorted(paid_in))}"
        found.append(Finding("total_mismatch", Reason("currency_changed", words)))
    settled = set(
        Hold.objects.filter(order=order, type="total_mismatch", state="released").values_list(
            "data__code", flat=True
        )
    )
    # What a person has looked at and released is not asked again; other amounts of the order are new.
    place_holds(
        [
            Holding(order.pk, f)
            for f in found
            if f.reason.code == "total_mismatch" or f.reason.code not in settled
        ],
        by=by,
    )


def _amounts(order: Order, read: OrderDraft) -> None:
    """Each line's amounts as the shop has them now. What the shop has no line for any more costs nothing: its
    total counts without it."""
    theirs = {line.external_id: line for line in read.lines}
    lines = list(OrderLine.objects.filter(order=order))
    for line in lines:
        new = theirs.get(line.external_id) or LineDraft(line.external_id, line.title, 0, NOTHING)
        line.net, line.shop_net = kept(new.net.customer), kept(new.net.shop)
        line.tax, line.shop_tax = kept(new.tax.customer), kept(new.tax.shop)
        line.discount, line.shop_discount = kept(new.discount.customer), kept(new.discount.shop)
        line.unbilled = max(0, line.ordered - (new.quantity if new.ordered is None else new.ordered))
    write_columns(lines, "net", "tax", "discount", "shop_net", "shop_tax", "shop_discount", "unbilled")
