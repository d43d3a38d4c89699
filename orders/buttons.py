"""The verbs of orders as the console offers them: each asks, shows what it will do, and calls one action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from inventory.models import Item
from oms.core import money
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Suggesting, WhyForm, amount, ask, by_key, person, pieces
from oms.core.console.registry import Refusals
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import why_not
from oms.core.money import Money
from orders.actions.correct_address import correct_address
from orders.actions.hold import hold_orders, release_holds
from orders.actions.map_lines import map_lines
from orders.actions.note import add_note
from orders.actions.refund import (
    Refunding,
    approve_refund,
    for_quote,
    give_up_refunds,
    quote_refund,
    retry_refunds,
)
from orders.actions.reopen import reopen_orders
from orders.drafts import AddressDraft
from orders.models import Hold, Order, OrderLine, Refund
from orders.querysets import refund_limit
from orders.rules.holds import HOLDS
from orders.rules.refund_amount import LineAsk, RefundAsk, RefundQuote

Data = Mapping[str, Any]
Ids = Sequence[int]
FINISHED = ("completed", "cancelled")
REFUNDS = ("orders.issue_refund", "orders.issue_large_refund")
RELEASES = tuple(f"orders.{kind.permission}" for kind in HOLDS.values())
QUOTED = ("lines", "charges", "transactions", "refunds__lines", "holds")
UNPAID = ("none", "authorised", "partly_authorised", "voided")


def _each(check: Any) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: check(row) for row in rows}

    return refusals


def _counted(n: int) -> str:
    return "1 order" if n == 1 else f"{n} orders"


# -- holds


class HoldForm(forms.Form):
    type = forms.ChoiceField(
        label="because",
        choices=[(t, HOLDS[t].words) for t in ("manual", "customer_request", "scheduled_until")],
    )
    words = forms.CharField(label="in words", max_length=200, required=False)
    until = forms.DateTimeField(
        label="until", required=False, help_text="For “not before its date”: then it goes on by itself.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        until = data.get("until")
        if data.get("type") == "scheduled_until" and (until is None or until <= timezone.now()):
            self.add_error("until", "Choose a date in the future.")
        return data


class NoteForm(forms.Form):
    note = forms.CharField(
        label="note", max_length=200, required=False, help_text="It is kept in the timeline."
    )


def _hold(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = hold_orders(ids, type=data["type"], words=data["words"], until=data["until"], by=actor)
    again = len(set(ids)) - len(rows)
    told = f" {_counted(again)} had this hold already." if again else ""
    return Outcome(
        f"{_counted(len(rows))} held.{told}", done=len(rows),
        undo=("orders.release_hold", [h.pk for h in rows]) if rows else None,
    )  # fmt: skip


def _not_hold(order: Order) -> list[Reason]:
    if order.state in FINISHED:
        return [Reason("wrong_state", f"It is {order.get_state_display()}.")]
    return []


def _may_release(user: Any, hold: Hold) -> bool:
    return bool(user.has_perm(f"orders.{HOLDS[hold.type].permission}"))


def _active(order: Order) -> list[Hold]:
    return [h for h in order.holds.all() if h.state == "active"]


def _release(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = release_holds(ids, by=actor, note=data.get("note", ""))
    return Outcome(f"{len(ids)} released; {_counted(len(orders))} looked at again.", done=len(ids))


def _release_all(ids: Ids, actor: Actor, data: Data) -> Outcome:
    """Those holds that this person may release; the others stay, and are named."""
    user = person(actor)
    holds = list(Hold.objects.filter(order__in=ids, state="active").select_related("order"))
    mine = [h.pk for h in holds if _may_release(user, h)]
    left = {
        str(h.order): [Reason("not_allowed", f"{h.words}: not yours to release.")]
        for h in holds
        if h.pk not in mine
    }
    if not mine:
        raise Refused(Reason("nothing_to_release", "None of its holds is yours to release."))
    release_holds(mine, by=actor, note=data["note"])
    return Outcome(f"{len(mine)} holds released.", done=len(mine), refused=left)


def _release_preview(ids: Ids, data: Data) -> Preview:
    holds = (
        Hold.objects.filter(order__in=ids, state="active").select_related("order").order_by("order_id", "pk")
    )
    return Preview(
        f"{_counted(len(set(ids)))} will go on, unless something else holds them.",
        facts=[(str(h.order), h.words) for h in holds[:50]],
    )


# -- notes, addresses, items


class TextForm(forms.Form):
    text = forms.CharField(label="note", widget=forms.Textarea(attrs={"rows": 4}))


def _note(ids: Ids, actor: Actor, data: Data) -> Outcome:
    notes = add_note(ids, text=data["text"], by=actor)
    return Outcome(f"Noted on {_counted(len(notes))}.", done=len(notes))


ADDRESS = {
    "name": "name", "company": "company", "line1": "street", "line2": "street, second line", "city": "city",
    "region": "region", "postcode": "postcode", "country": "country (two letters)", "phone": "phone",
}  # fmt: skip


def _address_form(rows: Sequence[Order]) -> type[forms.Form]:
    now = rows[0].shipping_address
    return ask(
        **{
            name: forms.CharField(
                label=label,
                max_length=150,
                initial=now.get(name, ""),
                required=name in ("name", "line1", "country"),
            )
            for name, label in ADDRESS.items()
        }
    )


def _not_address(order: Order) -> list[Reason]:
    reasons = _not_hold(order)
    if any(line.packed or line.shipped for line in order.lines.all()):
        reasons.append(Reason("packed_already", "Some of it is packed or shipped already."))
    return reasons


def _correct(ids: Ids, actor: Actor, data: Data) -> Outcome:
    order = Order.objects.get(pk=ids[0])
    known = {f.name for f in fields_of(AddressDraft)}
    address = {k: v for k, v in order.shipping_address.items() if k in known}
    correct_address(ids[0], address=AddressDraft(**{**address, **{k: data[k] for k in ADDRESS}}), by=actor)
    return Outcome(f"{order.number} goes to the new address.")


def find_item(text: str) -> Item | None:
    """An item by its SKU or a barcode, as typed or scanned."""
    code = text.strip()
    return Item.objects.filter(
        Q(sku__in={code, code.upper()}) | Q(barcodes__code=code), active=True
    ).distinct().first()  # fmt: skip


def like(text: str, title: str) -> list[Item]:
    """Items that could be meant: their SKU begins alike, or their name has the title's longest words."""
    close = Q(sku__istartswith=text[:4]) if text else Q(pk=None)
    for word in sorted(title.split(), key=len)[-2:]:
        if len(word) > 3:
            close |= Q(name__icontains=word)
    return list(Item.objects.filter(close, active=True).order_by("sku")[:30])


def _map_form(rows: Sequence[OrderLine]) -> type[forms.Form]:
    line = rows[0]
    near = like(line.sku, line.title)

    class MapForm(forms.Form):
        item = forms.CharField(
            label="item", max_length=64, help_text=f"SKU or barcode of “{line.title}”.",
            widget=Suggesting([(i.sku, i.name) for i in near]),
        )  # fmt: skip

        def clean_item(self) -> Item:
            found = find_item(self.cleaned_data["item"])
            if found is None:
                could = like(self.cleaned_data["item"], self.cleaned_data["item"])
                told = f" Did you mean {', '.join(i.sku for i in could[:5])}?" if could else ""
                raise forms.ValidationError(f"There is no item with this SKU or barcode.{told}")
            return found

    return MapForm


def _map(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = map_lines(dict.fromkeys(ids, data["item"].pk), by=actor)
    return Outcome(f"It is {data['item']}; {_counted(len(orders))} looked at again.", done=len(ids))


def _not_map(line: OrderLine) -> list[Reason]:
    return _not_hold(line.order)


def _reopen(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = reopen_orders(ids, reason=data["why"], by=actor)
    return Outcome(f"{_counted(len(rows))} opened again; held until you release it.", done=len(rows))


# -- money


def _refund_form(rows: Sequence[Order]) -> type[forms.Form]:
    order = rows[0]
    given: dict[int, int] = {}
    for refund in order.refunds.all():
        for part in refund.lines.all() if refund.state != "cancelled" else ():
            if part.line_id:
                given[part.line_id] = given.get(part.line_id, 0) + part.quantity
    fields: dict[str, forms.Field] = {}
    for line in order.lines.all():
        left = max(0, line.ordered - given.get(line.pk, 0))
        told = f"{line.shipped} shipped, {line.cancelled} cancelled, {given.get(line.pk, 0)} paid back before"
        fields[f"units_{line.pk}"] = pieces(line.title, left, help_text=told)
        fields[f"amount_{line.pk}"] = amount(
            "or this amount for it", order.currency, help_text="Left empty: what was paid for these pieces."
        )
    return ask(
        whole=forms.BooleanField(label="everything that is left", required=False),
        **fields,
        shipping=amount("shipping", order.currency),
        goodwill=amount("goodwill on top", order.currency),
        fee=amount("fee kept back", order.currency),
        why=forms.CharField(label="reason", max_length=200, help_text="The customer may see it."),
    )


def _ask(data: Data, currency: str) -> RefundAsk:
    def of(value: Any) -> Money | None:
        return None if value is None else Money(value, currency)

    units, amounts = by_key(data, "units"), by_key(data, "amount")
    return RefundAsk(
        lines=[LineAsk(pk, units.get(pk, 0), of(amounts.get(pk))) for pk in sorted({*units, *amounts})],
        shipping=of(data["shipping"]), goodwill=of(data["goodwill"]), fee=of(data["fee"]), whole=data["whole"],
    )  # fmt: skip


def told_quote(quote: RefundQuote, titles: Mapping[Any, str]) -> Preview:
    """A quote in words; raises :class:`Refused` with its refusals."""
    if quote.refusals:
        raise Refused(quote.refusals)
    parts = [(f"{x.quantity} × {titles[x.key]}", x.gross) for x in quote.lines]
    parts += [
        ("shipping", quote.shipping_net + quote.shipping_tax), ("goodwill", quote.goodwill), ("fee", -quote.fee),
        ("already given back", -quote.deduction),
    ]  # fmt: skip
    return Preview(
        f"{money.words(quote.total, quote.currency)} will be paid back through the shop. Stock does not move.",
        facts=[(label, money.words(value, quote.currency)) for label, value in parts if value],
    )


def _refund_preview(ids: Ids, data: Data) -> Preview:
    (order,) = for_quote(list(ids[:1]))
    titles = {line.pk: line.title for line in order.lines.all()}
    return told_quote(quote_refund(order, _ask(data, order.currency)), titles)


def told_refund(refund: Refund) -> Outcome:
    told = (
        f"{money.words(refund.amount, refund.currency)} will be paid back; the shop is asked within moments."
    )
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
        Reason(f"held_{h.type}", f"Held: {h.words}")
        for h in _active(order)
        if "refund" in h.blocks and not h.line_id
    ]


def _not_retry(refund: Refund) -> list[Reason]:
    return [] if refund.state == "failed" else [Reason("not_failed", "It has not failed.")]


def _retry(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = retry_refunds(list(ids), by=actor)
    return Outcome(f"{len(rows)} asked for once more.", done=len(rows))


def _give_up(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = give_up_refunds(list(ids), reason=data["why"], by=actor)
    return Outcome(f"{len(rows)} given up: nothing was paid.", done=len(rows))


BUTTONS = (
    Button(
        name="orders.release_holds", label="Release holds", model="orders.order", permission=RELEASES,
        run=_release_all, shown=lambda order: bool(_active(order)), reads=("holds",),
        may=lambda user, order: any(_may_release(user, h) for h in _active(order)),
        form=lambda rows: NoteForm, preview=_release_preview, steps=frozenset({"screened"}), rank=10,
        words="Lift the holds that are yours to lift: the order goes on by itself.",
    ),
    Button(
        name="orders.hold", label="Hold", model="orders.order", permission="orders.hold_order", run=_hold,
        shown=lambda order: order.state not in FINISHED, refusals=_each(_not_hold), form=lambda rows: HoldForm,
        rank=30, words="Stop it before the warehouse or the carrier gets it.",
    ),
    Button(
        name="orders.correct_address", label="Correct the address", model="orders.order",
        permission="orders.edit_address", run=_correct, shown=lambda order: order.state not in FINISHED,
        refusals=_each(_not_address), reads=("lines",), form=_address_form, bulk=False, rank=40,
        words="Where it is delivered to.",
    ),
    Button(
        name="orders.refund", label="Refund", model="orders.order", permission=REFUNDS, run=_refund,
        shown=lambda order: order.payment_status not in UNPAID, refusals=_each(_not_refund), reads=QUOTED,
        form=_refund_form, preview=_refund_preview, bulk=False, rank=70,
        words="Pay back pieces, amounts, shipping or goodwill. Nothing is restocked by it.",
    ),
    Button(
        name="orders.note", label="Write a note", model="orders.order", permission="orders.add_note", run=_note,
        form=lambda rows: TextForm, hotkey="n", rank=80, words="For your colleagues; the customer does not see it.",
    ),
    Button(
        name="orders.reopen", label="Open again", model="orders.order", permission="orders.reopen_order", run=_reopen,
        shown=lambda order: order.state == "completed", refusals=_each(lambda o: why_not(o, "reopen")),
        form=lambda rows: WhyForm, dangerous=True, rank=90,
        words="Take a finished order up again. It is held until somebody releases it.",
    ),
    Button(
        name="orders.map_line", label="Say which item it is", model="orders.orderline", permission="orders.map_line",
        run=_map, shown=lambda line: line.stocked and line.item_id is None, reads=("order",),
        refusals=_each(_not_map), form=_map_form, bulk=False, rank=10,
        words="Its stock is promised at once, and the order goes on.",
    ),
    Button(
        name="orders.release_hold", label="Release", model="orders.hold", permission=RELEASES, run=_release,
        shown=lambda hold: hold.state == "active", may=_may_release,
        refusals=_each(lambda h: why_not(h, "release")), form=lambda rows: NoteForm, rank=10, hotkey="r",
        words="Lift it: the order goes on, unless something else holds it.",
    ),
    Button(
        name="orders.retry_refund", label="Try again", model="orders.refund", permission=REFUNDS, run=_retry,
        shown=lambda refund: refund.state in ("failed", "requested"), refusals=_each(_not_retry), rank=10, hotkey="t",
        words="Ask the shop once more; first it is read back whether it went through.",
    ),
    Button(
        name="orders.give_up_refund", label="Give up", model="orders.refund", permission="orders.issue_large_refund",
        run=_give_up, shown=lambda refund: refund.state in ("approved", "failed", "requested"),
        refusals=_each(lambda r: why_not(r, "give_up")), form=lambda rows: WhyForm, dangerous=True, rank=20,
        words="The money stays here. What was asked for may be refunded anew.",
    ),
)  # fmt: skip
