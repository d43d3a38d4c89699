"""Goods that came without papers are found to be of an order: from then on a return like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.actions.advance import Step, advance_lines
from orders.models import Order
from returns.actions.derive import tell_orders
from returns.actions.open import Wanted, as_json, look, on_their_way
from returns.events import ReturnOpened
from returns.models import Return, ReturnLine, ReturnReceipt
from returns.rules.matching import Came, Matched, Sold, match


@dataclass(frozen=True)
class Matching:
    return_id: int
    order_id: int


def quote_match(rma: Return, order: Order) -> Matched:
    """The preview: which of the order's lines take what came, and every reason why not."""
    taken = on_their_way(order)
    return match(
        [Came(x.pk, x.item_id or 0, x.title, x.quantity, x.disposed) for x in rma.lines.all()],
        [Sold(x.pk, x.item_id, x.shipped - taken[x.pk]) for x in order.lines.all() if x.item_id],
        order.number,
    )


def why_not_match(rma: Return) -> list[Reason]:
    """Why no order can be said for this return now."""
    if rma.order_id is not None:
        return [Reason("matched", gettext("%(number)s has its order already.") % {"number": rma.number})]
    if rma.state != "received":
        return [
            Reason(
                "wrong_state",
                gettext("%(number)s is %(state)s.")
                % {"number": rma.number, "state": rma.get_state_display()},
            )
        ]
    return []


@transaction.atomic
def match_returns(matchings: Sequence[Matching], *, by: Actor) -> list[Return]:
    """Give unannounced returns their orders: what came counts as returned on the orders' lines, and what the
    return policy says to it is kept. Stock does not move: it came in when it arrived. No money moves.

    Raises :class:`Refused` for one that has an order, for items that are not in it, and for more than was
    shipped and has not come back; then none is matched.
    """
    orders = {
        o.pk: o
        for o in Order.objects.filter(pk__in=[m.order_id for m in matchings])
        .select_for_update()
        .order_by("pk")
        .prefetch_related("lines", "returns__lines")
    }
    rows = {
        r.pk: r
        for r in Return.objects.filter(pk__in=[m.return_id for m in matchings])
        .select_for_update(of=("self",))
        .order_by("pk")
        .prefetch_related("lines__order_line", "lines__item", "lines__receipts")
    }
    done: list[Return] = []
    steps: list[Step] = []
    for one in matchings:
        rma, order = rows.get(one.return_id), orders.get(one.order_id)
        if rma is None or order is None:
            raise Refused(Reason("unknown", gettext("There is no such return, or no such order.")))
        # A batch may name an order twice: what the first took is not there for the second.
        found = quote_match(rma, order) if rma.order_id is None else Matched()
        reasons = [*why_not_match(rma), *found.refusals]
        if order.state in {"received", "review", "cancelled"} and not reasons:
            reasons.append(
                Reason(
                    "not_sent",
                    gettext("%(number)s is %(state)s: nothing of it left.")
                    % {"number": order.number, "state": order.get_state_display()},
                )
            )
        if reasons:
            raise Refused(reasons)
        verdict = look(order, [Wanted(p.sold, p.quantity) for p in found.parts])  # type: ignore[arg-type]
        rma.order, rma.verdict, rma.authorised_at = order, as_json(verdict), timezone.now()
        lines = {x.pk: x for x in rma.lines.all()}
        seen: set[object] = set()
        for part in found.parts:
            _seat(lines[part.came], int(part.sold), part.quantity, part.came in seen)  # type: ignore[call-overload, index]
            seen.add(part.came)
            steps.append(Step(int(part.sold), part.quantity, "", "returned"))  # type: ignore[call-overload]
        rma.save(update_fields=["order", "verdict", "authorised_at"])
        order._prefetched_objects_cache.pop("returns", None)  # type: ignore[attr-defined]
        done.append(rma)
    advance_lines(steps)
    journal.write(
        [Line.of(r, "match", f"What came without papers is of {r.order}. {r.verdict.get('words', '')}") for r in done],
        by=by,
    )  # fmt: skip
    tell_orders(r.order_id for r in done)
    emit([ReturnOpened(r.order_id, return_id=r.pk) for r in done if r.order_id], by=by)
    return done


def _seat(line: ReturnLine, order_line: int, quantity: int, split: bool) -> None:
    """Put units of a line on an order line; those beyond the first order line are a line of their own, with
    their part of the arrival (nobody has looked at them: the rule saw to that)."""
    if not split:
        ReturnLine.objects.filter(pk=line.pk).update(
            order_line=order_line, **({"quantity": quantity, "received": quantity} if quantity < line.quantity else {})
        )  # fmt: skip
        if quantity < line.quantity:
            ReturnReceipt.objects.filter(line=line).update(quantity=quantity)
        return
    extra = ReturnLine.objects.create(
        rma_id=line.rma_id, order_line_id=order_line, item_id=line.item_id, quantity=quantity, received=quantity,
        reason=line.reason, reception="received",
    )  # fmt: skip
    (receipt,) = line.receipts.all()
    ReturnReceipt.objects.create(
        line=extra, location_id=receipt.location_id, quantity=quantity, key=f"{receipt.key}:{order_line}",
        actor=receipt.actor, at=receipt.at,
    )  # fmt: skip
