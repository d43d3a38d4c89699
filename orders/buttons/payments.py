"""Enter what no channel tells: a payment, a chargeback and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core import money
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import ask
from oms.core.console.registry import Data, Ids
from orders.actions.enter_payments import Entering, enter_payments
from orders.buttons.refunds import QUOTED
from orders.drafts import Amount, PaymentDraft
from orders.models import Order

ENDS = {
    "pending": _("it was opened"),
    "failed": _("we won: the money stays"),
    "succeeded": _("we lost: the money is gone"),
}


def _amount(order: Order, label: str, given: Any = None) -> forms.DecimalField:
    return forms.DecimalField(
        label=f"{label} ({order.currency})", min_value=0, max_digits=12, decimal_places=4, initial=given,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )  # fmt: skip


def _payment_form(rows: Sequence[Order]) -> type[forms.Form]:
    return ask(
        amount=_amount(rows[0], gettext("amount"), rows[0].total),
        reference=forms.CharField(
            label=gettext("reference"),
            max_length=100,
            help_text=gettext("As the statement of account has it."),
        ),
        how=forms.CharField(
            label=gettext("how it was paid"), max_length=60, required=False, initial=gettext("bank transfer")
        ),
    )


def _chargeback_form(rows: Sequence[Order]) -> type[forms.Form]:
    order = rows[0]
    open_ = [t for t in order.transactions.all() if t.kind == "chargeback"]
    last = open_[-1] if open_ else None
    return ask(
        what=forms.ChoiceField(label=gettext("what happened"), choices=list(ENDS.items()), initial="pending"),
        reference=forms.CharField(
            label=gettext("the bank's case number"), max_length=100, initial=last.external_id if last else "",
            help_text=gettext("The same one when it ends: so both are told apart from another dispute."),
        ),
        amount=_amount(order, gettext("amount"), last.amount if last else order.total),
    )  # fmt: skip


def _fact(order: Order, data: Data, kind: str, status: str) -> PaymentDraft:
    # The shop's side follows the order's own rate of exchange.
    shop = data["amount"] * order.shop_total / order.total if order.total else data["amount"]
    amount = Amount(data["amount"], money.Money(shop, order.shop_currency).rounded().amount)
    return PaymentDraft(
        data["reference"].strip(), kind, status, amount, timezone.now(), str(data.get("how") or "")
    )


def _enter(ids: Ids, actor: Actor, data: Data, kind: str, status: str) -> None:
    order = Order.objects.get(pk=ids[0])
    enter_payments([Entering(order.pk, _fact(order, data, kind, status))], by=actor)


def _payment(ids: Ids, actor: Actor, data: Data) -> Outcome:
    _enter(ids, actor, data, "external_paid", "succeeded")
    order = Order.objects.get(pk=ids[0])
    return Outcome(
        gettext("%(words)s entered; it is %(status)s.")
        % {
            "words": money.words(data["amount"], order.currency),
            "status": shown.spoken(order.payment_status),
        }
    )


def _chargeback(ids: Ids, actor: Actor, data: Data) -> Outcome:
    _enter(ids, actor, data, "chargeback", data["what"])
    order = Order.objects.get(pk=ids[0])
    told = {
        "pending": gettext("Nothing of it is sent or paid back until that is settled."),
        "failed": gettext("The money stays; it goes on."),
        "succeeded": gettext("The money is gone; decide what becomes of the order."),
    }
    return Outcome(
        gettext("Chargeback of %(money)s entered. %(told)s")
        % {"money": money.words(data["amount"], order.currency), "told": told[data["what"]]}
    )


def _chargeback_preview(ids: Ids, data: Data) -> Preview:
    told = {
        "pending": gettext("The order is held: nothing is sent or paid back while the bank looks at it."),
        "failed": gettext("Its hold ends and the order goes on."),
        "succeeded": gettext("It counts as paid back, and stays held until somebody decides."),
    }
    return Preview(told[data["what"]])


BUTTONS = (
    Button(
        name="orders.enter_payment", label=_("Enter a payment"), model="orders.order", permission="orders.record_payment",
        run=_payment, shown=lambda order: order.state != "cancelled", reads=QUOTED, form=_payment_form,
        preview=lambda ids, data: Preview(gettext("It counts as paid. No money moves by it: it came already.")), bulk=False,
        rank=72, words=_("Money that came past the shop: a bank transfer, cash."),
    ),
    Button(
        name="orders.enter_chargeback", label=_("Enter a chargeback"), model="orders.order",
        permission="orders.record_payment", run=_chargeback,
        shown=lambda order: order.payment_status not in ("none", "authorised", "partly_authorised", "voided"),
        reads=QUOTED, form=_chargeback_form, preview=_chargeback_preview, bulk=False, dangerous=True, rank=74,
        words=_("The customer's bank takes the money back, or has decided."),
    ),
)  # fmt: skip
