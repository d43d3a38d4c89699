"""A customer wants to send goods back: written down with what the return policy says to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext

from fulfillment.models import ParcelLine
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.outbox import emit
from orders.models import Order
from returns.actions.authorise import authorise_returns
from returns.actions.derive import tell_orders
from returns.events import ReturnOpened
from returns.models import Return, ReturnLine
from returns.rules.eligibility import (
    ACCEPT,
    REFUSE,
    Eligibility,
    ReturnPolicy,
    SoldLine,
    Wish,
    eligible,
)

# No policy can let these pass: the goods are not there to come back.
IMPOSSIBLE = frozenset({"unknown_line", "no_quantity", "not_shipped", "too_many"})


@dataclass(frozen=True)
class Wanted:
    """``quantity`` units of an order line shall come back. ``faulty``: we sent it wrong or broken."""

    line_id: int
    quantity: int
    reason: str = ""
    faulty: bool = False


@dataclass(frozen=True)
class Opening:
    """A return to open. ``external_id`` is the channel's id: the same one again gives the return that was
    opened. ``location_id`` is where it is expected (left out: where most of it was sent from).

    ``authorise`` approves it at once where the policy accepts it. ``for_review`` takes it in also where the
    policy refuses it, for a person to decide; what cannot come back at all is refused nevertheless.
    """

    order_id: int
    wishes: Sequence[Wanted]
    reason: str = ""
    external_id: str = ""
    location_id: int | None = None
    authorise: bool = False
    for_review: bool = False


@dataclass(frozen=True)
class _Sent:
    """How units of an order line left: when the last of them was sent and arrived, and from where most."""

    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    location_id: int | None = None


@transaction.atomic
def open_returns(openings: Sequence[Opening], *, by: Actor) -> list[Return]:
    """Open returns, in the order given and a constant number of statements. Nothing moves yet: neither
    stock nor money.

    Raises :class:`Refused` with every reason of the policy (``returns/rules/eligibility.py``); then none of
    them is opened.
    """
    orders = {
        order.pk: order
        for order in Order.objects.filter(pk__in={o.order_id for o in openings})
        .select_for_update()
        .order_by("pk")
        .prefetch_related("lines", "returns__lines")
    }
    sent = _sent(orders)
    now = timezone.now()
    reasons: list[Reason] = []
    rows: list[Return] = []
    lines: list[ReturnLine] = []
    result: list[Return] = []
    accepted: set[str] = set()
    taken: dict[int, Counter[int]] = {pk: on_their_way(order) for pk, order in orders.items()}
    known = {
        (r.order_id, r.external_id): r for o in orders.values() for r in o.returns.all() if r.external_id
    }
    numbers = {pk: len(order.returns.all()) for pk, order in orders.items()}
    for opening in openings:
        order = orders.get(opening.order_id)
        if order is None:
            reasons.append(Reason("unknown_order", gettext("There is no such order.")))
            continue
        if opening.external_id and (order.pk, opening.external_id) in known:
            result.append(known[order.pk, opening.external_id])
            continue
        verdict = judge(order, opening.wishes, taken[order.pk], sent, now)
        bad = _refusals(opening, verdict)
        if bad:
            reasons += bad
            continue
        numbers[order.pk] += 1
        rma = Return(
            number=f"{order.number}-R{numbers[order.pk]}", order=order,
            location_id=opening.location_id or _from(opening, sent), external_id=opening.external_id[:120],
            reason=opening.reason[:200], verdict=as_json(verdict), requested_by=str(by)[:150], requested_at=now,
        )  # fmt: skip
        rows.append(rma)
        result.append(rma)
        if opening.external_id:
            known[order.pk, opening.external_id] = rma
        if verdict.verdict == ACCEPT and (opening.authorise or settings.RETURN_AUTOMATIC):
            accepted.add(rma.number)
        for wish in opening.wishes:
            taken[order.pk][wish.line_id] += wish.quantity
            lines.append(
                ReturnLine(
                    rma=rma, order_line_id=wish.line_id, quantity=wish.quantity,
                    reason=(wish.reason or opening.reason)[:200],
                )
            )  # fmt: skip
    if reasons:
        raise Refused(reasons)
    Return.objects.bulk_create(rows)
    ReturnLine.objects.bulk_create(lines)
    titles = {line.pk: line.title for order in orders.values() for line in order.lines.all()}
    journal.write([Line.of(r, "open_return", _words(r, lines, titles), after=r.state) for r in rows], by=by)
    tell_orders(rma.order_id for rma in rows)
    emit([ReturnOpened(rma.its_order.pk, return_id=rma.pk) for rma in rows], by=by)
    approved = {r.pk: r for r in authorise_returns([r.pk for r in rows if r.number in accepted], by=by)}
    return [approved.get(rma.pk, rma) for rma in result]


def judge(
    order: Order, wishes: Sequence[Wanted], taken: Mapping[int, int], sent: Mapping[int, _Sent], now: datetime
) -> Eligibility:
    """What the policy says: the same for preview and deed."""
    sold = []
    for line in order.lines.all():
        left = sent.get(line.pk, _Sent(order.shipped_at, order.delivered_at))
        sold.append(
            SoldLine(
                key=line.pk, title=line.title, shipped=line.shipped, returned=taken.get(line.pk, 0),
                shipped_at=left.shipped_at, delivered_at=left.delivered_at,
            )
        )  # fmt: skip
    return eligible(sold, [Wish(w.line_id, w.quantity, w.faulty) for w in wishes], now, policy())


def policy() -> ReturnPolicy:
    """The policy as this house has it."""
    return ReturnPolicy(
        window=timedelta(days=settings.RETURN_WINDOW_DAYS), review_above=settings.RETURN_REVIEW_ABOVE
    )  # fmt: skip


def look(order: Order, wishes: Sequence[Wanted]) -> Eligibility:
    """The preview of one opening: what the policy would say now."""
    return judge(order, wishes, on_their_way(order), _sent({order.pk: order}), timezone.now())


def on_their_way(order: Order) -> Counter[int]:
    """Units by order line that came back, are to come back, or are kept with our consent."""
    units: Counter[int] = Counter()
    for rma in order.returns.all():
        if rma.state in {"declined", "cancelled"}:
            continue
        for line in rma.lines.all():
            if line.order_line_id:
                units[line.order_line_id] += line.received if line.reception == "short" else line.quantity
    return units


def as_json(verdict: Eligibility) -> dict[str, Any]:
    reasons = [reason.words for line in verdict.lines for reason in line.reasons]
    return {
        "verdict": verdict.verdict,
        "words": f"{'. '.join(reasons)}." if reasons else "Everything is as the policy wants it.",
        "lines": [
            {
                "line": line.key, "quantity": line.quantity, "verdict": line.verdict,
                "reasons": [{"code": r.code, "words": r.words} for r in line.reasons],
            }
            for line in verdict.lines
        ],
    }  # fmt: skip


def _refusals(opening: Opening, verdict: Eligibility) -> list[Reason]:
    ids = [wish.line_id for wish in opening.wishes]
    if not ids:
        return [Reason("nothing_wanted", gettext("Say which pieces shall come back."))]
    if len(set(ids)) < len(ids):
        return [Reason("line_twice", gettext("A line is named twice."))]
    if verdict.verdict != REFUSE:
        return []
    return [
        reason
        for line in verdict.lines
        if line.verdict == REFUSE
        for reason in line.reasons
        if reason.code in IMPOSSIBLE or not opening.for_review
    ]


def _sent(orders: Mapping[int, Order]) -> dict[int, _Sent]:
    """By order line, from the parcels that left."""
    rows = (
        ParcelLine.objects.filter(
            line__order_line__order__in=list(orders), shipment__shipped_at__isnull=False
        )
        .values_list("line__order_line_id", "line__fulfillment_order__location_id")
        .annotate(
            units=Sum("quantity"),
            shipped=Max("shipment__shipped_at"),
            delivered=Max("shipment__delivered_at"),
        )
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for line, location, units, shipped, delivered in rows:
        found[line].append((units, location, shipped, delivered))
    return {
        line: _Sent(
            shipped_at=max(p[2] for p in parts),
            delivered_at=max((p[3] for p in parts if p[3]), default=None),
            location_id=max(parts, key=lambda p: p[:2])[1],
        )
        for line, parts in found.items()
    }


def _from(opening: Opening, sent: Mapping[int, _Sent]) -> int | None:
    units: Counter[int] = Counter()
    for wish in opening.wishes:
        place = sent.get(wish.line_id, _Sent()).location_id
        if place:
            units[place] += wish.quantity
    return units.most_common(1)[0][0] if units else None


def _words(rma: Return, lines: Sequence[ReturnLine], titles: Mapping[int, str]) -> str:
    what = ", ".join(f"{x.quantity} × {titles[x.order_line_id or 0]}" for x in lines if x.rma is rma)
    told = [f"{what} shall come back.", rma.reason]
    if any(line["reasons"] for line in rma.verdict["lines"]):
        told.append(rma.verdict["words"])
    return " ".join(part for part in told if part)
