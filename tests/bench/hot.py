"""One thing that everybody wants: eight clients, two thousand orders of one piece, a thousand pieces."""

from __future__ import annotations

import multiprocessing as mp
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import connection

from channels.actions.ingest import ingest
from channels.actions.pull import keep
from channels.adapters.base import RawOrder
from channels.models import ChannelAccount
from inventory.models import StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.gather import MOST, Gathering
from oms.core.models import InboundMessage
from orders.actions.place import place_orders
from orders.actions.take import Taking, take_orders
from orders.models import Order, OrderLine
from tests.bench import floors, world
from tests.bench.harness import Rounds, leave_database, plain, run, say
from tests.bench.intake import parts, placings

CLIENTS, ORDERS, PIECES, BAR = 8, 2000, 1000, 1.0


def floor_rate(dsn: str, orders: int) -> float:
    with plain(dsn) as line:
        line.execute("UPDATE floor.stock SET on_hand = reserved + %s WHERE sku = 1", [orders // 2])

    def start() -> Callable[[Any], str]:
        mine = plain(dsn)
        return lambda n: "taken" if floors.place_hot(mine, f"c{n}@example.org") else "sold out"

    ran = run(CLIENTS, range(orders), start)
    if ran.outcome["taken"] != orders // 2:
        raise AssertionError(f"the floor sold {ran.outcome}")
    return ran.per_second(orders)


def exact(taken: int, promised: int) -> bool:
    """So many orders are there, each once, so many pieces promised, each once, and the rest waits."""
    level = StockLevel.objects.get()
    return (
        Order.objects.count(),
        sum(OrderLine.objects.values_list("promised", flat=True)),
        sum(OrderLine.objects.values_list("backordered", flat=True)),
        level.reserved,
    ) == (taken, promised, taken - promised, promised)


def eight_clients(dsn: str, rounds: int, size: int, batch: int) -> bool:
    """Eight clients that each want ``batch`` orders at a time taken in whole or not at all, all for the same thing: as
    a shop's own program asks that sells only what is there. The floor refuses what is beyond the stock too."""
    seen, right, errors = Rounds(), True, 0
    for _ in range(rounds):
        world.furnish(items=1, pieces=size // 2)
        jobs = parts([Taking(world.draft([(1, 1)]), whole=True) for _ in range(size)], batch)
        ran = run(CLIENTS, jobs, _taking)
        errors += len(jobs) - ran.outcome["answered"]
        right &= exact(size // 2, size // 2)
        seen.add(floor=floor_rate(dsn, size), ours=ran.per_second(size))
    ratio, bar = seen.ratio("ours", "floor"), BAR if batch > 1 else None
    return say(
        f"hot item, 8 clients, {f'by {batch}' if batch > 1 else 'one by one'}", ours=seen.rate("ours"),
        floor=seen.rate("floor"), ratio=ratio, bar=bar, unit="orders/s", errors=errors, exact=right,
        conditions="what is beyond the stock is refused, as the floor does", ok=right and not errors and ratio >= (bar or 0),
    )  # fmt: skip


def _taking() -> Callable[[Any], str]:
    connection.ensure_connection()

    def job(part: Any) -> str:
        take_orders(part, by=SYSTEM)
        return "answered"

    return job


def as_backorders(dsn: str, rounds: int, size: int, batch: int) -> bool:
    """The same rush where what is beyond the stock is taken in all the same and waits, as a marketplace's orders do:
    twice the rows of the floor. It has no bar."""
    seen, right, errors = Rounds(), True, 0
    for _ in range(rounds):
        items = world.furnish(items=1, pieces=size // 2)
        jobs = parts(placings([world.draft([(1, 1)]) for _ in range(size)], items), batch)
        ran = run(CLIENTS, jobs, _placing)
        errors += len(jobs) - ran.outcome["placed"]
        right &= exact(size, size // 2)
        seen.add(floor=floor_rate(dsn, size), ours=ran.per_second(size))
    return say(
        f"hot item, 8 clients, by {batch}, the rest waits", ours=seen.rate("ours"), floor=seen.rate("floor"),
        ratio=seen.ratio("ours", "floor"), unit="orders/s", errors=errors, exact=right,
        conditions="what is beyond the stock is taken as a backorder; the floor refuses it and writes nothing",
        ok=right and not errors,
    )  # fmt: skip


def _placing() -> Callable[[Any], str]:
    connection.ensure_connection()

    def job(part: Any) -> str:
        place_orders(part, by=SYSTEM)
        return "placed"

    return job


def gathered(dsn: str, rounds: int, size: int) -> bool:
    """Eight threads of one web server that each ask for one order at a time, gathered as the API gathers them; held
    against the same eight that each take their own lock and commit."""
    seen, right, errors = Rounds(), True, 0
    for _ in range(rounds):
        rates = {}
        for name, most in (("alone", 1), ("together", MOST)):
            world.furnish(items=1, pieces=size // 2)
            gathering: Gathering[Taking, Any] = Gathering(partial(take_orders, by=SYSTEM), most)
            ask = gathering.do if most > 1 else _alone
            takings = [Taking(world.draft([(1, 1)]), whole=True) for _ in range(size)]
            began = time.perf_counter()
            with ThreadPoolExecutor(CLIENTS) as threads:
                answers = [*threads.map(partial(_answer, ask), takings)]
                rates[name] = size / (time.perf_counter() - began)
            errors += answers.count("error")
            right &= exact(size // 2, size // 2)
        leave_database()
        seen.add(floor=floor_rate(dsn, size), **rates)
    gain = seen.ratio("together", "alone")
    return say(
        "hot item, 8 threads of one server, gathered", ours=seen.rate("together"), floor=seen.rate("floor"),
        ratio=seen.ratio("together", "floor"), alone=seen.rate("alone"), gain=gain, unit="orders/s", errors=errors,
        exact=right, conditions="one order a call; alone: each in a transaction of its own", ok=right and not errors and gain >= 1,
    )  # fmt: skip


def _alone(taking: Taking) -> Any:
    return take_orders([taking], by=SYSTEM)[0]


def _answer(ask: Callable[[Taking], Any], taking: Taking) -> str:
    try:
        return "taken" if isinstance(ask(taking), int) else "refused"
    except Refused:
        return "refused"
    except Exception:  # counted
        return "error"
    finally:
        connection.close()  # back to the pool, as at the end of every call


def through_the_inbox(dsn: str, rounds: int, size: int) -> bool:
    """Eight clients store what came, as webhooks and pulls do, while one worker takes in all that waits."""
    seen, right, errors = Rounds(), True, 0
    for _ in range(rounds):
        world.furnish(items=1, pieces=size // 2)
        account = ChannelAccount.objects.get()
        raws = [RawOrder(*world.payload([(1, 1)])) for _ in range(size)]
        leave_database()
        worker = mp.get_context("fork").Process(target=take_in, args=(account, size))
        worker.start()
        ran = run(CLIENTS, raws, lambda: partial(_store, account))  # noqa: B023 - carried out within the round
        worker.join()
        seconds = time.perf_counter() - ran.began
        errors += size - ran.outcome["stored"]
        right &= exact(size, size // 2) and not InboundMessage.objects.filter(state="received").exists()
        seen.add(floor=floor_rate(dsn, size), ours=size / seconds)
    ratio = seen.ratio("ours", "floor")
    return say(
        "hot item, 8 clients, through the inbox", ours=seen.rate("ours"), floor=seen.rate("floor"), ratio=ratio,
        unit="orders/s", errors=errors, exact=right, conditions="from the shop's payload to promised or backordered",
        ok=right and not errors,
    )  # fmt: skip


def _store(account: ChannelAccount, raw: RawOrder) -> str:
    keep(account, [raw])
    return "stored"


def take_in(account: ChannelAccount, orders: int) -> None:
    """What the task does that each stored payload asks for, until so many are in."""
    done, until = 0, time.monotonic() + 120
    while done < orders and time.monotonic() < until:
        read = ingest(account)["read"]
        done += read
        if not read:
            time.sleep(0.005)
    leave_database()


def sold_out(dsn: str, rounds: int) -> bool:
    """Orders for what is sold out change no row of stock."""
    items = world.furnish(items=1, pieces=1)
    place_orders(placings([world.draft([(1, 1)])], items), by=SYSTEM)
    before = _versions()
    place_orders(placings([world.draft([(1, 1)]) for _ in range(100)], items), by=SYSTEM)
    written = len(before - _versions())
    return say(
        "sold out", ours=written, unit="stock rows written", bar=0, conditions="100 orders", ok=not written
    )


def _versions() -> set[tuple[str, str]]:
    """Every stock row as it lies there; whoever writes one makes it another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin::text, ctid::text FROM inventory_stocklevel")
        return set(cursor.fetchall())
