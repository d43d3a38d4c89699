"""Returned goods arrive, in parts and wherever they arrive: on hand at once, for sale only when inspected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from inventory.models import Item, Location
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import move
from orders.actions.advance import Step, advance_lines
from returns.actions.authorise import lock_returns
from returns.actions.others import Came, Other, why_not_others, write_others
from returns.lifecycle import AWAITED
from returns.models import Return, ReturnLine, ReturnReceipt

KEY_LENGTH = 90


@dataclass(frozen=True)
class Arrival:
    """``pieces`` by return line id arrived at a location, which need not be the expected one; ``others`` are
    what came instead of awaited pieces. ``key`` (up to 90 characters) makes it happen once."""

    return_id: int
    pieces: Mapping[int, int]
    location_id: int
    key: str
    others: Sequence[Other] = ()


@transaction.atomic
def receive_returns(arrivals: Sequence[Arrival], *, by: Actor) -> list[ReturnReceipt]:
    """Book arrived pieces: on hand and set aside, counted on the order's lines. What came instead of them is
    booked as the item that it is, and the piece that was sold stays awaited. No money moves.

    The same key again returns the receipts that were written. Raises :class:`Refused` for a return that is
    not awaited, for more pieces than were announced, for another item that is none, and for nothing at all; then
    nothing is booked.
    """
    check_keys([a.key for a in arrivals])
    rows = {rma.pk: rma for rma in lock_returns([a.return_id for a in arrivals])}
    places = {p.pk: p for p in Location.objects.filter(pk__in={a.location_id for a in arrivals})}
    items = Item.objects.in_bulk({o.item_id for a in arrivals for o in a.others if o.item_id})
    written = [r for rma in rows.values() for line in rma.lines.all() for r in line.receipts.all()]
    receipts: list[ReturnReceipt] = []
    fresh: list[ReturnReceipt] = []
    others: list[Came] = []
    reasons: list[Reason] = []
    for arrival in arrivals:
        rma = rows.get(arrival.return_id)
        before = [r for r in (*written, *fresh) if r.key.startswith(f"{arrival.key}:")]
        if before or any(came.key == arrival.key for came in others):
            receipts += before
            continue
        bad = _refusals(rma, arrival, places, items)
        if rma is None or bad:
            reasons += bad
            continue
        for line in rma.lines.all():
            quantity = arrival.pieces.get(line.pk, 0)
            if quantity:
                line.received += quantity
                fresh.append(
                    ReturnReceipt(
                        line=line, location_id=arrival.location_id, quantity=quantity,
                        key=f"{arrival.key}:{line.pk}", actor=str(by)[:150],
                    )
                )  # fmt: skip
        receipts += [r for r in fresh if r.key.startswith(f"{arrival.key}:")]
        lines = {line.pk: line for line in rma.lines.all()}
        others += [
            Came(lines[o.line_id], o, arrival.location_id, arrival.key) for o in arrival.others if o.quantity
        ]
    if reasons:
        raise Refused(reasons)
    if not fresh and not others:
        return receipts
    ReturnReceipt.objects.bulk_create(fresh)
    handle_units(
        [
            Handling(
                r.line.goods_id, r.location_id, r.quantity, "arrive", f"return:{r.line.rma_id}",
                f"return-receipt:{r.pk}",
            )
            for r in fresh
            if r.line.goods_id
        ],
        by=by,
    )  # fmt: skip
    advance_lines(
        [Step(r.line.order_line_id, r.quantity, "", "returned") for r in fresh if r.line.order_line_id]
    )
    came = list({r.line_id: r.line for r in fresh}.values())
    ReturnLine.objects.bulk_update(came, ["received"])
    move([x for x in came if x.received == x.quantity], "arrive", by=by, quiet=True).or_refuse()
    move([x for x in came if x.received < x.quantity], "arrive_in_part", by=by, quiet=True).or_refuse()
    if others:
        fresh += write_others(others, by=by)
        receipts += fresh[-len(others) :]
    ids = {r.line.rma_id for r in fresh}
    # Read again where lines were added: the guards look at what is here.
    touched = lock_returns(sorted(ids)) if others else [rma for rma in rows.values() if rma.pk in ids]

    def words(rma: Return) -> str:
        here = [r for r in fresh if r.line.rma_id == rma.pk]
        what = ", ".join(arrived_words(r) for r in here)
        where = ", ".join(sorted({places[r.location_id].name for r in here}))
        told = f"{what} arrived at {where}; set aside until inspected."
        if any(r.line.instead_of_id for r in here):
            told += " What was sold has not come: nothing is paid for it unless a person decides so."
        return told

    move([rma for rma in touched if awaited(rma)], "receive_part", by=by, words=words).or_refuse()
    move([rma for rma in touched if not awaited(rma)], "receive_rest", by=by, words=words).or_refuse()
    return receipts


def arrived_words(receipt: ReturnReceipt) -> str:
    line = receipt.line
    told = f"{receipt.quantity} × {line.title}"
    if line.instead_of is None:
        return told
    return f"{told}{f' ({line.reason})' if line.reason else ''} instead of {line.instead_of.title}"


def awaited(rma: Return) -> int:
    """Units that are still to come."""
    return sum(x.quantity - x.received for x in rma.lines.all() if x.reception in AWAITED)


def why_not_receive(rma: Return) -> list[Reason]:
    """Why nothing can be received for this return now."""
    if rma.state == "requested":
        return [
            Reason(
                "not_authorised",
                gettext("%(number)s is not approved yet: approve it first.") % {"number": rma.number},
            )
        ]
    if rma.state not in {"authorised", "partly_received"}:
        told = f"{rma.number} is {rma.get_state_display()}; open another return for what came on top."
        return [Reason("wrong_state", told)]
    return []


def check_keys(keys: Sequence[str]) -> None:
    """Raises :class:`Refused` for a key that is empty or too long."""
    if any(not key or len(key) > KEY_LENGTH for key in keys):
        raise Refused(
            Reason(
                "bad_key", gettext("A key has 1 to %(KEY_LENGTH)s characters.") % {"KEY_LENGTH": KEY_LENGTH}
            )
        )


def _refusals(
    rma: Return | None, arrival: Arrival, places: Mapping[int, Location], items: Mapping[int, Item]
) -> list[Reason]:
    if rma is None:
        return [Reason("unknown_return", gettext("There is no such return."))]
    reasons = why_not_receive(rma)
    if arrival.location_id not in places:
        reasons.append(Reason("unknown_location", gettext("There is no such location.")))
    if not any(arrival.pieces.values()) and not any(other.quantity for other in arrival.others):
        reasons.append(Reason("nothing_arrived", gettext("Say how many pieces arrived.")))
    known = {line.pk: line for line in rma.lines.all()}
    reasons += why_not_others(rma, arrival.others, items)
    swapped = Counter[int]()
    for other in arrival.others:
        swapped[other.line_id] += max(0, other.quantity)
    for pk, own in {**dict.fromkeys(swapped, 0), **arrival.pieces}.items():
        line = known.get(pk)
        quantity = own + swapped[pk] if own >= 0 else own
        if line is None:
            reasons.append(
                Reason("unknown_line", gettext("%(number)s has no such line.") % {"number": rma.number})
            )
        elif quantity < 0:
            reasons.append(
                Reason(
                    "bad_quantity",
                    gettext("%(title)s: fewer than none cannot arrive.") % {"title": line.title},
                )
            )
        elif line.received + quantity > line.quantity:
            left = line.quantity - line.received
            told = (
                f"{line.title}: {quantity} arrived, but {left} are awaited."
                " Receive what was announced, and open another return for the rest."
            )
            reasons.append(Reason("more_than_announced", told))
    return reasons
