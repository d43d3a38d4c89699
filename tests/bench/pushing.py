"""From the commit of a change of stock to the call that tells a shop of it: real workers, a real clock and broker as in
`make run`, and simulated shops that note when they are called."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from pathlib import Path

from django.db import connection, transaction

from channels.models import ChannelAccount, Listing
from channels.twins.woocommerce.twin import WooCommerce
from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.models import Location
from oms.core.actors import SYSTEM
from oms.embedded import system
from oms.embedded.paths import Paths
from oms.embedded.processes import Ledger
from oms.embedded.supervisor import Say, Supervisor
from oms.twinkit.server import Request, Response, serve
from orders.actions.place import Placing, place_orders
from tests.bench import world
from tests.bench.harness import at_share, say

SHOPS, PAUSE, BAR_S = 5, 0.25, 1.0
LATEST = 30.0


class Listening(WooCommerce):
    """Notes when it is first told each level."""

    def __init__(self, name: str) -> None:
        super().__init__(":memory:", name=name)
        self.heard: dict[tuple[int, int], float] = {}

    def handle(self, request: Request) -> Response:
        now = time.perf_counter()
        if request.path.endswith("/products/batch"):
            for told in json.loads(request.body)["update"]:
                self.heard.setdefault((told["id"], told["stock_quantity"]), now)
        return super().handle(request)


def commit_to_call(dsn: str, rounds: int, *, listings: int, changes: int) -> bool:
    """Corrections and orders in turns, four a second, each of an item of its own that every shop sells."""
    items = world.furnish(items=listings)
    shops = [Listening(f"shop-{n}") for n in range(SHOPS)]
    running = [serve(shop) for shop in shops]
    products = [_open(shop, each.url, items) for shop, each in zip(shops, running, strict=True)]
    world.settle()
    with tempfile.TemporaryDirectory(prefix="oms-bench-") as folder, open(os.devnull, "w") as nowhere:
        paths = Paths(Path(folder) / "var").make()
        env = system.environment(paths, {"DATABASE_URL": dsn})
        supervisor = Supervisor(Say(nowhere), Ledger(paths.children))
        try:
            supervisor.start(system.worker(paths, env, 2), system.beat(paths, env))
            wanted = _change(items, changes)
            waits = _waits(shops, products, wanted)
        finally:
            supervisor.stop(quietly=True)
            for each in running:
                each.stop()
    late = SHOPS * changes - len(waits)
    p50, p95, p99 = (at_share(waits, share) for share in (0.5, 0.95, 0.99))
    return say(
        "push", ours=p95, bar=BAR_S, unit="s from commit to call, p95", p50=p50, p99=p99, never=late,
        conditions=f"{SHOPS} shops of {listings} listings, {changes} changes, {1 / PAUSE:.0f} a second",
        ok=not late and p95 < BAR_S,
    )  # fmt: skip


def _open(shop: Listening, url: str, items: dict[str, int]) -> dict[str, int]:
    """A shop that sells everything, and our account at it, level with us; returns its product ids by SKU."""
    with shop.lock, shop.store.transaction():
        made = shop.shopper(
            "seed_products", {"products": [{"sku": sku, "stock": world.PLENTY} for sku in items]}
        )
    products = {sku: ids[0] for sku, ids in made["ids"].items()}
    account = ChannelAccount.objects.create(
        slug=shop.name, name=shop.name, kind="woocommerce", base_url=url, order_prefix=shop.name[-1],
        credentials={"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": "x"},
    )  # fmt: skip
    level = dict.fromkeys(("desired", "sent", "confirmed"), world.PLENTY)
    version = {f"{name}_version": 1 for name in level}
    Listing.objects.bulk_create(
        [
            Listing(
                account=account, external_id=str(products[sku]), sku=sku, title=sku, item_id=item, state="active",
                ref={"product": products[sku], "variation": 0}, health="in_sync", **level, **version,
            )
            for sku, item in items.items()
        ],
        batch_size=2000,
    )  # fmt: skip
    return products


def _change(items: dict[str, int], changes: int) -> dict[str, float]:
    """Carry the changes out; returns when each SKU's was committed. Each takes one piece."""
    ChannelAccount.objects.filter(slug="shop").update(active=False)
    place = Location.objects.get().pk
    committed: dict[str, float] = {}
    for n, sku in enumerate(random.Random(7).sample(sorted(items), changes)):
        with transaction.atomic():
            transaction.on_commit(lambda sku=sku: committed.__setitem__(sku, time.perf_counter()))
            if n % 2:
                draft = world.draft([(int(sku.removeprefix("SKU")), 1)])
                known = {draft.lines[0].external_id: items[sku]}
                place_orders([Placing(draft, f"P-{draft.number}", known)], by=SYSTEM)
            else:
                adjust_stock([Correction(items[sku], place, -1, "lost", "bench", f"bench-{n}")], by=SYSTEM)
        time.sleep(PAUSE)
    connection.close()
    return committed


def _waits(
    shops: list[Listening], products: list[dict[str, int]], committed: dict[str, float]
) -> list[float]:
    """Seconds from each commit to each shop's call, of all calls that came."""
    until = time.monotonic() + LATEST
    while True:
        waits = [
            shop.heard[key] - at
            for shop, ids in zip(shops, products, strict=True)
            for sku, at in committed.items()
            if (key := (ids[sku], world.PLENTY - 1)) in shop.heard
        ]
        if len(waits) == len(shops) * len(committed) or time.monotonic() > until:
            return waits
        time.sleep(0.1)
