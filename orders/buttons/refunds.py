"""Give money back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core import money
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Row, Table, WhyForm, amount, ask_in_table, by_key, person, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import why_not
from oms.core.money import Money
from orders.actions.approve_refunds import Refunding, approve_refund
from orders.actions.give_up_refunds import give_up_refunds
from orders.actions.quote_refund import for_quote, left_by_name, quote_refund
from orders.actions.retry_refunds import retry_refunds
from orders.buttons.holds import active
from orders.models import Order, Refund
from orders.querysets import refund_limit
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote

REFUNDS = ("orders.issue_refund", "orders.issue_large_refund")
QUOTED = ("lines", "charges", "transactions", "refunds__lines", "holds")
UNPAID = ("none", "authorised", "partly_authorised", "voided")


def line_fields(
    pk: int, title: str, left: int, currency: str, given: int | None = None
) -> dict[str, forms.Field]:
    """What is asked of a line: pieces, or an amount."""
    return {
        f"units_{pk}": pieces(gettext("%(title)s: pieces") % {"title": title}, left, given=given),
        f"amount_{pk}": amount(
            gettext("%(title)s: or this amount") % {"title": title}, currency,
            help_text=gettext("Left empty: what was paid for these pieces."),
        ),
    }  # fmt: skip


def asked_heads(currency: str) -> list[str]:
    return [gettext("Pieces"), gettext("or this amount (%(currency)s)") % {"currency": currency}]


def most_of(order: Order) -> dict[Any, str]:
    """What is left to give back of each line, in words."""
    left = quote_refund(order, RefundAsk(whole=True))
    return {x.key: money.words(x.gross, order.currency) for x in left.lines if x.gross}


def _refund_form(rows: Sequence[Order]) -> type[forms.Form]:
    order = rows[0]
    given: dict[int, int] = {}
    for refund in order.refunds.all():
        for part in refund.lines.all() if refund.state != "cancelled" else ():
            if part.line_id:
                given[part.line_id] = given.get(part.line_id, 0) + part.quantity
    fields: dict[str, forms.Field] = {}
    most = most_of(order)
    table: list[Row] = []
    for line in order.lines.all():
        fields |= line_fields(
            line.pk, line.title, max(0, line.billed - given.get(line.pk, 0)), order.currency
        )
        cells = [line.ordered, line.cancelled, line.shipped, line.returned, given.get(line.pk, 0)]
        names = (f"units_{line.pk}", f"amount_{line.pk}")
        table.append(
            Row(str(line.pk), f"{line.sku} {line.title}".strip(), cells, names, most=most.get(line.pk, ""))
        )
    heads = [
        gettext("Ordered"),
        gettext("Cancelled"),
        gettext("Shipped"),
        gettext("Came back"),
        gettext("Paid back"),
    ]
    return ask_in_table(
        Table(heads, asked_heads(order.currency), table),
        whole=forms.BooleanField(
            label=gettext("everything that is left"),
            required=False,
            help_text=gettext("Shipping and fees are in it, unless an amount of theirs is typed."),
        ),
        **fields,
        shipping=amount(gettext("shipping"), order.currency),
        **fee_fields(order),
        goodwill=amount(gettext("goodwill on top"), order.currency),
        fee=amount(gettext("fee kept back"), order.currency),
        why=forms.CharField(
            label=gettext("reason"), max_length=200, help_text=gettext("The customer may see it.")
        ),
    )


def fee_fields(order: Order) -> dict[str, forms.Field]:
    """What is asked of the fees paid: which go back whole, of those that the shop has an id for, and an amount of all
    of them. Nothing where none was paid."""
    quote = quote_refund(order, RefundAsk(whole=True))
    if not quote.charges_net + quote.charges_tax:
        return {}
    fields: dict[str, forms.Field] = {}
    left = [(one.key, one.title, money.words(one.left, order.currency)) for one in left_by_name(order)]
    if left:
        fields["named"] = forms.MultipleChoiceField(
            label=gettext("fees paid back whole"),
            choices=[(key, f"{title}, {words}") for key, title, words in left],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text=gettext("The shop books them under their own name, where it has one for them."),
        )
    fields["charges"] = amount(
        gettext("fees paid"),
        order.currency,
        help_text=gettext("An amount of gift wrap, duties and the like; what is ticked above is not in it.")
        if left
        else gettext("An amount of gift wrap, duties and the like."),
    )
    return fields


def _ask(data: Data, currency: str) -> RefundAsk:
    def of(value: Any) -> Money | None:
        return None if value is None else Money(value, currency)

    units, amounts = by_key(data, "units"), by_key(data, "amount")
    return RefundAsk(
        lines=[LineAsk(pk, units.get(pk, 0), of(amounts.get(pk))) for pk in sorted({*units, *amounts})],
        shipping=of(data["shipping"]), charges=of(data.get("charges")), goodwill=of(data["goodwill"]), fee=of(data["fee"]), whole=data["whole"],
        named_charges=data.get("named") or (),
    )  # fmt: skip


def told_quote(quote: RefundQuote, titles: Mapping[Any, str]) -> Preview:
    """A quote in words; raises :class:`Refused` with its refusals."""
    if quote.refusals:
        raise Refused(quote.refusals)
    parts = [(f"{x.quantity} × {titles[x.key]}", x.gross) for x in quote.lines]
    parts += [
        (gettext("shipping"), quote.shipping_net + quote.shipping_tax),
        (gettext("fees paid"), quote.charges_net + quote.charges_tax),
        (gettext("goodwill"), quote.goodwill), (gettext("fee kept back"), -quote.fee),
        (gettext("already given back"), -quote.deduction),
    ]  # fmt: skip
    return Preview(
        gettext("%(words)s will be paid back through the shop. Stock does not move.")
        % {"words": money.words(quote.total, quote.currency)},
        facts=[(label, money.words(value, quote.currency)) for label, value in parts if value],
        each={str(x.key): money.words(x.gross, quote.currency) for x in quote.lines},
        total=money.words(quote.total, quote.currency),
    )


def _refund_preview(ids: Ids, data: Data) -> Preview:
    (order,) = for_quote(list(ids[:1]))
    titles = {line.pk: line.title for line in order.lines.all()}
    return told_quote(quote_refund(order, _ask(data, order.currency)), titles)


def told_refund(refund: Refund) -> Outcome:
    told = gettext("%(words)s will be paid back; the shop is asked within moments.") % {
        "words": money.words(refund.amount, refund.currency)
    }
    return Outcome(told, link=("refund", reverse("admin:orders_refund_change", args=[refund.pk])))


def _refund(ids: Ids, actor: Actor, data: Data) -> Outcome:
    order = Order.objects.get(pk=ids[0])
    refund = approve_refund(
        Refunding(
            order.pk, _ask(data, order.currency), data["why"], cause=f"press:{data['press']}",
            limit=refund_limit(person(actor)),
        ),
        by=actor,
    )  # fmt: skip
    return told_refund(refund)


def _not_refund(order: Order) -> list[Reason]:
    reasons = [
        r for r in quote_refund(order, RefundAsk(whole=True)).refusals if r.code == "nothing_to_refund"
    ]
    return reasons + [
        Reason(f"held_{h.type}", gettext("Held: %(words)s") % {"words": h.words})
        for h in active(order)
        if "refund" in h.blocks and not h.line_id
    ]


def _not_retry(refund: Refund) -> list[Reason]:
    return [] if refund.state == "failed" else [Reason("not_failed", gettext("It has not failed."))]


def _retry(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = retry_refunds(list(ids), by=actor)
    return Outcome(gettext("%(rows)s asked for once more.") % {"rows": len(rows)}, done=len(rows))


def _give_up(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = give_up_refunds(list(ids), reason=data["why"], by=actor)
    return Outcome(gettext("%(rows)s given up: nothing was paid.") % {"rows": len(rows)}, done=len(rows))


BUTTONS = (
    Button(
        name="orders.refund", label=_("Refund"), model="orders.order", permission=REFUNDS, run=_refund,
        shown=lambda order: order.payment_status not in UNPAID, refusals=each(_not_refund), reads=QUOTED,
        form=_refund_form, preview=_refund_preview, bulk=False, rank=70,
        words=_("Pay back pieces, amounts, shipping or goodwill. Nothing is restocked by it."),
    ),
    Button(
        name="orders.retry_refund", label=_("Try again"), model="orders.refund", permission=REFUNDS, run=_retry,
        shown=lambda refund: refund.state in ("failed", "requested"), refusals=each(_not_retry), rank=10, hotkey="t",
        words=_("Ask the shop once more; first it is read back whether it went through."),
    ),
    Button(
        name="orders.give_up_refund", label=_("Give up"), model="orders.refund", permission="orders.issue_large_refund",
        run=_give_up, shown=lambda refund: refund.state in ("approved", "failed", "requested"),
        refusals=each(lambda r: why_not(r, "give_up")), form=lambda rows: WhyForm, dangerous=True, rank=20,
        words=_("The money stays here. What was asked for may be refunded anew."),
    ),
)  # fmt: skip
