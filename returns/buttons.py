"""The verbs of returns as the console offers them: each asks, shows what it will do, and calls one action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.urls import reverse

from inventory.models import Location
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import WhyForm, amount, ask, by_key, person, pieces
from oms.core.console.registry import Refusals
from oms.core.errors import Reason
from oms.core.lifecycle import why_not
from orders.buttons import told_quote, told_refund
from orders.models import Order
from orders.querysets import refund_limit
from returns.actions.authorise import authorise_returns
from returns.actions.cancel import cancel_returns
from returns.actions.close import close_returns, why_not_close
from returns.actions.decline import decline_returns
from returns.actions.derive import accepted_units
from returns.actions.finish_reception import Finishing, finish_reception
from returns.actions.inspect import Finding, Inspection, inspect_returns, uninspected, why_not_inspect
from returns.actions.open import Opening, Wanted, look, on_their_way, open_returns
from returns.actions.receive import Arrival, awaited, receive_returns, why_not_receive
from returns.actions.refund import Paying, quote_return, refund_return, why_not_refund
from returns.models import Disposition, Return
from returns.rules.disposition import ALLOWED, CONDITION_WORDS
from returns.rules.eligibility import ACCEPT, REFUSE

Data = Mapping[str, Any]
Ids = Sequence[int]
READS = ("lines__order_line", "lines__receipts", "refund", "order")
REFUNDS = ("orders.issue_refund", "orders.issue_large_refund")


def _each(check: Any) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: check(row) for row in rows}

    return refusals


def _in(*states: str) -> Any:
    return lambda rma: rma.state in states


def _numbers(rows: Sequence[Return]) -> str:
    return ", ".join(rma.number for rma in rows[:5]) + (" …" if len(rows) > 5 else "")


def _one(ids: Ids) -> Return:
    return Return.objects.prefetch_related(*READS).get(pk=ids[0])


def _page(rma: Return) -> tuple[str, str]:
    return rma.number, reverse("admin:returns_return_change", args=[rma.pk])


def _places() -> Any:
    return Location.objects.filter(active=True)


# -- asked for


def _returnable(order: Order) -> dict[Any, int]:
    taken = on_their_way(order)
    return {x: x.shipped - taken[x.pk] for x in order.lines.all() if x.shipped > taken[x.pk]}


def _not_returnable(order: Order) -> list[Reason]:
    if _returnable(order):
        return []
    return [Reason("nothing_left", "All that was sent came back, or is on its way back.")]


def _open_form(rows: Sequence[Order]) -> type[forms.Form]:
    return ask(
        **{f"units_{x.pk}": pieces(x.title, n, help_text=f"{n} can come back") for x, n in _returnable(rows[0]).items()},
        why=forms.CharField(label="what the customer says", max_length=200),
        faulty=forms.BooleanField(label="we sent it wrong or broken", required=False),
        location=forms.ModelChoiceField(
            _places(), label="expected at", required=False, help_text="Left out: where it was sent from."
        ),
        approve=forms.BooleanField(
            label="approve it at once where the policy accepts it", required=False, initial=True
        ),
        for_review=forms.BooleanField(
            label="take it in also where the policy refuses it", required=False,
            help_text="A person then decides. What was not sent cannot come back all the same.",
        ),
    )  # fmt: skip


def _wishes(data: Data) -> list[Wanted]:
    return [Wanted(pk, n, data["why"], data["faulty"]) for pk, n in by_key(data, "units").items()]


def _open_preview(ids: Ids, data: Data) -> Preview:
    order = Order.objects.prefetch_related("lines", "returns__lines").get(pk=ids[0])
    verdict = look(order, _wishes(data))
    words = {ACCEPT: "The policy accepts it.", REFUSE: "The policy refuses it."}
    titles = {x.pk: x.title for x in order.lines.all()}
    return Preview(
        words.get(verdict.verdict, "The policy wants a person to look at it."),
        facts=[(titles[x.key], f"{x.quantity} piece{'' if x.quantity == 1 else 's'}") for x in verdict.lines],  # type: ignore[index]
        refused={titles[x.key]: x.reasons for x in verdict.lines if x.reasons},  # type: ignore[index]
    )


def _open(ids: Ids, actor: Actor, data: Data) -> Outcome:
    may = person(actor).has_perm("returns.authorise_return")
    opening = Opening(
        ids[0], _wishes(data), data["why"], location_id=data["location"].pk if data["location"] else None,
        authorise=data["approve"] and may, for_review=data["for_review"],
    )  # fmt: skip
    (rma,) = open_returns([opening], by=actor)
    told = "approved; it may come back" if rma.state == "authorised" else "waits for a decision"
    return Outcome(f"Return {rma.number} is opened: {told}.", link=_page(rma))


def _approve(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = authorise_returns(ids, by=actor)
    return Outcome(f"{_numbers(rows)} approved: the goods may come back.", done=len(rows))


def _decline(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = decline_returns(ids, reason=data["why"], by=actor)
    return Outcome(f"{_numbers(rows)} declined.", done=len(rows))


def _not_cancel(rma: Return) -> list[Reason]:
    paid = rma.refund is not None and rma.refund.state != "cancelled"
    more = [Reason("refunded", "It was paid for; close it instead.")] if paid else []
    return [*why_not(rma, "cancel"), *more]


def _cancel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_returns(ids, reason=data["why"], by=actor)
    return Outcome(f"{_numbers(rows)} called off.", done=len(rows))


# -- at the dock


def _waiting(rma: Return) -> list[Any]:
    return [x for x in rma.lines.all() if x.reception in {"awaiting", "partly"}]


def _receive_form(rows: Sequence[Return]) -> type[forms.Form]:
    rma = rows[0]
    return ask(
        **{
            f"units_{x.pk}": pieces(
                x.order_line.title, x.quantity - x.received, help_text=_code(x, "awaited")
            )
            for x in _waiting(rma)
        },
        location=forms.ModelChoiceField(
            _places(), label="arrived at", initial=rma.location_id, help_text="Where the goods really are."
        ),
    )


def _code(line: Any, what: str) -> str:
    left = line.quantity - line.received if what == "awaited" else line.received - line.disposed
    return f"{line.order_line.sku or 'no SKU'} · {left} {what}"


def _receive(ids: Ids, actor: Actor, data: Data) -> Outcome:
    arrival = Arrival(ids[0], by_key(data, "units"), data["location"].pk, f"press:{data['press']}")
    receipts = receive_returns([arrival], by=actor)
    count = sum(r.quantity for r in receipts)
    return Outcome(f"{count} received at {data['location']}; set aside until somebody has looked at them.")


def _not_finish(rma: Return) -> list[Reason]:
    return why_not_receive(rma) or (
        [] if awaited(rma) else [Reason("nothing_awaited", "Nothing is awaited any more.")]
    )


def _finish_form(rows: Sequence[Return]) -> type[forms.Form] | None:
    fields = {
        f"kept_{x.pk}": forms.BooleanField(
            label=f"the customer keeps {x.quantity} × {x.order_line.title}", required=False,
            help_text="It is paid for all the same. Left empty: it did not come.",
        )
        for x in _waiting(rows[0])
        if not x.received
    }  # fmt: skip
    return ask(**fields) if fields and len(rows) == 1 else None


def _finish(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = finish_reception([Finishing(pk, frozenset(by_key(data, "kept"))) for pk in ids], by=actor)
    return Outcome(f"{_numbers(rows)}: nothing more is awaited.", done=len(rows))


# -- looked at


def _inspect_form(rows: Sequence[Return]) -> type[forms.Form]:
    fields: dict[str, forms.Field] = {}
    for x in rows[0].lines.all():
        left = x.received - x.disposed
        if not left:
            continue
        title = x.order_line.title
        fields[f"units_{x.pk}"] = pieces(
            f"{title}: looked at", left, given=left, help_text=_code(x, "to look at")
        )
        fields[f"condition_{x.pk}"] = forms.ChoiceField(label="found", choices=list(CONDITION_WORDS.items()))
        fields[f"kind_{x.pk}"] = forms.ChoiceField(
            label="what becomes of them", required=False,
            choices=[("", "what is usual for that"), *Disposition.Kind.choices],
        )  # fmt: skip
        fields[f"accepted_{x.pk}"] = forms.ChoiceField(
            label="is it paid for", choices=[("yes", "yes"), ("no", "no, refused")],
            initial="no" if x.decision == "rejected" else "yes",
        )  # fmt: skip
        fields[f"note_{x.pk}"] = forms.CharField(label="note", max_length=200, required=False)
    return ask(**fields)


def usual(condition: str) -> str:
    """What a piece in this condition becomes, of what can be done here."""
    return next(kind for kind in (*ALLOWED[condition], "quarantine") if kind in Disposition.Kind.values)


def _findings(data: Data) -> list[Finding]:
    return [
        Finding(
            pk, n, data[f"condition_{pk}"], data[f"kind_{pk}"] or usual(data[f"condition_{pk}"]),
            accepted=data[f"accepted_{pk}"] == "yes", note=data[f"note_{pk}"],
        )
        for pk, n in by_key(data, "units").items()
    ]  # fmt: skip


def _inspect_preview(ids: Ids, data: Data) -> Preview:
    rma = _one(ids)
    titles = {x.pk: x.order_line.title for x in rma.lines.all()}
    does = {"restock": "for sale at once", "quarantine": "stay set aside", "write_off": "leave the books"}
    found = _findings(data)
    return Preview(
        f"{sum(f.quantity for f in found)} of {uninspected(rma)} pieces looked at. No money moves.",
        facts=[(titles[f.line_id], f"{f.quantity} {does[f.disposition]}") for f in found],
    )


def _inspect(ids: Ids, actor: Actor, data: Data) -> Outcome:
    made = inspect_returns([Inspection(ids[0], _findings(data), f"press:{data['press']}")], by=actor)
    told = ", ".join(f"{d.quantity} {d.get_kind_display()}" for d in made)
    return Outcome(f"Looked at: {told}.")


# -- money


def _refund_form(rows: Sequence[Return]) -> type[forms.Form]:
    rma = rows[0]
    given, currency = accepted_units(rma), rma.order.currency
    fields: dict[str, forms.Field] = {}
    for x in rma.lines.all():
        told = f"{given.get(x.order_line_id, 0)} accepted, {x.received} received, {x.quantity} announced"
        fields[f"units_{x.order_line_id}"] = pieces(
            x.order_line.title, x.quantity, given=given.get(x.order_line_id), help_text=told
        )
        fields[f"amount_{x.order_line_id}"] = amount(
            "or this amount for it", currency, help_text="Left empty: what was paid for these pieces."
        )
    return ask(
        **fields,
        shipping=amount("shipping", currency),
        goodwill=amount("goodwill on top", currency),
        fee=amount("fee kept back", currency),
        why=forms.CharField(
            label="reason", max_length=200, required=False, help_text="The customer may see it."
        ),
    )


def _paying(pk: int, data: Data) -> Paying:
    return Paying(
        pk, units=by_key(data, "units"), amounts=by_key(data, "amount"), shipping=data["shipping"],
        goodwill=data["goodwill"], fee=data["fee"], reason=data["why"],
    )  # fmt: skip


def _refund_preview(ids: Ids, data: Data) -> Preview:
    rma = _one(ids)
    quote = quote_return(rma, _paying(rma.pk, data))
    return told_quote(quote, {x.order_line_id: x.order_line.title for x in rma.lines.all()})


def _refund(ids: Ids, actor: Actor, data: Data) -> Outcome:
    paying = _paying(ids[0], data)
    refund = refund_return(replace(paying, limit=refund_limit(person(actor))), by=actor)
    return told_refund(refund)


# -- the end


def _not_settled(rma: Return) -> list[Reason]:
    return why_not_close(rma, settled_otherwise=True)


def _unresolved(rma: Return) -> bool:
    return rma.state in OPEN_TO_CLOSE and any(r.code == "unresolved" for r in why_not_close(rma))


OPEN_TO_CLOSE = ("authorised", "partly_received", "received")


def _close(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = close_returns(ids, settled_otherwise=data.get("how", ""), by=actor)
    return Outcome(f"{_numbers(rows)} closed.", done=len(rows))


BUTTONS = (
    Button(
        name="returns.open", label="Open a return", model="orders.order", permission="returns.open_return", run=_open,
        shown=lambda order: any(line.shipped for line in order.lines.all()), refusals=_each(_not_returnable),
        reads=("lines", "returns__lines"), form=_open_form, preview=_open_preview, bulk=False, rank=60,
        words="Goods shall come back: the policy says whether they may.",
    ),
    Button(
        name="returns.approve", label="Approve", model="returns.return", permission="returns.authorise_return",
        run=_approve, shown=_in("requested"), reads=READS, refusals=_each(lambda r: why_not(r, "authorise")),
        rank=10, hotkey="a", words="The goods may come back.",
    ),
    Button(
        name="returns.decline", label="Decline", model="returns.return", permission="returns.authorise_return",
        run=_decline, shown=_in("requested"), reads=READS, refusals=_each(lambda r: why_not(r, "decline")),
        form=lambda rows: WhyForm, dangerous=True, rank=20, words="The goods may not come back. The order goes on.",
    ),
    Button(
        name="returns.receive", label="Receive", model="returns.return", permission="returns.receive_return",
        run=_receive, shown=_in("requested", "authorised", "partly_received"), reads=READS,
        refusals=_each(why_not_receive), form=_receive_form, bulk=False, rank=30, hotkey="r",
        words="Count what lies before you. It is set aside until somebody has looked at it.",
    ),
    Button(
        name="returns.finish", label="The rest does not come", model="returns.return",
        permission="returns.receive_return", run=_finish, shown=_in("authorised", "partly_received"), reads=READS,
        refusals=_each(_not_finish), form=_finish_form, bulk=False, dangerous=True, rank=40,
        words="End the wait: it is short, or the customer keeps it.",
    ),
    Button(
        name="returns.inspect", label="Look at it", model="returns.return", permission="returns.inspect_return",
        run=_inspect, shown=_in("partly_received", "received"), reads=READS, refusals=_each(why_not_inspect),
        form=_inspect_form, preview=_inspect_preview, bulk=False, rank=50, hotkey="l",
        words="Say how each piece is and what becomes of it. For pieces in different conditions do it once for each.",
    ),
    Button(
        name="returns.refund", label="Refund", model="returns.return", permission=REFUNDS, run=_refund,
        shown=_in("authorised", "partly_received", "received"), reads=READS, refusals=_each(why_not_refund),
        form=_refund_form, preview=_refund_preview, bulk=False, rank=60, hotkey="f",
        words="Pay for what came back, in part or whole, once. Goods need not have come.",
    ),
    Button(
        name="returns.close", label="Close", model="returns.return", permission="returns.close_return", run=_close,
        shown=_in(*OPEN_TO_CLOSE), reads=READS, refusals=_each(why_not_close), rank=70, hotkey="c",
        words="Everything is inspected and paid. It closes by itself when the money went out.",
    ),
    Button(
        name="returns.settle", label="Settled another way", model="returns.return", permission="returns.close_return",
        run=_close, shown=_unresolved, reads=READS, refusals=_each(_not_settled), bulk=False, rank=80,
        form=lambda rows: ask(how=forms.CharField(
            label="how", max_length=200, help_text="Such as: paid back at the shop, a voucher, nothing is owed.")),
        words="Close it without a refund from here.",
    ),
    Button(
        name="returns.cancel", label="Call off", model="returns.return", permission="returns.authorise_return",
        run=_cancel, shown=_in("requested", "authorised"), reads=READS, refusals=_each(_not_cancel),
        form=lambda rows: WhyForm, dangerous=True, rank=90, words="The goods do not come back after all.",
    ),
)  # fmt: skip
