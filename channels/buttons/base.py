"""What the buttons of channels share: speaking with a shop, and its silence in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.urls import reverse
from django.utils.translation import gettext

from channels.actions.connect import failed
from channels.adapters.base import Can
from channels.connecting import why_not_call
from channels.models import ChannelAccount
from oms.core import jobs
from oms.core.console.registry import Ids
from oms.core.errors import Permanent, Reason, Refused, Retry
from orders.models import Order

T = TypeVar("T")
ACCOUNT = "channels.channelaccount"
LISTING = "channels.listing"
FETCH = "channels.pull_channelaccount"


def off() -> Reason:
    return Reason("switched_off", gettext("This channel is switched off; switch it on first."))


def account_of(ids: Ids) -> ChannelAccount:
    return ChannelAccount.objects.get(pk=ids[0])


def ask_shop(account: ChannelAccount, work: Callable[[], T]) -> T:
    """Do ``work`` that calls this channel. Its silence and its no become :class:`Refused`, with what to do."""
    try:
        return work()
    except Retry as error:
        failed(account, error)
        told = gettext(
            "%(name)s does not answer now: %(error)s. Press again in some minutes; it is tried by itself too."
        ) % {"name": account.name, "error": error}
        raise Refused(Reason("no_answer", told)) from error
    except Permanent as error:
        failed(account, error)
        told = gettext(
            "%(name)s says no: %(error)s. Look at its address and its keys, then try the connection."
        ) % {"name": account.name, "error": error}
        raise Refused(Reason(error.reason, told)) from error


def alone(job: str, account: ChannelAccount, work: Callable[[], dict[str, int]]) -> dict[str, int]:
    """``work`` as the clock does it: never beside itself, and kept among the account's latest jobs."""
    with jobs.exclusive(job, account.slug) as figures:
        if figures is None:
            raise Refused(
                Reason("busy", gettext("This is being done right now by itself. Look again in a moment."))
            )
        done = ask_shop(account, work)
        figures.update(done)
        return done


def not_ask(*flags: Can) -> Any:
    def check(account: ChannelAccount) -> list[Reason]:
        reasons = [] if account.active else [off()]
        return reasons + [r for flag in flags for r in why_not_call(account, flag)][:1]

    return check


def parked(account: ChannelAccount) -> tuple[str, str]:
    page = reverse("admin:core_inboundmessage_changelist")
    return gettext("see what could not be read"), f"{page}?source={account.slug}&state=parked"


def _accounts_of(orders: Sequence[Order]) -> dict[str, ChannelAccount]:
    return {a.slug: a for a in ChannelAccount.objects.filter(slug__in={order.source for order in orders})}


def no_account(rows: Sequence[Any], order_of: Callable[[Any], Order], check: Any) -> dict[Any, list[Reason]]:
    """Reasons from the account that each row's order came from; one statement for all."""
    accounts = _accounts_of([order_of(row) for row in rows])
    lost = [Reason("no_channel", gettext("The channel it came from is not connected here."))]
    return {
        row.pk: check(accounts[order_of(row).source]) if order_of(row).source in accounts else lost
        for row in rows
    }
