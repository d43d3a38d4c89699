"""Connecting a channel in the console: its account by the add form, then keys, a try, listings, webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
    return Outcome("The keys are kept, encrypted. Try the connection next.")


def _try(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    return Outcome(try_connection(_account(ids)))


def _listings(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    found = pull_listings(_account(ids))
    return Outcome(f"{found['seen']} listings read, {found['mapped']} of them newly known as items.")


def _subscribe(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    topics = subscribe(_account(ids))
    return Outcome(f"It will tell us of {', '.join(topics)}.")


def _read_stock(ids: Sequence[int], actor: Actor, data: Mapping[str, Any]) -> Outcome:
    found = confirm_stock(_account(ids), everything=True)
    told = f"{found['differ']} differ and are sent again" if found["differ"] else "none differs"
    return Outcome(f"Read back: {found['confirmed']} levels newly confirmed, {told}.")


def why_not_call(account: ChannelAccount, flag: Can | None) -> list[Reason]:
    """Why this account cannot be asked for that: of a kind that is gone, without its keys, or not able."""
    if account.kind not in adapters.kinds():
        return [Reason("unknown_kind", f"{account.name} is of a kind that is not installed: {account.kind}.")]
    given = readable(account.credentials)
    missing = [words for name, words in wanted(account.kind).items() if not given.get(name)]
    if missing:
        return [Reason("keys_missing", f"Enter its keys first: {', '.join(missing)}.")]
    if flag and not able(account, flag):
        return [Reason("cannot", f"{account.name} is of a kind that has none.")]
    return []


def _lacking(flag: Can | None) -> Any:
    """Refuses accounts without their keys, and those that cannot do it at all."""

    def refusals(rows: Sequence[ChannelAccount]) -> Refusals:
        return {row.pk: why_not_call(row, flag) for row in rows}

    return refusals


register(
    Button(
        name="channels.enter_keys", label="Enter the keys", model=MODEL, permission=CHANGE, run=_enter, bulk=False,
        shown=lambda row: bool(wanted(row.kind)), form=lambda rows: key_form(wanted(rows[0].kind)), rank=10,
        words="They are kept encrypted and cannot be read again here.",
    ),
    Button(
        name="channels.try_connection", label="Try the connection", model=MODEL, permission=CHANGE, run=_try,
        bulk=False, refusals=_lacking(None), rank=20, words="Ask it something harmless, to see that it answers.",
    ),
    Button(
        name="channels.fetch_listings", label="Fetch its listings", model=MODEL, permission=CHANGE, run=_listings,
        bulk=False, refusals=_lacking(Can.PULL_LISTINGS), rank=30,
        words="Listings whose SKU or barcode is one of our items are known at once; their stock is sent.",
    ),
    Button(
        name="channels.subscribe", label="Ask for its webhooks", model=MODEL, permission=CHANGE, run=_subscribe,
        bulk=False, refusals=_lacking(Can.RECEIVE_WEBHOOKS), rank=40,
        words="It then tells us of new and changed orders within moments.",
    ),
    Button(
        name="channels.read_stock", label="Read its stock back", model=MODEL, permission="channels.push_listing",
        run=_read_stock, bulk=False, refusals=_lacking(Can.PUSH_STOCK), rank=50,
        words="Compare every level there with ours now; what differs is sent again.",
    ),
)  # fmt: skip
