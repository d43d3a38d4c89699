"""Parcels: labelled, unlabelled, given up as lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django import forms

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.settle_parcel import (
    Settling,
    quote_settling,
    refund_of,
    settle_parcel,
    why_not_settle,
)
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.actions.unlabel import unlabel_parcels, why_not_unlabel
from fulfillment.buttons.asking import LABELS, Data, Ids, can, each, in_states, told_parcels
from fulfillment.models import CarrierAccount, Shipment
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import WhyForm, amount, ask, person
from oms.core.errors import Reason
from orders.buttons import told_quote, told_refund
from orders.models import OrderLine
from orders.querysets import refund_limit

ASKED = ("requested", "purchased")


def label_form(rows: Sequence[Any]) -> type[forms.Form]:
    accounts = CarrierAccount.objects.filter(active=True).order_by("pk")
    return ask(
        account=forms.ModelChoiceField(accounts, label="carrier", initial=accounts.first()),
        service=forms.CharField(
            label="service", required=False, max_length=80, help_text="Left empty: the cheapest."
        ),
    )


def needs_label(parcel: Shipment) -> bool:
    return parcel.state == "draft" and not any(x.state in ASKED for x in parcel.labels.all())


def buy(parcel_ids: Ids, actor: Actor, data: Data) -> Outcome:
    labels = ask_labels(parcel_ids, account_id=data["account"].pk, service=data["service"].strip(), by=actor)
    return Outcome(f"{told_parcels(len(labels))}: the label is bought within moments.", done=len(labels))


def _not_buy(parcel: Shipment) -> list[Reason]:
    return [] if needs_label(parcel) else [Reason("has_label", "It has its label, or it is being bought.")]


class TrackingForm(forms.Form):
    carrier = forms.CharField(label="carrier", max_length=60)
    number = forms.CharField(label="tracking number", max_length=80, required=False)
    url = forms.URLField(label="where it is followed", required=False, assume_scheme="https")
    untracked = forms.BooleanField(label="it is sent without tracking", required=False)


def _track(ids: Ids, actor: Actor, data: Data) -> Outcome:
    parcel = type_tracking(
        ids[0],
        carrier=data["carrier"],
        number=data["number"],
        url=data["url"],
        untracked=data["untracked"],
        by=actor,
    )
    return Outcome(f"{parcel} is ready to be sent.")


def _unlabel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unlabel_parcels(ids, reason=data["why"], by=actor)
    return Outcome(
        f"{told_parcels(len(rows))} without a label now; what was bought is asked back.", done=len(rows)
    )


def _settle_form(rows: Sequence[Shipment]) -> type[forms.Form]:
    currency = rows[0].fulfillment_order.order.currency
    return ask(
        shipping=amount("shipping", currency),
        goodwill=amount("goodwill on top", currency),
        why=forms.CharField(label="reason", max_length=200, help_text="The customer may see it."),
    )


def _settling(pk: int, data: Data) -> Settling:
    return Settling(pk, data["shipping"], data["goodwill"], data["why"])


def _settle_preview(ids: Ids, data: Data) -> Preview:
    parcel = (
        Shipment.objects.select_related("fulfillment_order").prefetch_related("lines__line").get(pk=ids[0])
    )
    titles = dict(
        OrderLine.objects.filter(order=parcel.fulfillment_order.order_id).values_list("pk", "title")
    )
    return told_quote(quote_settling(parcel, _settling(parcel.pk, data)), titles)


def _settle(ids: Ids, actor: Actor, data: Data) -> Outcome:
    return told_refund(
        settle_parcel(replace(_settling(ids[0], data), limit=refund_limit(person(actor))), by=actor)
    )


def _not_settle(parcel: Shipment) -> list[Reason]:
    if refund_of(parcel.fulfillment_order.order.refunds.all(), parcel.pk):
        return [Reason("settled", "What was in it is paid back, or being paid back, already.")]
    return why_not_settle(parcel)


BUTTONS = (
    Button(
        name="fulfillment.buy_label", label="Buy a label", model="fulfillment.shipment", run=buy, rank=10,
        permission="fulfillment.buy_label", shown=in_states("draft"), reads=(LABELS,), refusals=each(_not_buy),  # type: ignore[arg-type]
        form=label_form, hotkey="b",
    ),
    Button(
        name="fulfillment.type_tracking", label="Type a tracking number", model="fulfillment.shipment", run=_track,
        permission="fulfillment.type_tracking", shown=in_states("draft"), refusals=can("label"), bulk=False, rank=20,
        form=lambda rows: TrackingForm, words="For a label bought elsewhere, or a parcel without tracking.",
    ),
    Button(
        name="fulfillment.unlabel", label="Take the label off", model="fulfillment.shipment", run=_unlabel, rank=30,
        permission="fulfillment.void_label", shown=in_states("draft", "labelled"), reads=(LABELS,),  # type: ignore[arg-type]
        refusals=each(why_not_unlabel), form=lambda rows: WhyForm, dangerous=True,
        words="It is given back to the carrier; another may be bought.",
    ),
    Button(
        name="fulfillment.settle_parcel", label="It is lost: pay back", model="fulfillment.shipment", run=_settle,
        permission="fulfillment.settle_parcel",
        shown=lambda p: p.shipped_at is not None and p.state not in ("delivered", "voided"),
        reads=("fulfillment_order__order__refunds",), refusals=each(_not_settle), form=_settle_form,
        preview=_settle_preview, bulk=False, dangerous=True, rank=40,
        words="Pay back what was in it. A parcel that is only silent counts as lost from now on.",
    ),
)  # fmt: skip
