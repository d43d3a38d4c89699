"""The verbs of fulfillment as the console offers them: each asks, shows what it will do, and calls one action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Prefetch

from fulfillment.actions.cancel_work import cancel_orders_in_work, cancel_work
from fulfillment.actions.labels import ask_labels
from fulfillment.actions.pack import Box, Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.release_work import release_work
from fulfillment.actions.reroute import route_again
from fulfillment.actions.settle_parcel import (
    Settling,
    quote_settling,
    refund_of,
    settle_parcel,
    why_not_settle,
)
from fulfillment.actions.ship import ship
from fulfillment.actions.type_tracking import type_tracking
from fulfillment.actions.unlabel import unlabel_parcels, why_not_unlabel
from fulfillment.models import CarrierAccount, FulfillmentOrder, Label, Shipment
from fulfillment.rules.short_pick import SHORT_REASONS
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview, shown
from oms.core.console.forms import WhyForm, amount, ask, by_key, person, pieces
from oms.core.console.registry import Refusals
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import why_not
from orders.actions.cancel import Cancelling
from orders.buttons import told_quote, told_refund
from orders.models import Order, OrderLine
from orders.querysets import refund_limit

Data = Mapping[str, Any]
Ids = Sequence[int]
OPEN = ("planned", "released", "picking", "picked", "packed")
WORK = ("lines__item", "lines__order_line", "order__holds", "shipments")
# A label's document is a PDF: not read for a list of buttons.
LABELS = Prefetch("labels", Label.objects.defer("document"))
WORK_LABELS = Prefetch("shipments__labels", Label.objects.defer("document"))
ASKED = ("requested", "purchased")


def _each(check: Any) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: check(row) for row in rows}

    return refusals


def _in(*states: str) -> Any:
    return lambda row: row.state in states


def _can(command: str, *, but: str = "") -> Any:
    """Refused as the lifecycle refuses it; ``but`` is a guard that the form answers."""
    return _each(lambda row: [r for r in why_not(row, command) if r.code != but])


def _work(n: int) -> str:
    return "1 piece of work" if n == 1 else f"{n} pieces of work"


def _parcels(n: int) -> str:
    return "1 parcel" if n == 1 else f"{n} parcels"


# -- the warehouse


def _release(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = release_work(ids, by=actor)
    return Outcome(f"{_work(len(rows))} given to the warehouse.", done=len(rows))


def _start(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = start_pick(ids, by=actor)
    return Outcome(f"{_work(len(rows))} claimed: pick it.", done=len(rows))


def _asked(line: Any) -> int:
    return int(line.quantity - line.picked - line.short - line.cancelled)


def _pick_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form] | None:
    """Counts for one piece of work; several at once are found in full."""
    if len(rows) != 1:
        return None
    fields: dict[str, forms.Field] = {}
    for line in rows[0].lines.all():
        asked = _asked(line)
        if asked:
            fields[f"found_{line.pk}"] = forms.IntegerField(
                label=f"{line.item.sku} {line.item.name}", min_value=0, max_value=asked, initial=asked,
                help_text=f"{asked} asked for", widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
            )  # fmt: skip
            fields[f"why_{line.pk}"] = forms.ChoiceField(
                label="if fewer: why", required=False,
                choices=[("", "all there"), *((r.code, r.words) for r in SHORT_REASONS.values())],
            )  # fmt: skip
    return ask(**fields)


def _picked(ids: Ids, actor: Actor, data: Data) -> Outcome:
    pieces_found = {int(k.removeprefix("found_")): n for k, n in data.items() if k.startswith("found_")}
    reasons = by_key(data, "why")
    rows = confirm_pick([Found(pk, pieces_found, reasons) for pk in ids], by=actor)
    short = [row for row in rows if row.state == "cancelled"]
    told = f" Nothing was found of {_work(len(short))}: it is sent from elsewhere." if short else ""
    return Outcome(f"{_work(len(rows) - len(short))} picked.{told}", done=len(rows))


def _pack_form(rows: Sequence[FulfillmentOrder]) -> type[forms.Form] | None:
    """How one piece of work goes into parcels; several at once go into one parcel each."""
    if len(rows) != 1:
        return None
    picked = {line.pk: line for line in rows[0].lines.all() if line.picked}

    class PackForm(forms.Form):
        weights = forms.CharField(
            label="weights in grams", required=False, max_length=120,
            help_text="Parcel by parcel, such as 1200+800. Left empty: reckoned from the items.",
        )  # fmt: skip

        def clean(self) -> dict[str, Any]:
            data: dict[str, Any] = super().clean() or {}
            parts = {pk: self._parts(f"boxes_{pk}", line.picked) for pk, line in picked.items()}
            weights = self._parts("weights", None)
            if not self.errors:
                count = max((len(p) for p in parts.values()), default=1)
                boxes = [
                    Box(
                        {pk: p[i] for pk, p in parts.items() if i < len(p) and p[i]},
                        weights[i] if i < len(weights) else 0,
                    )
                    for i in range(count)
                ]
                if any(not box.pieces for box in boxes):
                    raise forms.ValidationError("A parcel is empty.")
                data["boxes"] = boxes
            return data

        def _parts(self, name: str, total: int | None) -> list[int]:
            text = self.cleaned_data.get(name, "").replace(" ", "")
            try:
                parts = [int(part) for part in text.split("+")] if text else []
            except ValueError:
                parts = [-1]
            if any(n < 0 for n in parts) or (total is not None and sum(parts) != total):
                told = (
                    f"Numbers joined by +, {total} in all." if total is not None else "Numbers joined by +."
                )
                self.add_error(name, told)
            return parts

    for pk, line in picked.items():
        PackForm.base_fields[f"boxes_{pk}"] = forms.CharField(
            label=f"{line.item.sku} {line.item.name}", initial=str(line.picked), max_length=60,
            help_text="All in one parcel. For more parcels: 2+1 puts two into the first and one into the second.",
        )  # fmt: skip
    return PackForm


def _pack(ids: Ids, actor: Actor, data: Data) -> Outcome:
    made = pack([Packing(pk, tuple(data.get("boxes", ()))) for pk in ids], by=actor)
    kilos = sum(p.weight_g for p in made) / 1000
    return Outcome(f"{_parcels(len(made))} packed, {kilos:.1f} kg.", done=len(ids))


def _label_form(rows: Sequence[Any]) -> type[forms.Form]:
    accounts = CarrierAccount.objects.filter(active=True).order_by("pk")
    return ask(
        account=forms.ModelChoiceField(accounts, label="carrier", initial=accounts.first()),
        service=forms.CharField(
            label="service", required=False, max_length=80, help_text="Left empty: the cheapest."
        ),
    )


def _needs_label(parcel: Shipment) -> bool:
    return parcel.state == "draft" and not any(x.state in ASKED for x in parcel.labels.all())


def _buy(parcel_ids: Ids, actor: Actor, data: Data) -> Outcome:
    labels = ask_labels(parcel_ids, account_id=data["account"].pk, service=data["service"].strip(), by=actor)
    return Outcome(f"{_parcels(len(labels))}: the label is bought within moments.", done=len(labels))


def _buy_for_work(ids: Ids, actor: Actor, data: Data) -> Outcome:
    parcels = Shipment.objects.filter(fulfillment_order__in=ids, state="draft").prefetch_related(LABELS)
    return _buy([p.pk for p in parcels if _needs_label(p)], actor, data)


def _not_buy_for_work(work: FulfillmentOrder) -> list[Reason]:
    if any(_needs_label(p) for p in work.shipments.all()):
        return []
    return [Reason("has_label", "Every parcel has its label, or it is being bought.")]


def _not_buy(parcel: Shipment) -> list[Reason]:
    return [] if _needs_label(parcel) else [Reason("has_label", "It has its label, or it is being bought.")]


def _ship(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = ship(ids, by=actor)
    count = sum(1 for row in rows for p in row.shipments.all() if p.state != "voided")
    return Outcome(f"{_parcels(count)} handed over; the shops are told within moments.", done=len(rows))


def _cancel_work(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_work(ids, reason=data["why"], by=actor)
    return Outcome(
        f"{_work(len(rows))} taken back; what is promised is sent from where it is best now.", done=len(rows)
    )


# -- parcels


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
        f"{_parcels(len(rows))} without a label now; what was bought is asked back.", done=len(rows)
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


# -- orders that the warehouse has begun with


def _left(order: Order) -> dict[OrderLine, int]:
    open_units = {x: x.ordered - x.cancelled - x.shipped for x in order.lines.all()}
    return {x: n for x, n in open_units.items() if n}


def _not_cancel(order: Order) -> list[Reason]:
    if order.state in ("completed", "cancelled"):
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    if not _left(order):
        return [Reason("shipped_already", "All of it is shipped; take it back as a return.")]
    return []


def _cancel_form(rows: Sequence[Order]) -> type[forms.Form]:
    why = forms.CharField(label="why", max_length=200, help_text="The shop is told.")
    if len(rows) != 1:
        return ask(why=why)
    units = {
        f"units_{x.pk}": pieces(x.title, n, given=n, help_text=f"{n} not sent yet")
        for x, n in _left(rows[0]).items()
    }
    return ask(**units, why=why)


def _cancellings(ids: Ids, data: Data) -> list[Cancelling]:
    """Everything that is not sent, or the pieces typed; an order of which something is sent loses its rest."""
    typed = by_key(data, "units")
    asked = any(name.startswith("units_") for name in data)
    if asked and not typed:
        # No units would mean everything to the action; here it means that nothing was chosen.
        raise Refused(Reason("nothing_chosen", "Say which pieces shall be cancelled."))
    found = []
    for order in Order.objects.filter(pk__in=ids).order_by("pk").prefetch_related("lines"):
        left = {x.pk: n for x, n in _left(order).items()}
        units = typed if asked else left
        whole = units == left and not any(x.shipped for x in order.lines.all())
        found.append(Cancelling(order.pk, data.get("why", ""), {} if whole else units))
    return found


def _cancel_preview(ids: Ids, data: Data) -> Preview:
    orders = {o.pk: o for o in Order.objects.filter(pk__in=ids).prefetch_related("lines")}
    facts = []
    for c in _cancellings(ids, data):
        units = sum(c.units.values()) if c.units else sum(_left(orders[c.order_id]).values())
        facts.append(
            (orders[c.order_id].number, shown.pieces(units) + ("" if c.units else ", the whole order"))
        )
    works = FulfillmentOrder.objects.filter(order__in=ids, state__in=OPEN).count()
    told = f" Up to {_work(works)} taken back from the warehouse." if works else ""
    return Preview(f"Stock is free for others at once; the shop is told.{told}", facts=facts[:50])


def _cancel(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = cancel_orders_in_work(_cancellings(ids, data), by=actor)
    whole = sum(1 for order in rows if order.state == "cancelled")
    return Outcome(f"{whole} cancelled, {len(rows) - whole} made smaller.", done=len(rows))


def _route(ids: Ids, actor: Actor, data: Data) -> Outcome:
    works = route_again(ids, by=actor)
    return Outcome(f"Decided anew: {_work(len(works))}.", done=len(ids))


def _not_route(order: Order) -> list[Reason]:
    if order.state != "open":
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    waiting = any(line.promised for line in order.lines.all())
    if not waiting and not any(w.state in ("planned", "released") for w in order.fulfillment_orders.all()):
        return [Reason("nothing_to_route", "Nothing of it waits to be sent that nobody has begun with.")]
    return []


BUTTONS = (
    Button(
        name="fulfillment.release", label="Release", model="fulfillment.fulfillmentorder", run=_release, rank=10,
        permission="fulfillment.release_fulfillmentorder", shown=_in("planned"), reads=WORK, refusals=_can("release"),
        words="Give it to the warehouse.",
    ),
    Button(
        name="fulfillment.start_pick", label="Start picking", model="fulfillment.fulfillmentorder", run=_start, rank=20,
        permission="fulfillment.pick_fulfillmentorder", shown=_in("released"), reads=WORK,
        refusals=_can("start_pick"), steps=frozenset({"picked"}), hotkey="s",
        words="Claim it, so that nobody else picks the same.",
    ),
    Button(
        name="fulfillment.confirm_pick", label="Picked", model="fulfillment.fulfillmentorder", run=_picked, rank=30,
        permission="fulfillment.pick_fulfillmentorder", shown=_in("released", "picking"), reads=WORK,
        refusals=_can("finish_pick", but="nothing_picked"), form=_pick_form, steps=frozenset({"picked"}), hotkey="p",
        words="Say what you found. What is missing is sent from elsewhere, or waits.",
    ),
    Button(
        name="fulfillment.pack", label="Pack", model="fulfillment.fulfillmentorder", run=_pack, rank=40,
        permission="fulfillment.pack_fulfillmentorder", shown=_in("picked"), reads=WORK, refusals=_can("pack"),
        form=_pack_form, steps=frozenset({"packed"}), hotkey="k", words="Into one parcel, or more.",
    ),
    Button(
        name="fulfillment.buy_labels", label="Buy labels", model="fulfillment.fulfillmentorder", run=_buy_for_work,
        permission="fulfillment.buy_label", shown=_in("packed"), reads=(*WORK, WORK_LABELS), rank=50,  # type: ignore[arg-type]
        refusals=_each(_not_buy_for_work), form=_label_form, steps=frozenset({"shipped"}), hotkey="b",
        words="For every parcel that has none.",
    ),
    Button(
        name="fulfillment.ship", label="Ship", model="fulfillment.fulfillmentorder", run=_ship, rank=60,
        permission="fulfillment.ship_fulfillmentorder", shown=_in("packed"), reads=WORK, refusals=_can("ship"),
        steps=frozenset({"shipped"}), hotkey="h", words="The carrier has it. The shop is told.",
    ),
    Button(
        name="fulfillment.cancel_work", label="Take back", model="fulfillment.fulfillmentorder", run=_cancel_work,
        permission="fulfillment.cancel_fulfillmentorder", shown=_in(*OPEN), reads=WORK, refusals=_can("cancel"),
        form=lambda rows: WhyForm, dangerous=True, rank=90,
        words="Picked goods go back to their shelf, labels are given back; the order is routed anew.",
    ),
    Button(
        name="fulfillment.buy_label", label="Buy a label", model="fulfillment.shipment", run=_buy, rank=10,
        permission="fulfillment.buy_label", shown=_in("draft"), reads=(LABELS,), refusals=_each(_not_buy),  # type: ignore[arg-type]
        form=_label_form, hotkey="b",
    ),
    Button(
        name="fulfillment.type_tracking", label="Type a tracking number", model="fulfillment.shipment", run=_track,
        permission="fulfillment.type_tracking", shown=_in("draft"), refusals=_can("label"), bulk=False, rank=20,
        form=lambda rows: TrackingForm, words="For a label bought elsewhere, or a parcel without tracking.",
    ),
    Button(
        name="fulfillment.unlabel", label="Take the label off", model="fulfillment.shipment", run=_unlabel, rank=30,
        permission="fulfillment.void_label", shown=_in("draft", "labelled"), reads=(LABELS,),  # type: ignore[arg-type]
        refusals=_each(why_not_unlabel), form=lambda rows: WhyForm, dangerous=True,
        words="It is given back to the carrier; another may be bought.",
    ),
    Button(
        name="fulfillment.settle_parcel", label="It is lost: pay back", model="fulfillment.shipment", run=_settle,
        permission="fulfillment.settle_parcel",
        shown=lambda p: p.shipped_at is not None and p.state not in ("delivered", "voided"),
        reads=("fulfillment_order__order__refunds",), refusals=_each(_not_settle), form=_settle_form,
        preview=_settle_preview, bulk=False, dangerous=True, rank=40,
        words="Pay back what was in it. A parcel that is only silent counts as lost from now on.",
    ),
    Button(
        name="fulfillment.route", label="Route again", model="orders.order", permission="fulfillment.route_order",
        run=_route, shown=lambda order: order.state == "open", reads=("lines", "fulfillment_orders"),
        refusals=_each(_not_route), steps=frozenset({"routed"}), rank=50,
        words="Decide anew where it is sent from. Work that somebody has begun stays.",
    ),
    Button(
        name="fulfillment.cancel_order", label="Cancel", model="orders.order", permission="orders.cancel_order",
        run=_cancel, shown=lambda order: order.state not in ("completed", "cancelled"), reads=("lines",),
        refusals=_each(_not_cancel), form=_cancel_form, preview=_cancel_preview, dangerous=True, rank=100,
        words="What is not sent, in part or whole. The shop is told.",
    ),
)  # fmt: skip
