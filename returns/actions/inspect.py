"""Somebody has looked at what came back: each unit gets exactly one disposition, and moves at most once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext

from inventory.actions.handle_units import Handling, handle_units
from oms.core import journal
from oms.core.actors import Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from oms.core.lifecycle import move, why_not
from oms.core.words import gettext_noop, told
from returns.actions.authorise import lock_returns
from returns.actions.receive import KEY_LENGTH
from returns.models import Disposition, Return, ReturnLine, ReturnReceipt
from returns.rules.disposition import CONDITION_WORDS, Inspected, refusals


@dataclass(frozen=True)
class Finding:
    """``quantity`` units of a return line were found in ``condition`` and get ``disposition`` (a key of
    ``returns.rules.disposition.DISPOSITIONS``). ``receipt_id`` names the arrival they lie in; left out, the oldest first.
    ``accepted``: are they paid for? One answer for a line."""

    line_id: int
    quantity: int
    condition: str
    disposition: str
    accepted: bool = True
    receipt_id: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Inspection:
    """What was found for one return. ``key`` (up to 90 characters) makes it happen once."""

    return_id: int
    findings: Sequence[Finding]
    key: str


@transaction.atomic
def inspect_returns(inspections: Sequence[Inspection], *, by: Actor) -> list[Disposition]:
    """Dispose of received units where they lie: back for sale, out of the house, off the books, or set aside
    as they are, which moves nothing. Units may be left for later. No money moves.

    The same key again returns the dispositions that were made. Raises :class:`Refused` with every reason
    (``returns/rules/disposition.py``): more than is here, what a condition does not allow, a line decided
    both ways; then nothing is disposed of.
    """
    if any(not i.key or len(i.key) > KEY_LENGTH for i in inspections):
        raise Refused(
            Reason(
                "bad_key", gettext("A key has 1 to %(KEY_LENGTH)s characters.") % {"KEY_LENGTH": KEY_LENGTH}
            )
        )
    rows = {rma.pk: rma for rma in lock_returns([i.return_id for i in inspections])}
    made = list(Disposition.objects.filter(line__rma__in=rows).order_by("pk"))
    result: list[Disposition] = []
    fresh: list[Disposition] = []
    reasons: list[Reason] = []
    decided: dict[int, tuple[ReturnLine, bool]] = {}
    for inspection in inspections:
        rma = rows.get(inspection.return_id)
        before = [d for d in (*made, *fresh) if d.key.startswith(f"{inspection.key}:")]
        if before:
            result += before
            continue
        bad = _refusals(rma, inspection)
        if rma is None or bad:
            reasons += bad
            continue
        lines = {line.pk: line for line in rma.lines.all()}
        for finding in inspection.findings:
            line = lines[finding.line_id]
            decided[line.pk] = (line, finding.accepted)
            for receipt, quantity in _where(line, finding):
                receipt.disposed += quantity
                line.disposed += quantity
                fresh.append(
                    Disposition(
                        line=line, receipt=receipt, kind=finding.disposition, quantity=quantity,
                        location_id=receipt.location_id, condition=finding.condition, note=finding.note[:200],
                        key=f"{inspection.key}:{len(fresh)}", actor=str(by)[:150],
                    )
                )  # fmt: skip
        result += [d for d in fresh if d.key.startswith(f"{inspection.key}:")]
    if reasons:
        raise Refused(reasons)
    if not fresh:
        return result
    Disposition.objects.bulk_create(fresh)
    handle_units(
        [
            Handling(
                d.line.goods_id, d.location_id, d.quantity, d.kind, f"return:{d.line.rma_id}",
                f"disposition:{d.pk}", note=d.note,
            )
            for d in fresh
            if d.line.goods_id
        ],
        by=by,
    )  # fmt: skip
    ReturnLine.objects.bulk_update([line for line, _ in decided.values()], ["disposed"])
    ReturnReceipt.objects.bulk_update(list({d.receipt_id: d.receipt for d in fresh}.values()), ["disposed"])
    move([line for line, yes in decided.values() if yes], "accept", by=by, quiet=True).or_refuse()
    move([line for line, yes in decided.values() if not yes], "reject", by=by, quiet=True).or_refuse()
    told: dict[int, list[Disposition]] = defaultdict(list)
    for d in fresh:
        told[d.line.rma_id].append(d)
    journal.write([Line.of(rows[pk], "inspect", _words(found)) for pk, found in told.items()], by=by)
    return result


def why_not_inspect(rma: Return) -> list[Reason]:
    """Why nothing of this return can be inspected now."""
    if rma.state not in {"partly_received", "received"}:
        return [
            Reason(
                "wrong_state",
                gettext("%(number)s is %(state)s: there is nothing to look at.")
                % {"number": rma.number, "state": rma.get_state_display()},
            )
        ]
    if not uninspected(rma):
        return [
            Reason(
                "nothing_to_inspect",
                gettext("%(number)s: all that came has been inspected.") % {"number": rma.number},
            )
        ]
    return []


def uninspected(rma: Return) -> int:
    return sum(line.received - line.disposed for line in rma.lines.all())


def _refusals(rma: Return | None, inspection: Inspection) -> list[Reason]:
    if rma is None:
        return [Reason("unknown_return", gettext("There is no such return."))]
    reasons = why_not_inspect(rma)
    if not inspection.findings:
        reasons.append(Reason("nothing_found", gettext("Say what was found.")))
    lines = {line.pk: line for line in rma.lines.all()}
    by_line: dict[int, list[Finding]] = defaultdict(list)
    for finding in inspection.findings:
        if finding.line_id not in lines:
            reasons.append(
                Reason("unknown_line", gettext("%(number)s has no such line.") % {"number": rma.number})
            )
        else:
            by_line[finding.line_id].append(finding)
    for pk, findings in by_line.items():
        line = lines[pk]
        found = [Inspected(f.condition, f.disposition, f.quantity) for f in findings]
        reasons += [
            Reason(reason.code, told(gettext_noop("%(of)s: %(words)s"), of=line.title, words=reason.words))
            for reason in refusals(line.received, line.disposed, found)
        ]
        reasons += _line_refusals(line, findings)
    return reasons


def _line_refusals(line: ReturnLine, findings: Sequence[Finding]) -> list[Reason]:
    title = line.title
    reasons = []
    for kind in sorted({f.disposition for f in findings} - set(Disposition.Kind.values)):
        reasons.append(
            Reason(
                "not_offered",
                gettext("%(title)s: “%(kind)s” cannot be done here.") % {"title": title, "kind": kind},
            )
        )
    if line.goods_id is None and any(f.disposition == "restock" for f in findings):
        reasons.append(
            Reason(
                "no_item",
                gettext("%(title)s is not a stocked item: nothing goes back for sale.") % {"title": title},
            )
        )
    if line.order_line_id and not line.item_id and any(f.condition == "wrong_item" for f in findings):
        told = gettext(
            "%(title)s: if it is another item, say which (“Another item came”), so that the books have that one."
        )
        reasons.append(Reason("say_which_item", told % {"title": title}))
    if line.instead_of_id and any(f.accepted for f in findings):
        told = gettext("%(title)s was not sold on this order: it cannot be paid for. Say that it is refused.")
        return [*reasons, Reason("not_sold", told % {"title": title})]
    if any(f.disposition == "return_to_customer" and f.accepted for f in findings):
        told = f"{title}: what goes back to the customer is not paid for. Say that it is refused."
        reasons.append(Reason("sent_back_unpaid", told))
    answers = {f.accepted for f in findings}
    if len(answers) > 1:
        reasons.append(
            Reason(
                "both_ways",
                gettext("%(title)s: a line is either paid for or not; refund by amount else.")
                % {"title": title},
            )
        )
    elif why_not(line, "accept" if answers == {True} else "reject"):
        reasons.append(
            Reason(
                "decided",
                gettext("%(title)s was %(decision)s before.")
                % {"title": title, "decision": line.get_decision_display()},
            )
        )
    receipts = {r.pk: r for r in line.receipts.all()}
    wanted = Counter[int]()
    for f in findings:
        if f.receipt_id is not None:
            wanted[f.receipt_id] += f.quantity
    for pk, quantity in wanted.items():
        here = receipts[pk].quantity - receipts[pk].disposed if pk in receipts else 0
        if quantity > here:
            reasons.append(
                Reason(
                    "not_in_receipt",
                    gettext("%(title)s: %(quantity)s looked at, %(here)s lie in that arrival.")
                    % {"title": title, "quantity": quantity, "here": here},
                )
            )
    return reasons


def _where(line: ReturnLine, finding: Finding) -> list[tuple[ReturnReceipt, int]]:
    """Which arrivals the units are taken from."""
    left = finding.quantity
    parts = []
    for receipt in sorted(line.receipts.all(), key=lambda r: r.pk):
        if finding.receipt_id not in (None, receipt.pk):
            continue
        take = min(left, receipt.quantity - receipt.disposed)
        if take:
            parts.append((receipt, take))
            left -= take
    if left:
        raise Refused(
            Reason(
                "too_many",
                gettext("%(title)s: %(left)s of them are not here.") % {"title": line.title, "left": left},
            )
        )
    return parts


def _words(found: Sequence[Disposition]) -> str:
    done = {**dict(Disposition.Kind.choices), "quarantine": "stays set aside"}
    return "; ".join(
        f"{d.quantity} × {d.line.title}: {CONDITION_WORDS[d.condition]}, {done[d.kind]}"
        + (f" ({d.note})" if d.note else "")
        for d in found
    )
