"""Connecting a channel in the console: its account by the add form, then keys, a try, listings, webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from channels import adapters
from channels.actions.confirm_stock import confirm_stock
from channels.actions.connect import able
from channels.actions.pull_listings import pull_listings
from channels.actions.subscribe import subscribe
from channels.actions.try_connection import try_connection
from channels.adapters.base import Can
from channels.models import ChannelAccount
from oms.core.actions.enter_keys import enter_keys
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, register
from oms.core.console.forms import key_form
from oms.core.console.registry import Refusals
from oms.core.errors import Reason
from oms.core.secrets import readable

MODEL = "channels.channelaccount"
CHANGE = "channels.change_channelaccount"


def kinds() -> list[tuple[str, str]]:
    """The kinds that a person may choose from, with the name shown."""
    return [(kind, getattr(found, "title", kind)) for kind, found in sorted(adapters.kinds().items())]


def wanted(kind: str) -> Mapping[str, str]:
    """The keys an account of this kind needs, with the words for whoever types them in."""
    return getattr(adapters.kinds().get(kind), "credentials", {})


def _account(ids: Sequence[int]) -> ChannelAccount:
    return ChannelAccount.objects.get(pk=ids[0])


def _enter(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    account = _account(ids)
    given = {name: data.get(name) or "" for name in wanted(account.kind)}
    enter_keys(ChannelAccount, account.pk, given, by=actor)
    return Outcome(gettext("The keys are kept, encrypted. Try the connection next."))


def _try(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    return Outcome(try_connection(_account(ids)))


def _listings(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    found = pull_listings(_account(ids))
    return Outcome(
        gettext("%(seen)s listings read, %(mapped)s of them newly known as items.")
        % {"seen": found["seen"], "mapped": found["mapped"]}
    )


def _subscribe(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    topics = subscribe(_account(ids))
    return Outcome(gettext("It will tell us of %(names)s.") % {"names": ", ".join(topics)})


def _read_stock(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    found = confirm_stock(_account(ids), everything=True)
    told = (
        gettext("%(differ)s differ and are sent again") % {"differ": found["differ"]}
        if found["differ"]
        else gettext("none differs")
    )
    return Outcome(
        gettext("Read back: %(confirmed)s levels newly confirmed, %(told)s.")
        % {"confirmed": found["confirmed"], "told": told}
    )


def why_not_call(account: ChannelAccount, flag: Can | None) -> list[Reason]:
    """Why this account cannot be asked for that: of a kind that is gone, without its keys, or not able."""
    if account.kind not in adapters.kinds():
        return [
            Reason(
                "unknown_kind",
                gettext("%(name)s is of a kind that is not installed: %(kind)s.")
                % {"name": account.name, "kind": account.kind},
            )
        ]
    given = readable(account.credentials)
    missing = [words for name, words in wanted(account.kind).items() if not given.get(name)]
    if missing:
        return [
            Reason(
                "keys_missing", gettext("Enter its keys first: %(names)s.") % {"names": ", ".join(missing)}
            )
        ]
    if flag and not able(account, flag):
        return [Reason("cannot", gettext("%(name)s is of a kind that has none.") % {"name": account.name})]
    return []


def _lacking(flag: Can | None) -> Any:
    """Refuses accounts without their keys, and those that cannot do it at all."""

    def refusals(rows: Sequence[ChannelAccount]) -> Refusals:
        return {row.pk: why_not_call(row, flag) for row in rows}

    return refusals


register(
    Button(
        name="channels.enter_keys", label=_("Enter the keys"), model=MODEL, permission=CHANGE, run=_enter, bulk=False,
        shown=lambda row: bool(wanted(row.kind)), form=lambda rows: key_form(wanted(rows[0].kind)), rank=10,
        words=_("They are kept encrypted and cannot be read again here."),
    ),
    Button(
        name="channels.try_connection", label=_("Try the connection"), model=MODEL, permission=CHANGE, run=_try,
        bulk=False, refusals=_lacking(None), rank=20, words=_("Ask it something harmless, to see that it answers."),
    ),
    Button(
        name="channels.fetch_listings", label=_("Fetch its listings"), model=MODEL, permission=CHANGE, run=_listings,
        bulk=False, refusals=_lacking(Can.PULL_LISTINGS), rank=30,
        words=_("Listings whose SKU or barcode is one of our items are known at once; their stock is sent."),
    ),
    Button(
        name="channels.subscribe", label=_("Ask for its webhooks"), model=MODEL, permission=CHANGE, run=_subscribe,
        bulk=False, refusals=_lacking(Can.RECEIVE_WEBHOOKS), rank=40,
        words=_("It then tells us of new and changed orders within moments."),
    ),
    Button(
        name="channels.read_stock", label=_("Read its stock back"), model=MODEL, permission="channels.push_listing",
        run=_read_stock, bulk=False, refusals=_lacking(Can.PUSH_STOCK), rank=50,
        words=_("Compare every level there with ours now; what differs is sent again."),
    ),
)  # fmt: skip
