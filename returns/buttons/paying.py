"""Pay for what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Row, Table, amount, ask_in_table, by_key, person
from oms.core.console.registry import Data, Ids, each
from orders.actions.quote_refund import for_quote
from orders.buttons import asked_heads, fee_fields, line_fields, most_of, told_quote, told_refund
from orders.querysets import refund_limit
from returns.actions.derive import accepted_units
from returns.actions.quote_return import Paying, quote_return, why_not_refund
from returns.actions.refund_returns import refund_return
from returns.buttons.base import READS, one
from returns.models import Return

REFUNDS = ("orders.issue_refund", "orders.issue_large_refund")


def _refund_form(rows: Sequence[Return]) -> type[forms.Form]:
    rma = rows[0]
    given, currency = accepted_units(rma), rma.its_order.currency
    (order,) = for_quote([rma.its_order.pk])
    most = most_of(order)
    back = {
        pk: sum(p.quantity for r in order.refunds.all() if r.state != "cancelled" for p in r.lines.all() if p.line_id == pk)
        for pk in (x.order_line_id for x in rma.lines.all())
    }  # fmt: skip
    fields: dict[str, forms.Field] = {}
    table: list[Row] = []
    for x in rma.lines.all():
        if x.instead_of_id:  # it was not sold here
            continue
        key = x.order_line_id or 0
        note = (
            gettext("another item came, so whether it is paid for is yours to say")
            if x.reception == "wrong_item" or any(y.instead_of_id == x.pk for y in rma.lines.all())
            else ""
        )
        fields |= line_fields(key, x.title, x.quantity, currency, given.get(key))
        cells = [x.quantity, x.received, given.get(key, 0), back.get(key, 0)]
        names = (f"units_{key}", f"amount_{key}")
        table.append(Row(str(key), f"{x.sku} {x.title}".strip(), cells, names, note, most.get(key, "")))
    heads = [gettext("Announced"), gettext("Came"), gettext("Accepted"), gettext("Paid back")]
    return ask_in_table(
        Table(heads, asked_heads(currency), table),
        **fields,
        shipping=amount(gettext("shipping"), currency),
        **fee_fields(order),
        goodwill=amount(gettext("goodwill on top"), currency),
        fee=amount(gettext("fee kept back"), currency),
        why=forms.CharField(
            label=gettext("reason"),
            max_length=200,
            required=False,
            help_text=gettext("The customer may see it."),
        ),
    )


def _paying(pk: int, data: Data) -> Paying:
    return Paying(
        pk, units=by_key(data, "units"), amounts=by_key(data, "amount"), shipping=data["shipping"],
        charges=data.get("charges"), named_charges=data.get("named") or (), goodwill=data["goodwill"], fee=data["fee"],
        reason=data["why"],
    )  # fmt: skip


def _refund_preview(ids: Ids, data: Data) -> Preview:
    rma = one(ids)
    quote = quote_return(rma, _paying(rma.pk, data))
    return told_quote(quote, {x.order_line_id: x.title for x in rma.lines.all() if x.order_line_id})


def _refund(ids: Ids, actor: Actor, data: Data) -> Outcome:
    paying = _paying(ids[0], data)
    refund = refund_return(replace(paying, limit=refund_limit(person(actor))), by=actor)
    return told_refund(refund)


BUTTONS = (
    Button(
        name="returns.refund", label=_("Refund"), model="returns.return", permission=REFUNDS, run=_refund,
        shown=lambda rma: rma.order_id is not None and rma.state in ("authorised", "partly_received", "received"),
        reads=READS, refusals=each(why_not_refund),
        form=_refund_form, preview=_refund_preview, bulk=False, rank=60, hotkey="f",
        words=_("Pay for what came back, in part or whole, once. Goods need not have come."),
    ),
)  # fmt: skip
