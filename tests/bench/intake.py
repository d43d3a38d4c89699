"""Orders in: by hundreds and one by one, from drafts and from what the shop said, and the whole way to routed."""

from __future__ import annotations

import gc
import multiprocessing as mp
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from channels.actions.ingest import ingest
from channels.actions.pull import keep
from channels.adapters.base import RawOrder
from channels.models import ChannelAccount
from fulfillment.models import FulfillmentOrder
from oms.core import relay
from oms.core.actors import SYSTEM
from orders.actions.place import Placing, place_orders
from orders.drafts import OrderDraft
from orders.models import Order
from tests.bench import floors, world
from tests.bench.harness import Rounds, leave_database, plain, run, say

HUNDRED = 100
# The bars: how much of the floor's rate we hold ourselves to.
BY_HUNDREDS, SAME_ROWS, WITH_PAYLOAD, ONE_BY_ONE, WHOLE_WAY = 2.0, 0.6, 1.2, 0.15, 0.25


def parts(things: Sequence[Any], size: int = HUNDRED) -> list[Sequence[Any]]:
    return [things[at : at + size] for at in range(0, len(things), size)]


def placings(drafts: Sequence[OrderDraft], items: dict[str, int]) -> list[Placing]:
    return [
        Placing(d, f"S-{d.number}", {line.external_id: items[line.sku] for line in d.lines}) for d in drafts
    ]


def timed(work: Callable[[Any], Any], first: Any, given: Any, things: int) -> float:
    """How many things a second ``work`` does when it is given this, after a ``first`` part by which its connection got to
    know the statements, as the floor's does. What was made beforehand is not looked through by the collector: a worker
    holds one batch at a time, and not all of them."""
    work(first)
    gc.collect()
    gc.freeze()
    began = time.perf_counter()
    work(given)
    return things / (time.perf_counter() - began)


def floor_rate(dsn: str, orders: int, seed: int, workers: int = 1) -> float:
    """The floor's orders a second."""

    def start() -> Callable[[Any], str]:
        line = plain(dsn)
        floors.place(line, [(1, 1)], "warm@example.org")

        def job(basket: Any) -> str:
            floors.place(line, basket, "c@example.org")
            return "placed"

        return job

    return run(workers, world.baskets(orders, seed), start).per_second(orders)


def place_all(batches: Sequence[Sequence[Placing]]) -> None:
    for batch in batches:
        place_orders(batch, by=SYSTEM)


def by_hundreds(dsn: str, rounds: int, size: int) -> bool:
    items, seen = world.furnish(), Rounds()
    place_all([placings([world.draft(b) for b in world.baskets(HUNDRED, 0)], items)])
    with plain(dsn) as line:

        def write_same(batches: Sequence[Sequence[OrderDraft]]) -> None:
            for batch in batches:
                floors.place_same_rows(line, batch, items)

        floors.place_same_rows(line, [world.draft(b) for b in world.baskets(HUNDRED, 0)], items)
        for n in range(1, rounds + 1):
            world.settle()
            floor = floor_rate(dsn, 1000, n)
            ours = parts(placings([world.draft(b) for b in world.baskets(HUNDRED + size, n)], items))
            same = parts([world.draft(b) for b in world.baskets(HUNDRED + size, n)])
            seen.add(
                floor=floor,
                ours=timed(place_all, ours[:1], ours[1:], size),
                same=timed(write_same, same[:1], same[1:], size),
            )
    ratio, same_rows = seen.ratio("ours", "floor"), seen.ratio("ours", "same")
    return say(
        "place and promise, by hundreds", ours=seen.rate("ours"), floor=seen.rate("floor"), ratio=ratio, bar=BY_HUNDREDS,
        same_rows=seen.rate("same"), same_rows_ratio=same_rows, same_rows_bar=SAME_ROWS, unit="orders/s",
        conditions=f"2 lines of {world.ITEMS} items, 1 place, {rounds} rounds of {size}",
        ok=ratio >= BY_HUNDREDS and same_rows >= SAME_ROWS,
    )  # fmt: skip


def with_payload(dsn: str, rounds: int, size: int) -> bool:
    """What the shop said is stored, read by the adapter, placed and promised."""
    world.furnish()
    account, seen = ChannelAccount.objects.get(), Rounds()

    def take(raws: Sequence[RawOrder]) -> None:
        for part in parts(raws):
            keep(account, list(part))
            while ingest(account)["read"]:
                pass

    take([RawOrder(*world.payload(b)) for b in world.baskets(HUNDRED, 0)])
    for n in range(1, rounds + 1):
        world.settle()
        raws = [RawOrder(*world.payload(b)) for b in world.baskets(HUNDRED + size, n)]
        seen.add(floor=floor_rate(dsn, 1000, n), ours=timed(take, raws[:HUNDRED], raws[HUNDRED:], size))
    ratio = seen.ratio("ours", "floor")
    return say(
        "from what the shop said to promised, by hundreds", ours=seen.rate("ours"), floor=seen.rate("floor"), ratio=ratio,
        bar=WITH_PAYLOAD, unit="orders/s", conditions=f"WooCommerce orders of {len(raws[0].body)} bytes, 1 place",
        ok=ratio >= WITH_PAYLOAD,
    )  # fmt: skip


def several_at_once(dsn: str, rounds: int, size: int, workers: int, batch: int) -> bool:
    """Batches of one or of a hundred, from several workers at once; their orders share items."""
    items, seen, errors = world.furnish(), Rounds(), 0

    def start() -> Callable[[Any], str]:
        connection.ensure_connection()

        def job(part: Sequence[Placing]) -> str:
            place_orders(part, by=SYSTEM)
            return "placed"

        return job

    for n in range(1, rounds + 1):
        world.settle()
        jobs = parts(placings([world.draft(b) for b in world.baskets(size, n)], items), batch)
        ran = run(workers, jobs, start)
        errors += sum(count for what, count in ran.outcome.items() if what != "placed")
        seen.add(floor=floor_rate(dsn, 1000, n, workers), ours=ran.per_second(size))
    ratio, bar = seen.ratio("ours", "floor"), ONE_BY_ONE if batch == 1 else 1.0
    return say(
        f"place and promise, {'one by one' if batch == 1 else 'by hundreds'}, {workers} workers", ours=seen.rate("ours"),
        floor=seen.rate("floor"), ratio=ratio, bar=bar, unit="orders/s", errors=errors, p50_ms=ran.at(0.5),
        p99_ms=ran.at(0.99), conditions=f"the floor with {workers} workers too; {rounds} rounds of {size}",
        ok=ratio >= bar and not errors,
    )  # fmt: skip


def whole_way(dsn: str, rounds: int, size: int, workers: int) -> bool:
    """Pulled, stored, read, placed, promised, screened, routed and released to the warehouse, over all hops: by one
    process, or by two as in ``make run``, where one takes orders in while the other carries on what is in."""
    world.furnish(places=3)
    account, seen = ChannelAccount.objects.get(), Rounds()

    def take(raws: Sequence[RawOrder]) -> None:
        for part in parts(raws):
            keep(account, list(part))
            while ingest(account)["read"]:
                pass
            if workers == 1:
                relay.relay()

    def take_and_carry(raws: Sequence[RawOrder]) -> None:
        leave_database()
        taker = mp.get_context("fork").Process(target=take, args=(raws,))
        taker.start()
        while taker.is_alive() or relay.relay().total():
            relay.relay()
        taker.join()

    work = take if workers == 1 else take_and_carry
    work([RawOrder(*world.payload(b)) for b in world.baskets(HUNDRED, 0)])
    for n in range(1, rounds + 1):
        world.settle()
        raws = [RawOrder(*world.payload(b)) for b in world.baskets(HUNDRED + size, n)]
        seen.add(floor=floor_rate(dsn, 1000, n), ours=timed(work, raws[:HUNDRED], raws[HUNDRED:], size))
    orders = Order.objects.count()
    routed = FulfillmentOrder.objects.values("order").distinct().count()
    ratio, bar = seen.ratio("ours", "floor"), WHOLE_WAY if workers == 2 else None
    return say(
        f"the whole way, from what the shop said to routed, {workers} worker{'s' * (workers > 1)}",
        ours=seen.rate("ours"), floor=seen.rate("floor"), ratio=ratio, bar=bar, unit="orders/s", orders=orders,
        routed=routed, conditions="2 lines, 3 places, by hundreds; the floor with one worker",
        ok=ratio >= (bar or 0) and orders == routed == HUNDRED + rounds * (HUNDRED + size),
    )  # fmt: skip
