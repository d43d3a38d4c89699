"""Stop an order, and let it go on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import person
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import why_not
from orders.actions.hold_orders import hold_orders
from orders.actions.release_holds import release_holds
from orders.buttons.base import FINISHED, counted, not_hold
from orders.models import Hold, Order
from orders.rules.holds import HOLDS

RELEASES = tuple(f"orders.{kind.permission}" for kind in HOLDS.values())


class HoldForm(forms.Form):
    type = forms.ChoiceField(
        label=_("because"),
        choices=[(t, _(HOLDS[t].words)) for t in ("manual", "customer_request", "scheduled_until")],
    )
    words = forms.CharField(label=_("in words"), max_length=200, required=False)
    until = forms.DateTimeField(
        label=_("until"), required=False, help_text=_("For “not before its date”: then it goes on by itself."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        until = data.get("until")
        if data.get("type") == "scheduled_until" and (until is None or until <= timezone.now()):
            self.add_error("until", gettext("Choose a date in the future."))
        return data


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("note"), max_length=200, required=False, help_text=_("It is kept in the timeline.")
    )


def _hold(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = hold_orders(ids, type=data["type"], words=data["words"], until=data["until"], by=actor)
    again = len(set(ids)) - len(rows)
    told = gettext(" %(again)s had this hold already.") % {"again": counted(again)} if again else ""
    return Outcome(
        gettext("%(rows)s held.%(told)s") % {"rows": counted(len(rows)), "told": told}, done=len(rows),
        undo=("orders.release_hold", [h.pk for h in rows]) if rows else None,
    )  # fmt: skip


def _may_release(user: Any, hold: Hold) -> bool:
    return bool(user.has_perm(f"orders.{HOLDS[hold.type].permission}"))


def active(order: Order) -> list[Hold]:
    return [h for h in order.holds.all() if h.state == "active"]


def _release(ids: Ids, actor: Actor, data: Data) -> Outcome:
    orders = release_holds(ids, by=actor, note=data.get("note", ""))
    return Outcome(
        gettext("%(ids)s released; %(orders)s looked at again.")
        % {"ids": len(ids), "orders": counted(len(orders))},
        done=len(ids),
    )


def _release_all(ids: Ids, actor: Actor, data: Data) -> Outcome:
    """Those holds that this person may release; the others stay, and are named."""
    user = person(actor)
    holds = list(Hold.objects.filter(order__in=ids, state="active").select_related("order"))
    mine = [h.pk for h in holds if _may_release(user, h)]
    left = {
        str(h.order): [
            Reason("not_allowed", gettext("%(words)s: not yours to release.") % {"words": h.words})
        ]
        for h in holds
        if h.pk not in mine
    }
    if not mine:
        raise Refused(Reason("nothing_to_release", gettext("None of its holds is yours to release.")))
    release_holds(mine, by=actor, note=data["note"])
    return Outcome(gettext("%(mine)s holds released.") % {"mine": len(mine)}, done=len(mine), refused=left)


def _release_preview(ids: Ids, data: Data) -> Preview:
    holds = (
        Hold.objects.filter(order__in=ids, state="active").select_related("order").order_by("order_id", "pk")
    )
    return Preview(
        gettext("%(ids)s will go on, unless something else holds them.") % {"ids": counted(len(set(ids)))},
        facts=[(str(h.order), h.words) for h in holds[:50]],
    )


BUTTONS = (
    Button(
        name="orders.release_holds", label=_("Release holds"), model="orders.order", permission=RELEASES,
        run=_release_all, shown=lambda order: bool(active(order)), reads=("holds",),
        may=lambda user, order: any(_may_release(user, h) for h in active(order)),
        form=lambda rows: NoteForm, preview=_release_preview, steps=frozenset({"screened"}), rank=10,
        words=_("Lift the holds that are yours to lift: the order goes on by itself."),
    ),
    Button(
        name="orders.hold", label=_("Hold"), model="orders.order", permission="orders.hold_order", run=_hold,
        shown=lambda order: order.state not in FINISHED, refusals=each(not_hold), form=lambda rows: HoldForm,
        rank=30, words=_("Stop it before the warehouse or the carrier gets it."),
    ),
    Button(
        name="orders.release_hold", label=_("Release"), model="orders.hold", permission=RELEASES, run=_release,
        shown=lambda hold: hold.state == "active", may=_may_release,
        refusals=each(lambda h: why_not(h, "release")), form=lambda rows: NoteForm, rank=10, hotkey="r",
        words=_("Lift it: the order goes on, unless something else holds it."),
    ),
)  # fmt: skip
