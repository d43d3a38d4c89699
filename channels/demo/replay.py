"""``manage.py replay``: any file of the Online Retail shape, of any size, through the door that channels use.

Week by week: the supplier's goods come in on Monday; each order is kept raw in the inbox, read, placed and
promised, screened and routed over the outbox as ever; a simulated clerk lets held orders go, a simulated
warehouse sends what it is told to, and the file's cancellations come back as returns. The same file a second
time adds nothing.
"""

from __future__ import annotations

import json
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from channels.actions.ingest import ingest
from channels.actions.pull import keep
from channels.adapters.base import RawOrder
from channels.demo import people, replay_hands, replay_house, retail
from channels.demo.replay_books import Read, broken_laws, summary
from channels.demo.supply import Supply
from channels.models import ChannelAccount
from oms.core import relay
from oms.core.models import Delivery, OutboxEvent

BATCH = 200
PATIENCE = 60.0
"""Seconds that the end waits for deliveries that somebody else holds, or that are due again soon."""

# What each reaction is a step of; what is not named here only tells others what happened.
STEP_OF = {
    "orders.handlers.screen": "screened",
    "fulfillment.handlers.route": "routed",
    "inventory.handlers.serve_backorders": "backorders_served",
    "fulfillment.handlers.follow_demand": "backorders_served",
}
STEPS = (
    "received", "captured", "placed_and_promised", "screened", "held_and_released", "routed", "backorders_served",
    "shipped", "delivered", "returned", "refunded", "told",
)  # fmt: skip
CHARGE_KINDS = {retail.Rule.POSTAGE: "shipping", retail.Rule.DISCOUNT: "discount"}


@dataclass
class Steps:
    """How many went through each step, and the seconds that it took."""

    count: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] += time.perf_counter() - began

    def rates(self) -> dict[str, float]:
        """A second, for every step that anything went through."""
        return {
            step: round(self.count[step] / self.seconds[step], 1)
            for step in STEPS
            if self.count[step] and self.seconds[step]
        }


@dataclass
class Week:
    """``orders`` and ``cancellations`` of one week, and what its orders want of each item."""

    monday: date
    orders: list[retail.Order] = field(default_factory=list)
    cancellations: list[retail.Cancellation] = field(default_factory=list)

    @property
    def sold(self) -> Counter[str]:
        sold: Counter[str] = Counter()
        for order in self.orders:
            for line in order.lines:
                sold[line.sku] += line.quantity
        return sold

    @property
    def prices(self) -> dict[str, float]:
        prices: dict[str, float] = {}
        for order in self.orders:
            for line in order.lines:
                prices.setdefault(line.sku, float(line.unit_price))
        return prices


def replay(
    path: Path | str, *, limit: int | None = None, seed: int = 1, bar: TextIO | None = None
) -> dict[str, Any]:
    """Replay the first ``limit`` orders of a file (all, if left out); returns the summary, whose ``ok`` is true
    where every law held. ``bar`` is where progress is shown. Raises ``NotOnlineRetail`` for another file."""
    began = time.perf_counter()
    account_of_lines, steps, read = retail.Account(), Steps(), Read()
    total = limit or count_lines(path)
    account, places = replay_house.open_house()
    items: dict[str, Any] = {}
    supply, past = Supply(replay_house.SHARES, seed), Counter[str]()
    with tqdm(
        total=total, unit="order" if limit else "line", file=bar, disable=bar is None, smoothing=0.05
    ) as shown:

        def progress() -> None:
            shown.set_postfix_str(f"{len(read.numbers)} orders", refresh=False)
            shown.update((len(read.numbers) if limit else account_of_lines.lines) - shown.n)

        for week in weeks(first(retail.read(path, account_of_lines), limit)):
            replay_house.meet_items(week.orders, items)
            with steps.timed("received"):
                arrivals = supply.monday(week.monday, past, week.prices)
                replay_house.take_in(week.monday, arrivals, items, places)
                steps.count["received"] += len(arrivals)
            past = week.sold
            carry(steps)
            for start in range(0, len(week.orders), BATCH):
                batch = week.orders[start : start + BATCH]
                take_orders(account, batch, steps)
                note(read, batch)
                work(steps)
                progress()
            take_back(week.cancellations, steps, read)
            work(steps)
        finish(steps)
        progress()
    return tell(account_of_lines, steps, read, time.perf_counter() - began)


def first(found: Iterable[retail.Order | retail.Cancellation], limit: int | None) -> Iterator[Any]:
    """Up to the ``limit``-th order, with the cancellations before it."""
    orders = 0
    for each in found:
        yield each
        orders += isinstance(each, retail.Order)
        if limit and orders >= limit:
            return


def weeks(found: Iterable[retail.Order | retail.Cancellation]) -> Iterator[Week]:
    """One after the other: only one week is ever in memory. An invoice that stands behind the first of a new
    week, with an earlier date, belongs to the new one."""
    week: Week | None = None
    for each in found:
        monday = retail.week_of(each.placed_at if isinstance(each, retail.Order) else each.at)
        if week is None or monday > week.monday:
            if week is not None:
                yield week
            week = Week(monday)
        if isinstance(each, retail.Order):
            week.orders.append(each)
        else:
            week.cancellations.append(each)
    if week is not None:
        yield week


def count_lines(path: Path | str) -> int:
    with retail.open_text(path) as text:
        return max(0, sum(1 for _ in text) - 1)


def take_orders(account: ChannelAccount, orders: Sequence[retail.Order], steps: Steps) -> None:
    """Keep them raw, then read, place and promise them, then let the outbox carry them on."""
    with steps.timed("captured"):
        keep(account, [raw(order) for order in orders])
        steps.count["captured"] += len(orders)
    with steps.timed("placed_and_promised"):
        while (done := ingest(account, limit=BATCH))["read"] or done["parked"]:
            steps.count["placed_and_promised"] += done["placed"]
    carry(steps)


def raw(order: retail.Order) -> RawOrder:
    """The order as the channel's wire tells it, with an invented customer at an invented address."""
    person = people.person(
        order.customer or f"guest {order.number}", retail.country_code(order.country) or "GB"
    )
    address = asdict(person.address)
    del address["latitude"], address["longitude"]
    told = {
        "number": order.number,
        "placed_at": order.placed_at.isoformat(),
        "customer": order.customer,
        "email": person.email,
        "phone": person.phone,
        "address": {"name": person.name, "company": person.company, "phone": person.phone, **address},
        "lines": [[x.sku, x.title, x.quantity, str(x.unit_price)] for x in order.lines],
        "charges": [
            [CHARGE_KINDS.get(x.rule, "fee"), x.title or x.rule.value, str(x.amount)] for x in order.charges
        ],
    }
    body = json.dumps({"order": told}, ensure_ascii=False, separators=(",", ":")).encode()
    return RawOrder(order.number, order.placed_at, body)


def note(read: Read, orders: Iterable[retail.Order]) -> None:
    for order in orders:
        read.numbers.add(order.number)
        read.units += order.units
        read.total += sum(x.unit_price * x.quantity for x in order.lines) + sum(
            x.amount for x in order.charges
        )


def carry(steps: Steps) -> None:
    """Carry every recorded event that is due to its reactions, as ``relay`` does, and time each reaction."""
    while True:
        with steps.timed("told"):
            moved = relay.fan_out()
            due = relay.due()
        for reaction in due:
            step = STEP_OF.get(reaction, "told")
            with steps.timed(step):
                ended = relay.carry(reaction)
            steps.count[step] += ended["done"]
            moved += ended.total()
        if not moved:
            return


def work(steps: Steps) -> None:
    """The clerk, the warehouse and the carrier do what is to be done."""
    with steps.timed("held_and_released"):
        steps.count["held_and_released"] += replay_hands.let_go()
    carry(steps)
    while ids := replay_hands.next_work():
        with steps.timed("shipped"):
            parcels = replay_hands.send(ids)
            steps.count["shipped"] += len(parcels)
        with steps.timed("delivered"):
            steps.count["delivered"] += replay_hands.bring(parcels)
        carry(steps)


def take_back(cancellations: Sequence[retail.Cancellation], steps: Steps, read: Read) -> None:
    """The file's cancellations come back, and what is owed for them is paid."""
    read.matched_units += sum(
        match.quantity for told in cancellations for line in told.lines for match in line.matches
    )
    with steps.timed("captured"):
        replay_hands.announce(cancellations)
    while True:
        with steps.timed("returned"):
            back = replay_hands.take_back()
        if back is None:
            break
        steps.count["returned"] += back.cancellations
    carry(steps)
    with steps.timed("refunded"):
        steps.count["refunded"] += replay_hands.pay_back()
    carry(steps)


def finish(steps: Steps) -> None:
    """Wait for what somebody else holds or what is due again in a moment, then send what came of it."""
    until = time.monotonic() + PATIENCE
    while unfinished() and time.monotonic() < until:
        time.sleep(0.2)
        carry(steps)
    work(steps)


def unfinished() -> bool:
    return (
        OutboxEvent.objects.filter(fanned_out_at=None).exists()
        or Delivery.objects.filter(state="pending").exists()
    )


def tell(lines: retail.Account, steps: Steps, read: Read, seconds: float) -> dict[str, Any]:
    """The summary: the books' figures, the file's lines by rule, the rates, and the laws that are broken."""
    found = summary()
    broken = broken_laws(read, found)
    if not lines.complete:
        broken["lines_without_a_rule"] = lines.lines - lines.rules.total()
    return {
        **found,
        "seconds": round(seconds, 1),
        "orders_per_second": {**steps.rates(), "all": round(len(read.numbers) / seconds, 1)},
        "seconds_by_step": {step: round(steps.seconds[step], 1) for step in STEPS},
        "lines": lines.lines,
        "lines_by_group": dict(sorted(lines.groups.items())),
        "lines_by_rule": {rule.value: count for rule, count in sorted(lines.rules.items())},
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "broken_laws": broken,
        "ok": not broken,
    }
