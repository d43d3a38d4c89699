"""Stock levels are sent, read back, paused."""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.confirm_stock import confirm_stock
from channels.actions.pause_listings import pause_listings, resume_listings
from channels.actions.resend_stock import resend_stock
from channels.adapters.base import Can
from channels.buttons.base import LISTING, ask_shop, not_ask
from channels.models import ChannelAccount, Listing
from oms.core.actors import Actor
from oms.core.console import Button, Outcome
from oms.core.console.registry import Data, Ids, each
from oms.core.errors import Reason, Refused
from oms.core.lifecycle import why_not

PUSH = "channels.push_listing"
PAUSE = "channels.pause_listing"


def _not_push(listing: Listing) -> list[Reason]:
    reasons = not_ask(Can.PUSH_STOCK)(listing.account)
    if not listing.account.push_stock:
        reasons.append(
            Reason(
                "not_sent",
                gettext("%(account)s is set to get no stock levels from us.") % {"account": listing.account},
            )
        )
    if not listing.tracked:
        reasons.append(Reason("not_tracked", gettext("The shop does not count this one.")))
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
    told = (
        gettext("%(n)s sent to %(account)s; it is read back within moments.")
        % {"n": good[0].desired, "account": good[0].account}
        if len(good) == 1
        else gettext("%(n)s levels sent; it is read back within moments.") % {"n": len(good)}
    )
    return Outcome(
        told,
        done=len(good),
        refused={**others, **silent},
    )


def _read_back(ids: Ids, actor: Actor, data: Data) -> Outcome:
    listing = Listing.objects.select_related("account").get(pk=ids[0])
    account = listing.account
    ask_shop(account, lambda: confirm_stock(account, everything=True, only=ids))
    listing.refresh_from_db()
    if listing.health == "missing":
        return Outcome(gettext("%(account)s does not know it any more.") % {"account": account})
    if listing.health == "conflict":
        return Outcome(
            gettext("%(account)s says %(confirmed)s, we say %(desired)s: ours is sent again.")
            % {"account": account, "confirmed": listing.confirmed, "desired": listing.desired}
        )
    return Outcome(
        gettext("%(account)s says %(confirmed)s; that is right.")
        % {"account": account, "confirmed": listing.confirmed}
    )


def _not_read_back(listing: Listing) -> list[Reason]:
    reasons = _not_push(listing)
    if listing.desired is None:
        reasons.append(Reason("never_sent", gettext("No number was sent for it yet.")))
    return reasons


def _pause(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = pause_listings(ids, by=actor)
    return Outcome(
        ngettext(
            "%(n)s listing keeps its number at the shop.",
            "%(n)s listings keep their numbers at the shop.",
            len(rows),
        )
        % {"n": len(rows)},
        done=len(rows),
        undo=("channels.resume", [row.pk for row in rows]),
    )


def _resume(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = resume_listings(ids, by=actor)
    return Outcome(
        ngettext("%(n)s listing is sent again.", "%(n)s listings are sent again.", len(rows))
        % {"n": len(rows)},
        done=len(rows),
        undo=("channels.pause", [row.pk for row in rows]),
    )


BUTTONS = (
    Button(
        name="channels.push", label=_("Send its stock now"), model=LISTING, permission=PUSH, run=_push, shown=_kept,
        refusals=each(_not_push), reads=("account",), rank=20, words=_("Also where the number did not change."),
    ),
    Button(
        name="channels.read_back", label=_("Read its stock back"), model=LISTING, permission=PUSH, run=_read_back,
        shown=_kept, refusals=each(_not_read_back), reads=("account",), bulk=False, rank=30,
        words=_("What does the shop say now? What differs is sent again."),
    ),
    Button(
        name="channels.pause", label=_("Pause its stock"), model=LISTING, permission=PAUSE, run=_pause, shown=_kept,
        refusals=each(lambda row: why_not(row, "pause")), rank=40,
        words=_("The number at the shop stays as it is, whatever happens here."),
    ),
    Button(
        name="channels.resume", label=_("Send its stock again"), model=LISTING, permission=PAUSE, run=_resume,
        shown=lambda row: row.state == "paused", refusals=each(lambda row: why_not(row, "resume")), rank=15,
        words=_("From now on the shop gets every change."),
    ),
)  # fmt: skip
