"""What was changed at the shop is taken over, or not."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from channels.actions.decide_change import accept_changes, decline_changes
from channels.buttons.base import ask_shop, no_account
from channels.connecting import why_not_call
from channels.models import ChannelAccount
from oms.core.actors import Actor
from oms.core.console import Button, Outcome, Preview
from oms.core.console.registry import Data, Ids, Refusals, each
from oms.core.lifecycle import why_not
from orders.models import OrderChange


def _not_accept(rows: Sequence[OrderChange]) -> Refusals:
    lost = no_account(rows, lambda change: change.order, lambda account: why_not_call(account, None))
    return {row.pk: [*why_not(row, "apply"), *lost[row.pk]] for row in rows}


def _sides(ids: Ids) -> list[tuple[str, str]]:
    changes = OrderChange.objects.filter(pk__in=ids).select_related("order").order_by("pk")
    return [(change.order.number, change.words) for change in changes[:50]]


def _accept_preview(ids: Ids, data: Data) -> Preview:
    return Preview(
        gettext("It is done as at the shop. Work that stands on the order is taken back first, and planned anew."), _sides(ids)
    )  # fmt: skip


def _accept(ids: Ids, actor: Actor, data: Data) -> Outcome:
    (change,) = OrderChange.objects.filter(pk__in=ids).select_related("order")
    account = ChannelAccount.objects.get(slug=change.order.source)
    rows = ask_shop(account, lambda: accept_changes(ids, by=actor))
    return Outcome(
        gettext("%(number)s is now as at the shop: %(words)s")
        % {"number": change.order.number, "words": change.words},
        done=len(rows),
    )


def _decline(ids: Ids, actor: Actor, data: Data) -> Outcome:
    rows = decline_changes(ids, by=actor)
    return Outcome(
        ngettext(
            "%(n)s change not taken: ours stays. Put it right at the shop by hand.",
            "%(n)s changes not taken: ours stays. Put it right at the shop by hand.",
            len(rows),
        )
        % {"n": len(rows)},
        done=len(rows),
    )


BUTTONS = (
    Button(
        name="channels.accept_change", label=_("Do as the shop says"), model="orders.orderchange",
        permission="orders.decide_change", run=_accept, shown=lambda c: c.state == "proposed", refusals=_not_accept,
        reads=("order",), preview=_accept_preview, bulk=False, rank=10, words=_("Take over what was changed there."),
    ),
    Button(
        name="channels.keep_ours", label=_("Keep ours"), model="orders.orderchange", permission="orders.decide_change",
        run=_decline, shown=lambda c: c.state == "proposed", refusals=each(lambda c: why_not(c, "decline")),
        preview=lambda ids, data: Preview(gettext("The order goes on as it is here; the shop has to be put right by hand."), _sides(ids)),
        rank=20, words=_("Leave the order as it is here."),
    ),
)  # fmt: skip
