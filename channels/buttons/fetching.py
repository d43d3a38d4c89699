"""Orders are fetched, taken in from a file, compared, or read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.fetch_orders import fetch_orders
from channels.actions.import_file import import_file
from channels.actions.reconcile import reconcile
from channels.actions.reread import reread
from channels.adapters.base import Can
from channels.buttons.base import (
    ACCOUNT,
    FETCH,
    account_of,
    alone,
    ask_shop,
    no_account,
    not_ask,
    off,
    parked,
)
from channels.connecting import why_not_call
from channels.models import ChannelAccount
from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.registry import Data, Ids, Refusals, each
from oms.core.errors import Reason
from oms.core.models import InboundMessage
from orders.models import Order

MOST_BYTES = 20 * 1024 * 1024


def _told_orders(figures: Mapping[str, int]) -> str:
    told = gettext("%(new)s new, %(again)s read again") % {
        "new": figures.get("placed", 0),
        "again": figures.get("changed", 0),
    }
    return told + (
        gettext(", %(parked)s could not be read") % {"parked": figures["parked"]}
        if figures.get("parked")
        else ""
    )


def _fetch(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account = account_of(ids)
    done = alone("channels.pull", account, lambda: fetch_orders(account))
    return Outcome(
        gettext("Orders of %(name)s: %(done)s. What was bought this very moment follows by itself.")
        % {"name": account.name, "done": _told_orders(done)},
        link=parked(account) if done["parked"] else None,
    )


def _compare(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account = account_of(ids)
    done = alone("channels.reconcile", account, lambda: reconcile(account))
    told = (
        gettext("Orders of the last week: %(done)s.") % {"done": _told_orders(done)}
        if "offered" in done
        else ""
    )
    if "differ" in done:
        stock = (
            gettext("%(differ)s levels differ and are sent again") % {"differ": done["differ"]}
            if done["differ"]
            else gettext("No level differs")
        )
        told = f"{told} {stock}.".strip()
    return Outcome(told, link=parked(account) if done.get("parked") else None)


def _not_compare(account: ChannelAccount) -> list[Reason]:
    orders, stock = (not_ask(flag)(account) for flag in (Can.PULL_ORDERS, Can.PUSH_STOCK))
    return orders if orders and stock else []


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"), help_text=_("A row for each line of an order. Needed: order number, date, quantity; SKU or title.")
    )  # fmt: skip

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError(gettext("The file is too large: at most 20 MB at once."))
        return sent


def _import(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account, sent = account_of(ids), data["file"]
    done = ask_shop(account, lambda: import_file(account, sent.read(), sent.name))
    known = max(0, done["orders"] - done["placed"] - done["changed"] - done["parked"])
    told = gettext("%(orders)s in %(name)s: %(done)s") % {
        "orders": ngettext("%(n)s order", "%(n)s orders", done["orders"]) % {"n": done["orders"]},
        "name": sent.name,
        "done": _told_orders(done),
    }
    return Outcome(
        gettext("%(told)s, %(known)s were here already.") % {"told": told, "known": known} if known else f"{told}.",
        done=done["placed"] + done["changed"], link=parked(account) if done["parked"] else None,
    )  # fmt: skip


def _takes_files(account: ChannelAccount) -> bool:
    return not why_not_call(account, Can.READ_FILE)


def _not_reread(rows: Sequence[Order]) -> Refusals:
    return no_account(rows, lambda order: order, not_ask(Can.PULL_ORDERS))


def _reread(ids: Ids, actor: Actor, data: Data) -> Outcome:
    order = Order.objects.get(pk=ids[0])
    account = ChannelAccount.objects.get(slug=order.source)
    was = InboundMessage.objects.filter(
        source=order.source, kind="order", external_id=order.external_id
    ).count()
    blocked = ask_shop(account, lambda: reread(ids, "release"))
    messages = InboundMessage.objects.filter(
        source=order.source, kind="order", external_id=order.external_id
    ).order_by("-pk")
    newest = messages.first()
    if newest and newest.state == "parked":
        return Outcome(
            gettext("%(name)s was read, but not understood: %(detail)s")
            % {"name": account.name, "detail": newest.detail[:200]},
            link=parked(account),
        )
    changed = messages.count() > was
    told = (
        gettext("Read at %(name)s: it changed there.")
        if changed
        else gettext("Read at %(name)s: nothing new.")
    )
    told %= {"name": account.name}
    if order.changes.filter(state="proposed").exists():
        told += gettext(" A change waits for your decision.")
    elif order.pk in blocked:
        told += f" {blocked[order.pk]}"
    return Outcome(told)


BUTTONS = (
    Button(
        name="channels.fetch_orders", label=_("Fetch orders now"), model=ACCOUNT, permission=FETCH, run=_fetch,
        shown=lambda a: not _takes_files(a), refusals=each(not_ask(Can.PULL_ORDERS)), bulk=False, rank=5, hotkey="f",
        words=_("It is done by itself all the time; this does it now."),
    ),
    Button(
        name="channels.import_file", label=_("Take in a file of orders"), model=ACCOUNT, permission=FETCH, run=_import,
        shown=_takes_files, refusals=each(lambda a: [] if a.active else [off()]), form=lambda rows: FileForm,
        bulk=False, rank=5, hotkey="f", words=_("The same file twice makes nothing twice. Bad rows are told, the others taken."),
    ),
    Button(
        name="channels.compare", label=_("Compare everything"), model=ACCOUNT, permission=FETCH, run=_compare,
        shown=lambda a: not _takes_files(a), refusals=each(_not_compare), bulk=False, rank=45,
        words=_("Orders of the last week and every stock level, as it is done each night. It can take minutes."),
    ),
    Button(
        name="channels.reread", label=_("Read it again at the shop"), model="orders.order", permission=FETCH, run=_reread,
        refusals=_not_reread, bulk=False, rank=85, words=_("Has something changed there that we have not heard of?"),
    ),
)  # fmt: skip
