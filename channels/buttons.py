"""The verbs of running channels as the console offers them: each asks, shows what it will do, calls one action.

Those that speak with a shop say what to do when it does not answer. Connecting one is in ``connecting.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from django import forms
from django.db.models import Count
from django.urls import reverse

from channels.actions.confirm_stock import confirm_stock
from channels.actions.connect import failed
from channels.actions.decide_change import accept_changes, decline_changes
from channels.actions.fetch_orders import fetch_orders
from channels.actions.import_file import import_file
from channels.actions.map_listings import map_listings, unmap_listings
from channels.actions.pause_listings import pause_listings, resume_listings
from channels.actions.reconcile import reconcile
from channels.actions.reread import reread
from channels.actions.resend_stock import resend_stock
from channels.actions.switch_channels import switch_channels
from channels.adapters.base import Can
from channels.connecting import why_not_call
from channels.models import ChannelAccount, Listing
from inventory.models import Item
from oms.core import jobs
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.forms import Suggesting
from oms.core.console.registry import Refusals
from oms.core.errors import Permanent, Reason, Refused, Retry
from oms.core.lifecycle import why_not
from oms.core.models import InboundMessage
from orders.buttons import find_item, like
from orders.models import Order, OrderChange

T = TypeVar("T")
Data = Mapping[str, Any]
Ids = Sequence[int]
ACCOUNT = "channels.channelaccount"
LISTING = "channels.listing"
FETCH = "channels.pull_channelaccount"
PUSH = "channels.push_listing"
PAUSE = "channels.pause_listing"
MAP = "channels.map_listing"
MOST_BYTES = 20 * 1024 * 1024
OFF = Reason("switched_off", "This channel is switched off; switch it on first.")


def _each(check: Any) -> Any:
    def refusals(rows: Sequence[Any]) -> Refusals:
        return {row.pk: check(row) for row in rows}

    return refusals


def _account(ids: Ids) -> ChannelAccount:
    return ChannelAccount.objects.get(pk=ids[0])


def _counted(n: int, one: str, many: str) -> str:
    return f"1 {one}" if n == 1 else f"{n} {many}"


def ask_shop(account: ChannelAccount, work: Callable[[], T]) -> T:
    """Do ``work`` that calls this channel. Its silence and its no become :class:`Refused`, with what to do."""
    try:
        return work()
    except Retry as error:
        failed(account, error)
        told = f"{account.name} does not answer now: {error}. Press again in some minutes; it is tried by itself too."
        raise Refused(Reason("no_answer", told)) from error
    except Permanent as error:
        failed(account, error)
        told = f"{account.name} says no: {error}. Look at its address and its keys, then try the connection."
        raise Refused(Reason(error.reason, told)) from error


def _alone(job: str, account: ChannelAccount, work: Callable[[], dict[str, int]]) -> dict[str, int]:
    """``work`` as the clock does it: never beside itself, and kept among the account's latest jobs."""
    with jobs.exclusive(job, account.slug) as figures:
        if figures is None:
            raise Refused(Reason("busy", "This is being done right now by itself. Look again in a moment."))
        done = ask_shop(account, work)
        figures.update(done)
        return done


def _not_ask(*flags: Can) -> Any:
    def check(account: ChannelAccount) -> list[Reason]:
        reasons = [] if account.active else [OFF]
        return reasons + [r for flag in flags for r in why_not_call(account, flag)][:1]

    return check


# -- orders


def _parked(account: ChannelAccount) -> tuple[str, str]:
    page = reverse("admin:core_inboundmessage_changelist")
    return "see what could not be read", f"{page}?source={account.slug}&state=parked"


def _told_orders(figures: Mapping[str, int]) -> str:
    told = f"{figures.get('placed', 0)} new, {figures.get('changed', 0)} read again"
    return told + (f", {figures['parked']} could not be read" if figures.get("parked") else "")


def _fetch(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account = _account(ids)
    done = _alone("channels.pull", account, lambda: fetch_orders(account))
    return Outcome(
        f"Orders of {account.name}: {_told_orders(done)}. What was bought this very moment follows by itself.",
        link=_parked(account) if done["parked"] else None,
    )


def _compare(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account = _account(ids)
    done = _alone("channels.reconcile", account, lambda: reconcile(account))
    told = f"Orders of the last week: {_told_orders(done)}." if "offered" in done else ""
    if "differ" in done:
        stock = f"{done['differ']} levels differ and are sent again" if done["differ"] else "No level differs"
        told = f"{told} {stock}.".strip()
    return Outcome(told, link=_parked(account) if done.get("parked") else None)


def _not_compare(account: ChannelAccount) -> list[Reason]:
    orders, stock = (_not_ask(flag)(account) for flag in (Can.PULL_ORDERS, Can.PUSH_STOCK))
    return orders if orders and stock else []


class FileForm(forms.Form):
    file = forms.FileField(
        label="CSV file", help_text="A row for each line of an order. Needed: order number, date, quantity; SKU or title."
    )  # fmt: skip

    def clean_file(self) -> Any:
        sent = self.cleaned_data["file"]
        if sent.size > MOST_BYTES:
            raise forms.ValidationError("The file is too large: at most 20 MB at once.")
        return sent


def _import(ids: Ids, actor: Actor, data: Data) -> Outcome:
    account, sent = _account(ids), data["file"]
    done = ask_shop(account, lambda: import_file(account, sent.read(), sent.name))
    known = max(0, done["orders"] - done["placed"] - done["changed"] - done["parked"])
    told = f"{_counted(done['orders'], 'order', 'orders')} in {sent.name}: {_told_orders(done)}"
    return Outcome(
        f"{told}, {known} were here already." if known else f"{told}.",
        done=done["placed"] + done["changed"], link=_parked(account) if done["parked"] else None,
    )  # fmt: skip


def _takes_files(account: ChannelAccount) -> bool:
    return not why_not_call(account, Can.READ_FILE)


def _accounts_of(orders: Sequence[Order]) -> dict[str, ChannelAccount]:
    return {a.slug: a for a in ChannelAccount.objects.filter(slug__in={order.source for order in orders})}


def _no_account(rows: Sequence[Any], order_of: Callable[[Any], Order], check: Any) -> dict[Any, list[Reason]]:
    """Reasons from the account that each row's order came from; one statement for all."""
    accounts = _accounts_of([order_of(row) for row in rows])
    lost = [Reason("no_channel", "The channel it came from is not connected here.")]
    return {
        row.pk: check(accounts[order_of(row).source]) if order_of(row).source in accounts else lost
        for row in rows
    }


def _not_reread(rows: Sequence[Order]) -> Refusals:
    return _no_account(rows, lambda order: order, _not_ask(Can.PULL_ORDERS))


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
            f"{account.name} was read, but not understood: {newest.detail[:200]}", link=_parked(account)
        )
    told = f"Read at {account.name}: " + ("it changed there." if messages.count() > was else "nothing new.")
    if order.changes.filter(state="proposed").exists():
        told += " A change waits for your decision."
    elif order.pk in blocked:
        told += f" {blocked[order.pk]}"
    return Outcome(told)


# -- changes made at the shop


def _not_accept(rows: Sequence[OrderChange]) -> Refusals:
    lost = _no_account(rows, lambda change: change.order, lambda account: why_not_call(account, None))
    return {row.pk: [*why_not(row, "apply"), *lost[row.pk]] for row in rows}


def _sides(ids: Ids) -> list[tuple[str, str]]:
    changes = OrderChange.objects.filter(pk__in=ids).select_related("order").order_by("pk")
    return [(change.order.number, change.words) for change in changes[:50]]


def _accept_preview(ids: Ids, data: Data) -> Preview:
    return Preview(
        "It is done as at the shop. Work that stands on the order is taken back first, and planned anew.", _sides(ids)
    )  # fmt: skip


def _accept(ids: Ids, actor: Actor, data: Data) -> Outcome:
    (change,) = OrderChange.objects.filter(pk__in=ids).select_related("order")
    account = ChannelAccount.objects.get(slug=change.order.source)
    rows = ask_shop(account, lambda: accept_changes(ids, by=actor))
    return Outcome(f"{change.order.number} is now as at the shop: {change.words}", done=len(rows))


def _decline(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = decline_changes(ids, by=actor)
    return Outcome(
        f"{_counted(len(rows), 'change', 'changes')} not taken: ours stays. Put it right at the shop by hand.",
        done=len(rows),
    )


# -- listings


def _map_form(rows: Sequence[Listing]) -> type[forms.Form]:
    listing = rows[0]
    near = like(listing.sku, listing.title)

    class MapForm(forms.Form):
        item = forms.CharField(
            label="item", max_length=64, help_text=f"SKU or barcode of “{listing}”.",
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
    (listing,) = map_listings({ids[0]: data["item"].pk}, by=actor)
    return Outcome(f"“{listing}” is {data['item']}. Orders that waited for that go on; its stock is sent.")


def _unmap_preview(ids: Ids, data: Data) -> Preview:
    rows = Listing.objects.filter(pk__in=ids).select_related("item").order_by("pk")
    return Preview(
        "Its stock is not sent any more, and new orders of it wait for somebody to say what it is. Orders that"
        " were taken in stay as they are.",
        [(str(row), str(row.item or "no item")) for row in rows[:50]],
    )


def _unmap(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = unmap_listings(ids, by=actor)
    return Outcome(f"{_counted(len(rows), 'listing is', 'listings are')} no item of ours.", done=len(rows))


def _not_push(listing: Listing) -> list[Reason]:
    reasons = _not_ask(Can.PUSH_STOCK)(listing.account)
    if not listing.account.push_stock:
        reasons.append(Reason("not_sent", f"{listing.account} is set to get no stock levels from us."))
    if not listing.tracked:
        reasons.append(Reason("not_tracked", "The shop does not count this one."))
    return reasons


def _kept(listing: Listing) -> bool:
    return listing.state == "active"


def _push(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = []
    accounts = ChannelAccount.objects.filter(listings__in=ids).distinct().order_by("pk")
    silent: dict[str, list[Reason]] = {}
    for account in accounts:
        mine = list(Listing.objects.filter(pk__in=ids, account=account).values_list("pk", flat=True))
        try:
            rows += ask_shop(account, partial(resend_stock, mine, by=actor))
        except Refused as error:
            silent[account.name] = list(error.reasons)
    good = [row for row in rows if row.sent_version == row.desired_version]
    if not good:
        bad = [Reason(row.health, f"{row}: {row.detail or row.get_health_display()}") for row in rows]
        raise Refused([*bad, *(reason for reasons in silent.values() for reason in reasons)])
    others = {
        str(row): [Reason(row.health, row.detail or row.get_health_display())]
        for row in rows
        if row not in good
    }
    told = f"{good[0].desired} sent to {good[0].account}" if len(good) == 1 else f"{len(good)} levels sent"
    return Outcome(f"{told}; it is read back within moments.", done=len(good), refused={**others, **silent})


def _read_back(ids: Ids, actor: Actor, data: Data) -> Outcome:
    listing = Listing.objects.select_related("account").get(pk=ids[0])
    account = listing.account
    ask_shop(account, lambda: confirm_stock(account, everything=True, only=ids))
    listing.refresh_from_db()
    if listing.health == "missing":
        return Outcome(f"{account} does not know it any more.")
    if listing.health == "conflict":
        return Outcome(f"{account} says {listing.confirmed}, we say {listing.desired}: ours is sent again.")
    return Outcome(f"{account} says {listing.confirmed}; that is right.")


def _not_read_back(listing: Listing) -> list[Reason]:
    reasons = _not_push(listing)
    if listing.desired is None:
        reasons.append(Reason("never_sent", "No number was sent for it yet."))
    return reasons


def _pause(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = pause_listings(ids, by=actor)
    told = _counted(len(rows), "listing keeps its number", "listings keep their numbers")
    return Outcome(f"{told} at the shop.", done=len(rows), undo=("channels.resume", [row.pk for row in rows]))


def _resume(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = resume_listings(ids, by=actor)
    told = _counted(len(rows), "listing is", "listings are")
    return Outcome(f"{told} sent again.", done=len(rows), undo=("channels.pause", [row.pk for row in rows]))


# -- the channel itself


def _off_preview(ids: Ids, data: Data) -> Preview:
    rows = ChannelAccount.objects.filter(pk__in=ids).annotate(n=Count("listings")).order_by("name")
    return Preview(
        "No orders are fetched and no stock is sent. The shop itself goes on selling from the last numbers it got:"
        " close it there, or set its stock to none first.",
        [(row.name, _counted(row.n, "listing", "listings")) for row in rows],
    )


def _switch(on: bool) -> Any:
    def run(ids: Ids, actor: Actor, data: Data) -> Outcome:
        rows = switch_channels(ids, on=on, by=actor)
        names = ", ".join(row.name for row in rows)
        if on:
            return Outcome(f"{names} is on: orders since then are fetched, stock is sent.", done=len(rows))
        return Outcome(
            f"{names} is off.", done=len(rows), undo=("channels.switch_on", [row.pk for row in rows])
        )

    return run


BUTTONS = (
    Button(
        name="channels.fetch_orders", label="Fetch orders now", model=ACCOUNT, permission=FETCH, run=_fetch,
        shown=lambda a: not _takes_files(a), refusals=_each(_not_ask(Can.PULL_ORDERS)), bulk=False, rank=5, hotkey="f",
        words="It is done by itself all the time; this does it now.",
    ),
    Button(
        name="channels.import_file", label="Take in a file of orders", model=ACCOUNT, permission=FETCH, run=_import,
        shown=_takes_files, refusals=_each(lambda a: [] if a.active else [OFF]), form=lambda rows: FileForm,
        bulk=False, rank=5, hotkey="f", words="The same file twice makes nothing twice. Bad rows are told, the others taken.",
    ),
    Button(
        name="channels.compare", label="Compare everything", model=ACCOUNT, permission=FETCH, run=_compare,
        shown=lambda a: not _takes_files(a), refusals=_each(_not_compare), bulk=False, rank=45,
        words="Orders of the last week and every stock level, as it is done each night. It can take minutes.",
    ),
    Button(
        name="channels.switch_off", label="Switch off", model=ACCOUNT, permission="channels.change_channelaccount",
        run=_switch(False), shown=lambda a: a.active, preview=_off_preview, dangerous=True, rank=90,
        words="No orders, no stock, until it is switched on again.",
    ),
    Button(
        name="channels.switch_on", label="Switch on", model=ACCOUNT, permission="channels.change_channelaccount",
        run=_switch(True), shown=lambda a: not a.active, rank=1,
        words="Orders are fetched from where it was left, and every level is sent that changed.",
    ),
    Button(
        name="channels.map", label="Say which item it is", model=LISTING, permission=MAP, run=_map,
        shown=lambda row: row.state != "gone", refusals=_each(lambda row: why_not(row, "map")), form=_map_form,
        bulk=False, rank=10, hotkey="i", words="Orders that waited for it go on, and its stock is sent.",
    ),
    Button(
        name="channels.push", label="Send its stock now", model=LISTING, permission=PUSH, run=_push, shown=_kept,
        refusals=_each(_not_push), reads=("account",), rank=20, words="Also where the number did not change.",
    ),
    Button(
        name="channels.read_back", label="Read its stock back", model=LISTING, permission=PUSH, run=_read_back,
        shown=_kept, refusals=_each(_not_read_back), reads=("account",), bulk=False, rank=30,
        words="What does the shop say now? What differs is sent again.",
    ),
    Button(
        name="channels.pause", label="Pause its stock", model=LISTING, permission=PAUSE, run=_pause, shown=_kept,
        refusals=_each(lambda row: why_not(row, "pause")), rank=40,
        words="The number at the shop stays as it is, whatever happens here.",
    ),
    Button(
        name="channels.resume", label="Send its stock again", model=LISTING, permission=PAUSE, run=_resume,
        shown=lambda row: row.state == "paused", refusals=_each(lambda row: why_not(row, "resume")), rank=15,
        words="From now on the shop gets every change.",
    ),
    Button(
        name="channels.unmap", label="No item of ours", model=LISTING, permission=MAP, run=_unmap,
        shown=lambda row: row.state in ("active", "paused"), refusals=_each(lambda row: why_not(row, "unmap")),
        preview=_unmap_preview, dangerous=True, rank=80, words="It is not what was thought; nothing guesses it again.",
    ),
    Button(
        name="channels.reread", label="Read it again at the shop", model="orders.order", permission=FETCH, run=_reread,
        refusals=_not_reread, bulk=False, rank=85, words="Has something changed there that we have not heard of?",
    ),
    Button(
        name="channels.accept_change", label="Do as the shop says", model="orders.orderchange",
        permission="orders.decide_change", run=_accept, shown=lambda c: c.state == "proposed", refusals=_not_accept,
        reads=("order",), preview=_accept_preview, bulk=False, rank=10, words="Take over what was changed there.",
    ),
    Button(
        name="channels.keep_ours", label="Keep ours", model="orders.orderchange", permission="orders.decide_change",
        run=_decline, shown=lambda c: c.state == "proposed", refusals=_each(lambda c: why_not(c, "decline")),
        preview=lambda ids, data: Preview("The order goes on as it is here; the shop has to be put right by hand.", _sides(ids)),
        rank=20, words="Leave the order as it is here.",
    ),
)  # fmt: skip
