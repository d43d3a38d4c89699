"""Units cancelled here, of which no shop is told: kept for a person until they are put right there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext

from channels.actions.connect import able
from channels.adapters.base import Can
from channels.models import ChannelAccount, UntoldCancel
from oms.core import journal
from oms.core.actors import SYSTEM, Actor
from oms.core.errors import Reason, Refused
from oms.core.journal import Line
from orders.drafts import OrderDraft, called_off
from orders.models import Order, OrderLine, RefundLine


@transaction.atomic
def note_untold(order_id: int, units: Mapping[str, int]) -> list[UntoldCancel]:
    """Note that the shop was not told of these ``units`` (by line id, as text) that were cancelled here. Units that a
    refund is on its way for are noted too, in case it fails, but without words: the shop hears of them by it.

    Nothing is noted for orders of no shop that we are connected to (who has them asks us), nor where the whole order
    has been cancelled since: that is told.
    """
    order = Order.objects.select_for_update().get(pk=order_id)
    account = ChannelAccount.objects.filter(slug=order.source).first()
    if account is None or not able(account, Can.PULL_ORDERS) or order.state == "cancelled":
        return []
    lines = OrderLine.objects.filter(order=order, pk__in=[int(pk) for pk in units]).order_by("pk")
    rows = [UntoldCancel(order=order, line=line, units=units[str(line.pk)]) for line in lines]
    UntoldCancel.objects.bulk_create(rows)
    paid = _paid_back([order_id], on_its_way=True)
    told = [row for row in rows if paid[row.line_id] < row.line.cancelled]
    if told:
        words = ", ".join(str(row) for row in told)
        journal.write(
            [Line.of(order, "note_untold", f"The shop was not told that {words} went: take it off there by hand.")],
            by=SYSTEM,
        )  # fmt: skip
    settle_refunded([order_id])  # its event may have been heard before this one
    return rows


@transaction.atomic
def settle_untold(order_ids: Collection[int], *, by: Actor) -> list[UntoldCancel]:
    """A person put it right at the shop. Raises :class:`Refused` where nothing stands open any more."""
    rows = _open(order_ids)
    if {row.order_id for row in rows} != set(order_ids):
        raise Refused(
            Reason("nothing_untold", gettext("The shop has been told, or somebody has done it there."))
        )
    _settle(rows, "It was put right at the shop by hand", by)
    return rows


@transaction.atomic
def settle_refunded(order_ids: Collection[int]) -> list[UntoldCancel]:
    """Units that were paid back through the shop are known there. Refunds of what came back or was lost say nothing
    of units that never left."""
    rows = _open(order_ids)
    paid = _paid_back(order_ids)
    known = [row for row in rows if paid[row.line_id] >= row.line.cancelled]
    _settle(known, "The shop knows by the refund", SYSTEM)
    return known


@transaction.atomic
def settle_cancelled(order_ids: Collection[int]) -> list[UntoldCancel]:
    """The whole order is cancelled at the shop too, and these units with it."""
    rows = _open(order_ids)
    _settle(rows, "The whole order is cancelled at the shop", SYSTEM)
    return rows


def settle_shown(shown: Mapping[int, OrderDraft], *, by: Actor) -> list[UntoldCancel]:
    """The shop itself shows the pieces off, as read just now (``shown`` by our order id): somebody did it there. Needs
    a transaction with the orders locked, and what the shop changed applied.

    A shop may show off fewer than it seems: what it paid back for pieces that came back, or were lost, says nothing of
    pieces that never left. Where that cannot be told apart, nothing is settled, and a person still can.
    """
    rows = list(
        UntoldCancel.objects.filter(order_id__among=list(shown), settled_at=None)
        .select_related("order", "line")
        .order_by("pk")
    )
    if not rows:
        return []
    sent = _paid_back_sent({row.order_id for row in rows})
    known = [row for row in rows if _shows_off(shown[row.order_id], row.line, sent[row.line_id])]
    _settle(known, "The shop shows it taken off", by)
    return known


def _shows_off(read: OrderDraft, line: OrderLine, sent: int) -> bool:
    if read.cancelled_at:
        return True
    wanted = sum(x.quantity for x in read.lines if x.external_id == line.external_id)
    off = line.ordered - wanted + called_off(read).get(line.external_id, 0)
    return off - max(sent, line.returned) >= line.cancelled


def _open(order_ids: Collection[int]) -> list[UntoldCancel]:
    list(Order.objects.filter(pk__in=order_ids).select_for_update().order_by("pk").values_list("pk"))
    rows = UntoldCancel.objects.filter(order__in=order_ids, settled_at=None).order_by("pk")
    return list(rows.select_related("order", "line"))


def _settle(rows: Collection[UntoldCancel], how: str, by: Actor) -> None:
    UntoldCancel.objects.filter(pk__in=[row.pk for row in rows]).update(
        settled_at=timezone.now(), settled_by=str(by)
    )
    by_order: dict[Order, list[str]] = defaultdict(list)
    for row in rows:
        by_order[row.order].append(str(row))
    journal.write(
        [Line.of(order, "settle_untold", f"{how}: {', '.join(words)}.") for order, words in by_order.items()],
        by=by,
    )


def _paid_back_sent(order_ids: Collection[int]) -> Mapping[int, int]:
    """Units by line that were paid back although they had left: they came back, or were lost."""
    parts = RefundLine.objects.filter(refund__order__in=order_ids, line__isnull=False).exclude(
        refund__state="cancelled"
    )
    parts = parts.filter(Q(refund__cause__startswith="return:") | Q(refund__cause__startswith="parcel:"))
    return defaultdict(int, parts.order_by().values_list("line").annotate(n=Sum("quantity")))


def _paid_back(order_ids: Collection[int], *, on_its_way: bool = False) -> Mapping[int, int]:
    """Units by line that refunds took off at the shop before they left."""
    parts = RefundLine.objects.filter(refund__order__in=order_ids, line__isnull=False)
    parts = parts.exclude(refund__cause__startswith="return:").exclude(refund__cause__startswith="parcel:")
    parts = (
        parts.exclude(refund__state="cancelled") if on_its_way else parts.filter(refund__state="succeeded")
    )
    return defaultdict(int, parts.order_by().values_list("line").annotate(n=Sum("quantity")))
