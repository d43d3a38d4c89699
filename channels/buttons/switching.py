"""A channel is switched off and on."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.switch_channels import switch_channels
from channels.buttons.base import ACCOUNT
from channels.models import ChannelAccount
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.registry import Data, Ids


def _off_preview(ids: Ids, data: Data) -> Preview:
    rows = ChannelAccount.objects.filter(pk__in=ids).annotate(n=Count("listings")).order_by("name")
    return Preview(
        gettext(
            "No orders are fetched and no stock is sent. The shop itself goes on selling from the last numbers it got:"
            " close it there, or set its stock to none first."
        ),
        [(row.name, ngettext("%(n)s listing", "%(n)s listings", row.n) % {"n": row.n}) for row in rows],
    )


def _switch(on: bool) -> Any:
    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        rows = switch_channels(ids, on=on, by=actor)
        names = ", ".join(row.name for row in rows)
        if on:
            return Outcome(
                gettext("%(names)s is on: orders since then are fetched, stock is sent.") % {"names": names},
                done=len(rows),
            )
        return Outcome(
            gettext("%(names)s is off.") % {"names": names},
            done=len(rows),
            undo=("channels.switch_on", [row.pk for row in rows]),
        )

    return run


BUTTONS = (
    Button(
        name="channels.switch_off", label=_("Switch off"), model=ACCOUNT, permission="channels.change_channelaccount",
        run=_switch(False), shown=lambda a: a.active, preview=_off_preview, dangerous=True, rank=90,
        words=_("No orders, no stock, until it is switched on again."),
    ),
    Button(
        name="channels.switch_on", label=_("Switch on"), model=ACCOUNT, permission="channels.change_channelaccount",
        run=_switch(True), shown=lambda a: not a.active, rank=1,
        words=_("Orders are fetched from where it was left, and every level is sent that changed."),
    ),
)  # fmt: skip
