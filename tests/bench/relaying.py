"""The relay: how many deliveries a second one, two and four workers carry to their reactions, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from inventory.events import StockChanged
from inventory.models import Item
from oms.core import relay
from oms.core.models import Delivery, OutboxEvent
from oms.core.outbox import emit
from tests.bench import world
from tests.bench.harness import Rounds, run, say

WORKERS = (1, 2, 4)


def deliveries(dsn: str, rounds: int, events: int) -> bool:
    """Events of single items, each with the two reactions of the wiring table, fan-out included."""
    seen, right = Rounds(), True
    world.furnish(items=world.ITEMS)
    items = list(Item.objects.values_list("pk", flat=True))
    for _ in range(rounds):
        for workers in WORKERS:
            Delivery.objects.all().delete()
            OutboxEvent.objects.all().delete()
            with transaction.atomic():
                emit(StockChanged((items[n % len(items)],), False) for n in range(events))
            world.settle()

            def start() -> Callable[[Any], str]:
                connection.ensure_connection()
                return lambda _: str(relay.relay(seconds=120)["done"])

            ran = run(workers, range(workers), start)
            done = sum(int(what) * count for what, count in ran.outcome.items())
            right &= done == 2 * events and not Delivery.objects.exclude(state="done", attempts=1).exists()
            seen.add(**{f"workers_{workers}": ran.per_second(done)})
    return say(
        "relay", ours={name: seen.rate(name) for name in seen.rates}, unit="deliveries/s", each_once=right,
        conditions=f"{events} events of {world.ITEMS} subjects, two reactions each", ok=right,
    )  # fmt: skip
