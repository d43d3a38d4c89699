"""Stored payloads become orders, or changes of orders: each once, the newest last, a bad one set aside."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import OperationalError, connection, transaction

from channels.actions.connect import reader_of
from channels.actions.find_items import find_items
from channels.actions.mark_listings import mark_listings
from channels.actions.note_untold import settle_shown
from channels.models import ChannelAccount
from oms.core import inbox
from oms.core.actors import Actor
from oms.core.errors import Permanent, Refused
from oms.core.models import InboundMessage
from oms.core.steps import reached
from orders.actions.apply_changes import Applying, apply_changes
from orders.actions.place import Placing, place_orders
from orders.actions.propose_changes import Proposing, lines_of, propose_changes
from orders.drafts import OrderDraft
from orders.models import Order, OrderChange, OrderLine
from orders.rules.order_changes import changes, decide

log = logging.getLogger("oms.channels")
BATCH = 100


@dataclass(frozen=True)
class _Read:
    message: InboundMessage
    draft: OrderDraft


def ingest(account: ChannelAccount, *, limit: int = BATCH) -> dict[str, int]:
    """Process one batch of an account's waiting order payloads in one transaction.

    Of several payloads of one order only the newest counts. What cannot be read is parked with its reason;
    a payload whose order cannot be stored is found by halving, parked, and the others go on.
    """
    figures = {"read": 0, "placed": 0, "changed": 0, "parked": 0}
    with transaction.atomic():
        messages = inbox.waiting(account.slug, "order", limit)
        if not messages:
            return figures
        adapter = reader_of(account)
        newest: dict[str, _Read] = {}
        older: list[int] = []
        for message in messages:
            try:
                draft = adapter.read(message.raw)
            except Permanent as error:
                _park(message, error.reason, str(error))
                figures["parked"] += 1
                continue
            except Exception as error:  # the payload is kept, and a person sees it
                log.exception("%s: payload %s cannot be read", account.slug, message.pk)
                _park(message, "unreadable", f"{type(error).__name__}: {error}")
                figures["parked"] += 1
                continue
            before = newest.get(draft.external_id)
            if before and before.draft.updated_at > draft.updated_at:
                older.append(message.pk)
            else:
                if before:
                    older.append(before.message.pk)
                newest[draft.external_id] = _Read(message, draft)
        inbox.finish(older, InboundMessage.State.SUPERSEDED)
        reached("read")
        figures["read"] = len(newest)
        known = {
            order.external_id: order
            for order in Order.objects.filter(source=account.slug, external_id__among=newest)
            .select_for_update()
            .order_by("pk")
        }
        by = Actor.channel(account.slug)
        fresh = [r for key, r in newest.items() if key not in known and _wanted(account, r.draft)]
        skipped = [r for key, r in newest.items() if key not in known and not _wanted(account, r.draft)]
        inbox.finish([r.message.pk for r in skipped])
        placed, parked = _each(fresh, lambda part: _place(account, part, by))
        figures["placed"], figures["parked"] = placed, figures["parked"] + parked
        again = [r for key, r in newest.items() if key in known]
        read_before = _known_drafts(account, adapter, [r.draft.external_id for r in again])
        changed, parked = _each(again, lambda part: _change(account, part, known, read_before, by))
        figures["changed"], figures["parked"] = changed, figures["parked"] + parked
        if fresh:
            ChannelAccount.objects.filter(pk=account.pk).update(
                last_order_at=max(r.draft.placed_at for r in fresh)
            )
    return figures


def _wanted(account: ChannelAccount, draft: OrderDraft) -> bool:
    """Orders older than the account's first day are the shop's own business."""
    return account.orders_from is None or draft.placed_at >= account.orders_from


def _each(reads: Sequence[_Read], work: Callable[[Sequence[_Read]], None]) -> tuple[int, int]:
    """Do a batch in a savepoint; when it fails, halve it until the bad one stands alone and is parked.
    Returns how many were done and how many parked. What the database itself could not do just now (a deadlock,
    a time-out, its end) is no fault of a payload: it raises, and all wait for the next time."""
    if not reads:
        return 0, 0
    try:
        with transaction.atomic():
            work(reads)
            inbox.finish([r.message.pk for r in reads])
        return len(reads), 0
    except OperationalError:
        raise
    except Exception as error:
        if len(reads) == 1:
            if not isinstance(error, Refused):
                log.exception("payload %s cannot be taken in", reads[0].message.pk)
            code = error.reasons[0].code if isinstance(error, Refused) else "cannot_be_stored"
            _park(reads[0].message, code, str(error))
            return 0, 1
    # Out here, so that the halves' errors do not drag those of the whole behind them into the log.
    middle = len(reads) // 2
    left, right = _each(reads[:middle], work), _each(reads[middle:], work)
    return left[0] + right[0], left[1] + right[1]


def _park(message: InboundMessage, reason: str, words: str) -> None:
    inbox.park(message.pk, reason, words)


def _place(account: ChannelAccount, reads: Sequence[_Read], by: Actor) -> None:
    drafts, items = find_items(account, _rounded(account, [r.draft for r in reads]))
    numbers = _numbers(account, drafts)
    orders = place_orders(
        [Placing(d, numbers[d.external_id], items.get(d.external_id, {})) for d in drafts], by=by
    )
    # Where more was sold than there is, the shop counted below what we have to sell, and our own number did
    # not change by it: tell it once more.
    short = OrderLine.objects.filter(order_id__among=orders, backordered__gt=0, item__isnull=False)
    mark_listings(set(short.values_list("item_id", flat=True)), by=by, again=True)


def _rounded(account: ChannelAccount, drafts: Sequence[OrderDraft]) -> Sequence[OrderDraft]:
    """An order that does not say itself by which rule its taxes were rounded has the shop's of today."""
    if not account.tax_rounding:
        return drafts
    rule = {"tax_rounding": account.tax_rounding, "tax_decimals": account.tax_decimals}
    return [draft if draft.tax_rounding else replace(draft, **rule) for draft in drafts]


def _numbers(account: ChannelAccount, drafts: Sequence[OrderDraft]) -> dict[str, str]:
    """Our number is the shop's behind the account's prefix; where a shop repeats itself, its id is added."""
    wanted = {
        d.external_id: f"{account.order_prefix}-{re.sub(r'[^0-9A-Za-z-]', '', d.number) or d.external_id}"[
            :40
        ]
        for d in drafts
    }
    taken = set(Order.objects.filter(number__among=wanted.values()).values_list("number", flat=True))
    numbers: dict[str, str] = {}
    for key, number in wanted.items():
        if number in taken:
            number = f"{number[:18]}-{key}"[:40]
        taken.add(number)
        numbers[key] = number
    return numbers


def _known_drafts(
    account: ChannelAccount, adapter: Any, external_ids: Sequence[str]
) -> dict[str, OrderDraft]:
    """Each order as it was when we last took its payload in."""
    if not external_ids:
        return {}
    rows = (
        InboundMessage.objects.filter(
            source=account.slug, kind="order", external_id__among=external_ids, state="done"
        )
        .order_by("external_id", "-remote_at", "-processed_at", "-pk")
        .distinct("external_id")
    )
    return {row.external_id: adapter.read(row.raw) for row in rows}


def _change(
    account: ChannelAccount,
    reads: Sequence[_Read],
    orders: dict[str, Order],
    before: dict[str, OrderDraft],
    by: Actor,
) -> None:
    begun = _begun([orders[r.draft.external_id].pk for r in reads])
    known_lines, items = find_items(account, [r.draft for r in reads])
    drafts = {d.external_id: d for d in known_lines}
    # Orders with a change that waits, and those of their lines of which it is unclear what they sell.
    undecided: dict[int, set[str]] = {}
    waiting = OrderChange.objects.filter(
        order__in=[orders[r.draft.external_id] for r in reads], state="proposed"
    )
    for change in waiting:
        unclear = filter(None, lines_of(change)) if change.kind == "item" else ()
        undecided.setdefault(change.order_id, set()).update(unclear)
    applying: list[Applying] = []
    proposing: list[Proposing] = []
    shown: dict[int, OrderDraft] = {}
    for r in reads:
        order = orders[r.draft.external_id]
        known = before.get(r.draft.external_id)
        if known is None or r.draft.updated_at < known.updated_at:
            continue
        draft = shown[order.pk] = drafts[r.draft.external_id]
        decision = decide(changes(known, r.draft), begun.get(order.pk, set()), undecided.get(order.pk, set()))
        mine = items.get(r.draft.external_id, {})
        if decision.apply:
            applying.append(Applying(order.pk, draft, decision.apply, mine, known))
        if decision.hold or order.pk in undecided:
            proposing.append(Proposing(order.pk, draft, decision.hold, {"message": r.message.pk}))
    apply_changes(applying, by=by)
    propose_changes(proposing, by=by)
    settle_shown(shown, by=by)


def _begun(order_ids: Sequence[int]) -> dict[int, set[str]]:
    """Channel line ids of which a unit is released or further, by order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_id, external_id FROM orders_orderline"
            " WHERE order_id = ANY(%s) AND released + picked + packed + shipped > 0",
            [list(order_ids)],
        )
        begun: dict[int, set[str]] = {}
        for order_id, external_id in cursor.fetchall():
            begun.setdefault(order_id, set()).add(external_id)
        return begun
