"""The people that a replay simulates, all of them ``job:replay``: a clerk who lets held orders go, a warehouse
that sends what it is told to, a desk that takes goods back. They use the actions that the console's buttons
use, a batch at a time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from channels.demo import retail
from channels.demo.replay_house import BY, SLUG
from fulfillment.actions.cancel_order_in_work import cancel_orders_in_work
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.ship import ship
from fulfillment.actions.track import record_scans
from fulfillment.actions.type_tracking import Typed, type_trackings
from fulfillment.carriers.base import Scan
from fulfillment.models import FulfillmentOrder, Shipment
from oms.core import inbox
from oms.core.inbox import Incoming
from orders.actions.approve_refunds import Refunding, approve_refunds
from orders.actions.cancel import Cancelling
from orders.actions.quote_refund import for_quote, quote_refund
from orders.actions.release_holds import release_holds
from orders.actions.settle_refunds import Settling, settle_refunds
from orders.models import Hold, OrderLine, Refund
from orders.rules.refund_amount import LineAsk, RefundAsk
from returns.actions.authorise import authorise_returns
from returns.actions.close import close_returns
from returns.actions.inspect import Finding, Inspection, inspect_returns
from returns.actions.open import Opening, Wanted, open_returns
from returns.actions.quote_return import Paying, ask_for
from returns.actions.receive import Arrival, receive_returns
from returns.actions.refund_returns import refund_returns
from returns.models import Return

BATCH = 200
KIND = "cancellation"
# These wait for stock or for a name, not for a word from the clerk.
NOT_THE_CLERKS = ("out_of_stock", "unmapped_sku")


def let_go() -> int:
    """The clerk has looked at what was held and lets it go; returns how many orders."""
    done = 0
    while holds := list(
        Hold.objects.filter(order__source=SLUG, state="active")
        .exclude(type__in=NOT_THE_CLERKS)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        done += len(release_holds(holds, by=BY, note="the simulated clerk looked at it"))
    return done


def next_work() -> list[int]:
    """Work that waits to be picked, the oldest first."""
    waiting = FulfillmentOrder.objects.filter(order__source=SLUG, state="released").order_by("pk")
    return list(waiting.values_list("pk", flat=True)[:BATCH])


def send(work_ids: Sequence[int]) -> list[Shipment]:
    """Pick everything, one parcel each, a tracking number typed by hand, off it goes."""
    start_pick(work_ids, by=BY)
    confirm_pick([Found(pk) for pk in work_ids], by=BY)
    parcels = pack([Packing(pk) for pk in work_ids], by=BY)
    type_trackings([Typed(p.pk, carrier="Replay", number=f"REP{p.pk:010d}") for p in parcels], by=BY)
    ship(work_ids, by=BY)
    return parcels


def bring(parcels: Sequence[Shipment]) -> int:
    """The carrier has brought them; returns how many."""
    now = timezone.now()
    return record_scans([Scan(f"REP{p.pk:010d}", "delivered", "Delivered", now) for p in parcels], by=BY)


@dataclass
class Back:
    """What became of cancelled units: those that had been sent come back, the others are called off."""

    cancellations: int = 0
    returned: int = 0
    called_off: int = 0


def announce(cancellations: Iterable[retail.Cancellation]) -> int:
    """Keep the file's cancellations raw, each once; only those with a matched line have something to do."""
    return inbox.store(
        Incoming(SLUG, KIND, told.number, _body(told), remote_at=told.at)
        for told in cancellations
        if any(line.matches for line in told.lines)
    )


def _body(told: retail.Cancellation) -> bytes:
    units: dict[str, list[list[Any]]] = defaultdict(list)
    for line in told.lines:
        for match in line.matches:
            units[match.order].append([match.sku, str(match.unit_price), match.quantity])
    return json.dumps({"number": told.number, "orders": units}, separators=(",", ":")).encode()


@transaction.atomic
def take_back(limit: int = BATCH) -> Back | None:
    """Do a batch of announced cancellations, and mark them done with it; ``None`` where none waits.

    Units that were not sent are cancelled and paid back; the others come back as returns: opened, approved,
    received, found as new, put on the shelf again, paid back.
    """
    messages = inbox.waiting(SLUG, KIND, limit)
    asked: list[tuple[str, dict[str, Any]]] = []
    seen: set[str] = set()
    for message in messages:
        told = json.loads(message.raw)
        if seen & set(told["orders"]):
            break  # the first cancellation of an order may leave less for the second: the next batch
        seen |= set(told["orders"])
        asked.append((told["number"], told["orders"]))
    if not asked:
        return None
    lines = _lines(seen)
    cancel: dict[int, tuple[str, dict[int, int]]] = {}
    openings: list[Opening] = []
    for number, orders in asked:
        for order, units in orders.items():
            idle: dict[int, int] = defaultdict(int)
            back: dict[int, int] = defaultdict(int)
            for sku, price, quantity in units:
                line = lines[order, sku, Decimal(price)]
                order_id = line.order_id
                unsent = line.ordered - line.cancelled - line.shipped - idle[line.pk]
                idle[line.pk] += min(quantity, unsent)
                back[line.pk] += quantity - min(quantity, unsent)
            if any(idle.values()):
                cancel[order_id] = (number, {pk: n for pk, n in idle.items() if n})
            if any(back.values()):
                openings.append(
                    Opening(
                        order_id, [Wanted(pk, n) for pk, n in back.items() if n], external_id=number,
                        reason=f"Cancelled in the file: {number}", for_review=True,
                    )
                )  # fmt: skip
    _call_off(cancel)
    _return(openings)
    inbox.finish([m.pk for m in messages[: len(asked)]])
    return Back(
        len(asked),
        sum(wish.quantity for opening in openings for wish in opening.wishes),
        sum(n for _, units in cancel.values() for n in units.values()),
    )


def _lines(orders: Iterable[str]) -> dict[tuple[str, str, Decimal], OrderLine]:
    """Lines by order, SKU and price: what makes a line one in the file."""
    found = OrderLine.objects.filter(order__source=SLUG, order__external_id__in=list(orders))
    rows = found.select_related("order").order_by("pk")
    return {(line.order.external_id, line.sku, line.unit_price): line for line in rows}


def _call_off(cancel: Mapping[int, tuple[str, Mapping[int, int]]]) -> None:
    """Units that were never sent: cancelled, and paid back where they cost something."""
    if not cancel:
        return
    reason = "Cancelled in the file before it was sent"
    cancel_orders_in_work([Cancelling(pk, reason, units) for pk, (_, units) in cancel.items()], by=BY)
    asks = {
        pk: RefundAsk([LineAsk(line, n) for line, n in units.items()]) for pk, (_, units) in cancel.items()
    }
    approve_refunds(
        [
            Refunding(order.pk, asks[order.pk], reason=reason, cause=f"{KIND}:{cancel[order.pk][0]}")
            for order in for_quote(list(asks))
            if not quote_refund(order, asks[order.pk]).refusals
        ],
        by=BY,
    )


def _return(openings: Sequence[Opening]) -> None:
    """Units that were sent: back, looked at, on the shelf again, paid back where they cost something."""
    if not openings:
        return
    opened = open_returns(openings, by=BY)
    authorise_returns([rma.pk for rma in opened if rma.state == "requested"], by=BY)
    rows = list(Return.objects.filter(pk__in=[r.pk for r in opened]).prefetch_related("lines").order_by("pk"))
    receive_returns(
        [
            Arrival(
                rma.pk, {x.pk: x.quantity for x in rma.lines.all()}, rma.location_id or 0, f"replay:{rma.pk}"
            )
            for rma in rows
        ],
        by=BY,
    )
    inspect_returns(
        [
            Inspection(
                rma.pk, [Finding(x.pk, x.quantity, "as_new", "restock") for x in rma.lines.all()], f"replay:{rma.pk}"
            )
            for rma in rows
        ],
        by=BY,
    )  # fmt: skip
    orders = {order.pk: order for order in for_quote([rma.its_order.pk for rma in rows])}
    rows = list(
        Return.objects.filter(pk__in=[r.pk for r in rows])
        .select_related("order")
        .prefetch_related("lines")
        .order_by("pk")
    )
    owed = [
        rma
        for rma in rows
        if not quote_refund(
            orders[rma.its_order.pk], ask_for(rma, Paying(rma.pk), rma.its_order.currency)
        ).refusals
    ]
    refund_returns([Paying(rma.pk) for rma in owed], by=BY)
    close_returns(
        [rma.pk for rma in rows if rma not in owed], settled_otherwise="nothing is owed for it", by=BY
    )


def pay_back() -> int:
    """The till paid what the channel cannot pay by itself (a file has no shop to ask), and says so here;
    returns how many refunds."""
    done = 0
    while failed := list(Refund.objects.filter(order__source=SLUG, state="failed").order_by("pk")[:BATCH]):
        done += len(settle_refunds([Settling(r.pk, f"till-{r.pk}") for r in failed], by=BY))
    return done
