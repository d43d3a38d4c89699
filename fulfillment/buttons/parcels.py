"""Parcels: labelled, unlabelled, given up as lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.compare_offers import compare_offers
from fulfillment.actions.declare_customs import READS, why_not_declare
from fulfillment.actions.label_by_hand import ask_shop, label_by_hand
from fulfillment.actions.reship_parcel import Reshipping, reship_parcel, units_of, why_not_reship
from fulfillment.actions.settle_parcel import (
    Settling,
    quote_settling,
    refund_of,
    settle_parcel,
    why_not_settle,
)
from fulfillment.actions.type_tracking import Typed
from fulfillment.actions.unlabel import unlabel_parcels, why_not_unlabel
from fulfillment.buttons.asking import LABELS, can, in_states, told_parcels
from fulfillment.models import CarrierAccount, Shipment
from fulfillment.rules.offers import RULES, Choice, Offer, choose, restored
from inventory.models import StockLevel
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import WhyForm, amount, ask, by_key, person, pieces
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from orders.buttons import told_quote, told_refund
from orders.models import OrderLine
from orders.querysets import refund_limit

ASKED = ("requested", "purchased")
BEST = "best"
FRESH = timedelta(hours=4)


def label_form(rows: Sequence[Any]) -> type[forms.Form]:
    """Which offer: those that were compared, else an account and a service, else the rule's."""
    offers = _offers(rows)
    if offers:
        best = choose(offers, shipping_method=rows[0].fulfillment_order.order.shipping_method)
        choices = [
            (
                BEST,
                gettext("by the rule: %(rule)s")
                % {"rule": gettext(best.words if best else RULES["cheapest"])},
            )
        ]
        choices += [(offer.key, _told_offer(offer, best)) for offer in offers]
        return ask(
            offer=forms.ChoiceField(
                label=gettext("offer"), choices=choices, initial=BEST, widget=forms.RadioSelect
            )
        )
    accounts = CarrierAccount.objects.filter(active=True).order_by("pk")
    return ask(
        account=forms.ModelChoiceField(
            accounts, label=gettext("carrier"), required=False, empty_label=gettext("the best offer of all"),
        ),
        service=forms.CharField(
            label=gettext("service"), required=False, max_length=80,
            help_text=gettext("Left empty: the cheapest that arrives in the days the customer chose."),
        ),
    )  # fmt: skip


def _offers(rows: Sequence[Any]) -> list[Offer]:
    """What was offered for one parcel, while it is fresh."""
    row = rows[0] if len(rows) == 1 else None
    fresh = isinstance(row, Shipment) and row.quoted_at and row.quoted_at > timezone.now() - FRESH
    return [restored(kept) for kept in row.quotes] if row is not None and fresh else []


def _told_offer(offer: Offer, best: Choice | None) -> str:
    days = (
        gettext("no estimate")
        if offer.days is None
        else ngettext("%(n)s day", "%(n)s days", offer.days) % {"n": offer.days}
    )
    mark = gettext(" (the rule's)") if best and best.offer == offer else ""
    price = shown.money(offer.amount, offer.currency)
    return f"{price} · {days} · {offer.carrier} {offer.service} · {offer.account_name}{mark}"


def needs_label(parcel: Shipment) -> bool:
    return parcel.state == "draft" and not any(x.state in ASKED for x in parcel.labels.all())


def buy(parcel_ids: Ids, actor: Actor, data: Data) -> Outcome:
    wanted = data.get("offer", BEST)
    if wanted == BEST:
        account, service = data.get("account"), data.get("service", "").strip()
        labels = ask_labels(parcel_ids, account_id=account.pk if account else None, service=service, by=actor)
    else:
        number, carrier, service = wanted.split(":", 2)
        labels = ask_labels(
            parcel_ids, account_id=int(number), carrier=carrier, service=service, by_hand=True, by=actor
        )
    return Outcome(
        gettext("%(labels)s: the label is bought within moments.") % {"labels": told_parcels(len(labels))},
        done=len(labels),
    )


def _compare(ids: Ids, actor: Actor, data: Data) -> Outcome:
    parcel = compare_offers(ids[0])
    offers = [restored(kept) for kept in parcel.quotes]
    best = choose(offers, shipping_method=parcel.fulfillment_order.order.shipping_method)
    count = ngettext("%(n)s offer", "%(n)s offers", len(offers)) % {"n": len(offers)}
    told = (
        gettext(" By the rule: %(offer)s, %(words)s.")
        % {"offer": _told_offer(best.offer, None), "words": best.words}
        if best
        else ""
    )
    return Outcome(
        gettext("%(count)s.%(told)s Buy a label to take it, or another.") % {"count": count, "told": told},
        refused={gettext("Not all answered"): [Reason("no_answer", p) for p in parcel.quote_problems]}
        if parcel.quote_problems
        else {},
    )


def _not_buy(parcel: Shipment) -> list[Reason]:
    if not needs_label(parcel):
        return [Reason("has_label", gettext("It has its label, or it is being bought."))]
    return why_not_declare(parcel)


class TrackingForm(forms.Form):
    carrier = forms.CharField(label=_("carrier"), max_length=60)
    number = forms.CharField(label=_("tracking number"), max_length=80, required=False)
    url = forms.URLField(label=_("where it is followed"), required=False, assume_scheme="https")
    untracked = forms.BooleanField(label=_("it is sent without tracking"), required=False)
    unasked = forms.BooleanField(
        label=_("send it all the same"), required=False,
        help_text=_("Only where the shop does not answer whether the order still stands. It is kept in the timeline."),
    )  # fmt: skip


def _track(ids: Ids, actor: Actor, data: Data) -> Outcome:
    typed = Typed(ids[0], data["carrier"], data["number"], data["url"], data["untracked"])
    (parcel,) = label_by_hand([typed], ask_shop(ids), unasked=data["unasked"], by=actor)
    return Outcome(gettext("%(parcel)s is ready to be sent.") % {"parcel": parcel})


def _unlabel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unlabel_parcels(ids, reason=data["why"], by=actor)
    return Outcome(
        gettext("%(rows)s without a label now; what was bought is asked back.")
        % {"rows": told_parcels(len(rows))},
        done=len(rows),
    )


def _settle_form(rows: Sequence[Shipment]) -> type[forms.Form]:
    currency = rows[0].fulfillment_order.order.currency
    return ask(
        shipping=amount(gettext("shipping"), currency),
        goodwill=amount(gettext("goodwill on top"), currency),
        why=forms.CharField(
            label=gettext("reason"), max_length=200, help_text=gettext("The customer may see it.")
        ),
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


def _reship_form(rows: Sequence[Shipment]) -> type[forms.Form]:
    inside = units_of(rows[0])
    lines = OrderLine.objects.filter(pk__in=inside).order_by("position", "pk")
    units = {
        f"units_{x.pk}": pieces(
            x.title,
            inside[x.pk],
            given=inside[x.pk],
            help_text=gettext("%(n)s were in it") % {"n": inside[x.pk]},
        )
        for x in lines
    }
    return ask(
        **units,
        why=forms.CharField(
            label=gettext("why"), max_length=200, help_text=gettext("It is kept in the timeline.")
        ),
    )


def _reshipping(ids: Ids, data: Data) -> Reshipping:
    units = by_key(data, "units")
    if not units:
        raise Refused(Reason("nothing_chosen", gettext("Say which pieces shall be sent again.")))
    return Reshipping(ids[0], data.get("why", ""), units)


def _reship_preview(ids: Ids, data: Data) -> Preview:
    units = _reshipping(ids, data).units
    lines = OrderLine.objects.filter(pk__in=units).order_by("position", "pk")
    free = dict(
        StockLevel.objects.filter(
            item__in=[x.item_id for x in lines], location__active=True, location__ships=True
        )
        .values_list("item_id")
        .annotate(n=Sum(F("on_hand") - F("reserved") - F("unavailable") - F("safety_stock")))
    )
    facts = []
    for line in lines:
        n, there = units[line.pk], max(0, free.get(line.item_id, 0))
        told = (
            gettext("promised at once")
            if there >= n
            else gettext("%(there)s are free, the rest waits for stock") % {"there": there}
        )
        facts.append((line.title, f"{shown.pieces(n)}, {told}"))
    return Preview(
        gettext("A new order at no charge, to the same address. A parcel on its way counts as lost then."),
        facts=facts,
    )


def _reship(ids: Ids, actor: Actor, data: Data) -> Outcome:
    made = reship_parcel(_reshipping(ids, data), by=actor)
    link = (gettext("the order"), reverse("admin:orders_order_change", args=[made.order_id]))
    return Outcome(gettext("Sent again as %(number)s.") % {"number": made.order.number}, link=link)


def _not_reship(parcel: Shipment) -> list[Reason]:
    return why_not_reship(parcel, parcel.fulfillment_order.order.refunds.all())


def _not_settle(parcel: Shipment) -> list[Reason]:
    if refund_of(parcel.fulfillment_order.order.refunds.all(), parcel.pk):
        return [Reason("settled", gettext("What was in it is paid back, or being paid back, already."))]
    return why_not_settle(parcel)


BUTTONS = (
    Button(
        name="fulfillment.compare_offers", label=_("Compare offers"), model="fulfillment.shipment", run=_compare, rank=5,
        permission="fulfillment.buy_label", shown=lambda p: p.state == "draft" and not _not_buy(p), bulk=False,
        reads=(LABELS, *READS), refusals=each(_not_buy),  # type: ignore[arg-type]
        words=_("Ask all carriers what they take for it, and when it arrives. Nothing is bought."),
    ),
    Button(
        name="fulfillment.buy_label", label=_("Buy a label"), model="fulfillment.shipment", run=buy, rank=10,
        permission="fulfillment.buy_label", shown=in_states("draft"), reads=(LABELS, *READS), refusals=each(_not_buy),  # type: ignore[arg-type]
        form=label_form, hotkey="b",
    ),
    Button(
        name="fulfillment.type_tracking", label=_("Type a tracking number"), model="fulfillment.shipment", run=_track,
        permission="fulfillment.type_tracking", shown=in_states("draft"), refusals=can("label"), bulk=False, rank=20,
        form=lambda rows: TrackingForm, words=_("For a label bought elsewhere, or a parcel without tracking."),
    ),
    Button(
        name="fulfillment.unlabel", label=_("Take the label off"), model="fulfillment.shipment", run=_unlabel, rank=30,
        permission="fulfillment.void_label", shown=in_states("draft", "labelled"), reads=(LABELS,),  # type: ignore[arg-type]
        refusals=each(why_not_unlabel), form=lambda rows: WhyForm, dangerous=True,
        words=_("It is given back to the carrier; another may be bought."),
    ),
    Button(
        name="fulfillment.settle_parcel", label=_("It is lost: pay back"), model="fulfillment.shipment", run=_settle,
        permission="fulfillment.settle_parcel",
        shown=lambda p: p.shipped_at is not None and p.state not in ("delivered", "voided"),
        reads=("fulfillment_order__order__refunds", "reshipments__order"), refusals=each(_not_settle), form=_settle_form,
        preview=_settle_preview, bulk=False, dangerous=True, rank=40,
        words=_("Pay back what was in it. A parcel that is only silent counts as lost from now on."),
    ),
    Button(
        name="fulfillment.reship_parcel", label=_("Send it again"), model="fulfillment.shipment", run=_reship, rank=38,
        permission="fulfillment.reship_parcel",
        shown=lambda p: p.shipped_at is not None and p.state != "voided",
        reads=("fulfillment_order__order__refunds", "reshipments__order", "lines__line"), refusals=each(_not_reship),
        form=_reship_form, preview=_reship_preview, bulk=False, dangerous=True,
        words=_("Lost, come back or broken: the same pieces once more, at no charge."),
    ),
)  # fmt: skip
