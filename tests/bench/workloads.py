"""All workloads by name, each a function of the database's address and the number of rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tests.bench import hot, intake, lists, pushing, relaying, system

Measure = Callable[[str, int], bool]


def all_of(*, quick: bool) -> Mapping[str, Measure]:
    size, one, pieces = (1000, 200, 400) if quick else (3000, 600, hot.ORDERS)
    return {
        "hundreds": partial(intake.by_hundreds, size=size),
        "payload": partial(intake.with_payload, size=size),
        **{f"one-{w}": partial(intake.several_at_once, size=one, workers=w, batch=1) for w in (1, 2, 4)},
        **{f"many-{w}": partial(intake.several_at_once, size=size, workers=w, batch=100) for w in (1, 2, 4)},
        **{f"whole-way-{w}": partial(intake.whole_way, size=size, workers=w) for w in (1, 2)},
        "hot-one": partial(hot.eight_clients, size=pieces, batch=1),
        "hot-fifty": partial(hot.eight_clients, size=pieces, batch=50),
        "hot-waits": partial(hot.as_backorders, size=pieces, batch=50),
        "hot-gathered": partial(hot.gathered, size=pieces),
        "hot-inbox": partial(hot.through_the_inbox, size=pieces),
        "sold-out": hot.sold_out,
        "relay": partial(relaying.deliveries, events=1000 if quick else 4000),
        "push": partial(
            pushing.commit_to_call, listings=1000 if quick else 10_000, changes=24 if quick else 120
        ),
        "lists": partial(lists.of_orders, largest=100_000 if quick else 1_000_000),
        "system": partial(system.embedded, idle=5 if quick else 20, work=3 if quick else 10),
    }
