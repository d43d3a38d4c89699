"""What happens while processes die: shoppers buy, the warehouse works, money goes back; then the reckoning.

Everybody acts by hand, as in the story: through the shops' own side, the API and the console. A hand that meets
a dead system tries again; nothing is remembered but by the system. The reckoning reads the tables by plain SQL
and the shops' and the carrier's own records.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import django
import requests

django.setup()

from django.conf import settings  # noqa: E402
from django.db import Error, close_old_connections, connection  # noqa: E402
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks  # noqa: E402

from channels.demo import plan as plans  # noqa: E402
from channels.demo.hands import Party, Trouble  # noqa: E402
from channels.demo.logins import make_logins  # noqa: E402
from channels.demo.shapes import SHOPS, PlannedOrder  # noqa: E402
from channels.demo.story import books, office, road, shoppers, warehouse  # noqa: E402
from channels.demo.story.setting_up import account_of, receive, set_up  # noqa: E402
from channels.demo.story.stage import Stage  # noqa: E402
from oms.core.steps import STEPS  # noqa: E402
from oms.embedded import system  # noqa: E402
from oms.twinkit.faults import REQUEST_KINDS, WEBHOOK_KINDS  # noqa: E402
from tests.faults.killer import TARGETS, Killer  # noqa: E402

# What a dead or dying system may look like to whoever works with it.
DOWN = (requests.RequestException, Error, Trouble)
REQUEST_FAULTS = 0.02
WEBHOOK_FAULTS = {"duplicate": 0.15, "reorder": 0.3, "webhook_drop": 0.1, "webhook_delay": 0.15}
SECONDS = {"delay": 0.05, "error_429": 0.0, "stale_read": 0.5, "reorder": 0.3, "webhook_delay": 0.2}
# How often the clock looks at what a minute is short enough for otherwise; as a manager would retime it.
HASTY = {"channels.pull": 5, "channels.confirm_stock": 15, "fulfillment.reroute": 10, "fulfillment.track": 15}
DRAIN = 300.0
# Orders for a short run, so that it is soon set up.
ENOUGH = 150


def say(words: str) -> None:
    print(words, flush=True)


class Drama:
    def __init__(
        self,
        stage: Stage,
        killer: Killer,
        orders: list[PlannedOrder],
        seconds: float,
        every: float,
        seed: int,
    ):
        self.stage, self.killer, self.orders, self.seconds = stage, killer, orders, seconds
        self.every, self.lot = every, random.Random(seed)
        self.bought: list[PlannedOrder] = []
        self.refunds: dict[str, str] = {}
        self.met: Counter[str] = Counter()

    # -- acting ----------------------------------------------------------------------------------------------

    def insist(self, what: str, do: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Do it until it is done. For deeds that are harmless when they are done already."""
        until = time.monotonic() + seconds
        while True:
            close_old_connections()
            try:
                return do()
            except DOWN as error:
                self.met[type(error).__name__] += 1
                if time.monotonic() > until:
                    raise Trouble(f"could not {what} within {seconds:.0f} s: {error}") from error
                time.sleep(1.0)

    def attempt(self, do: Callable[[], Any]) -> bool:
        """Do it if it can be done now; the next round goes on where this one stopped."""
        close_old_connections()
        try:
            do()
        except DOWN as error:
            self.met[type(error).__name__] += 1
            time.sleep(0.5)
            return False
        return True

    def prepare(self) -> None:
        set_up(self.stage)
        clerk = self.stage.desk("clerk")
        for stranger in self.stage.plan.strangers:
            listings = clerk.find("channels/listing", stranger.sku)
            clerk.press("channels.map", listings, item=stranger.item)
        for receipt in self.stage.plan.receipts:
            if not receipt.case:
                receive(self.stage, receipt.name, receipt.place, list(receipt.lines))
        for task, seconds in HASTY.items():
            every, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
            PeriodicTask.objects.filter(task=task).update(interval=every)
        PeriodicTasks.update_changed()
        rules: list[dict[str, Any]] = [
            {"kind": kind, "probability": REQUEST_FAULTS} for kind in REQUEST_KINDS
        ]
        rules += [{"kind": kind, "probability": WEBHOOK_FAULTS[kind]} for kind in WEBHOOK_KINDS]
        for rule in rules:
            if rule["kind"] in SECONDS:
                rule["seconds"] = SECONDS[rule["kind"]]
        for party in self.parties():
            party.faults(*rules, seed=self.lot.randrange(10**6))

    def parties(self) -> tuple[Party, ...]:
        return self.stage.woocommerce, self.stage.shopify, self.stage.easypost

    def play(self) -> None:
        """Buy and work until the time is over and everything was killed: at a step that nobody comes by, nobody
        dies, so the shoppers go on as long as one is missing."""
        began = due = time.monotonic()
        self.killer.start()
        left = list(self.orders)
        while True:
            while left and time.monotonic() >= due:
                order = left.pop(0)
                # The shop is never killed, so this is done once.
                shoppers.buy(self.stage, [order])
                self.bought.append(order)
                due = time.monotonic() + self.every
            self.attempt(self._round)
            self.attempt(self._pay_back)
            over = time.monotonic() - began > self.seconds
            if over and not self.killer.missing():
                return
            if time.monotonic() - began > self.seconds + DRAIN:
                say(f"  never killed: {', '.join(self.killer.missing())}")
                return
            time.sleep(0.3)

    def _round(self) -> None:
        stage = self.stage
        office.decide(stage, stage.every_order(state="review"))
        warehouse.pick_and_pack(stage)
        self._ship()
        road.deliver(stage, road.on_the_way(stage))

    def _ship(self) -> None:
        """Hand over what has its labels; the rest another time."""
        packed = {row["id"] for row in warehouse.open_work(self.stage, "packed")}
        bare = {row["fulfillment_order"] for row in self.stage.program.each("parcels", state="draft")}
        if ready := sorted(packed - bare):
            self.stage.desk("warehouse").press("fulfillment.ship", ready)

    def _pay_back(self) -> None:
        """For every third order, once it has left, the price of one piece of its first line. The key says that
        it is one deed, however often it has to be asked for."""
        for place, planned in enumerate(self.bought):
            if place % 3 or planned.number in self.refunds:
                continue
            order = self.stage.order(planned.number)
            if not order or not order["lines"][0]["shipped"]:
                continue
            line = planned.lines[0]
            amount = f"{line.gross / line.quantity:.2f}"
            self.stage.program.post(
                f"orders/{order['id']}/refund", key=f"gesture-{planned.number}", reason="A gesture",
                lines=[{"line": order["lines"][0]["id"], "amount": amount}],
            )  # fmt: skip
            self.refunds[planned.number] = amount

    # -- peace -----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Nobody dies any more and the others answer: everything that was begun comes to its end."""
        self.killer.stop()
        for party in self.parties():
            party.faults()
        until = time.monotonic() + DRAIN
        while time.monotonic() < until and not self._at_rest():
            self.attempt(self._cut_waiting_short)
            self.attempt(self._round)
            self.attempt(self._pay_back)
            time.sleep(1.0)
        boss = self.stage.desk("manager")
        for shop in SHOPS:
            self.insist("read the stock back", lambda shop=shop: boss.press("channels.read_stock", [account_of(self.stage, shop)]))  # fmt: skip
        self.attempt(
            lambda: self.stage.until(
                "the shops to show the right stock",
                lambda: not books.unfinished() and not any(books.stock_differences(self.stage).values()),
            )
        )

    def _cut_waiting_short(self) -> None:
        """What is to be tried again is due at once: after many faults a pause grows to minutes."""
        with connection.cursor() as cursor:
            for table in ("core_outboundeffect", "core_delivery", "core_inboundmessage", "channels_listing"):
                cursor.execute(f"UPDATE {table} SET due_at = now() WHERE due_at > now()")

    def _at_rest(self) -> bool:
        try:
            close_old_connections()
            shipped = books.one("SELECT count(*) FROM orders_order o WHERE NOT EXISTS (SELECT FROM orders_orderline l"
                                " WHERE l.order_id = o.id AND l.shipped < l.ordered)")  # fmt: skip
            paid = books.one("SELECT count(*) FROM orders_refund WHERE state = 'succeeded'")
            wanted = len(self.bought), len([1 for place in range(len(self.bought)) if place % 3 == 0])
            return (shipped, paid) == wanted and not books.unfinished()
        except DOWN:
            return False

    # -- the reckoning ---------------------------------------------------------------------------------------

    def differences(self) -> list[str]:
        stage, found = self.stage, []
        wanted = {stage.number(order): order for order in self.bought}
        rows = books.ask("SELECT number, total, source, external_id FROM orders_order")
        ours = Counter(number for number, *_ in rows)
        found += [f"{number} was bought and never came" for number in wanted if not ours[number]]
        found += [f"{number} came and was never bought" for number in ours if number not in wanted]
        found += [f"{number} is here {times} times" for number, times in ours.items() if times > 1]
        twice = Counter((source, external) for _, _, source, external in rows)
        found += [f"{key} is here {times} times" for key, times in twice.items() if times > 1]
        found += [
            f"{number} comes to {total}, and {wanted[number].total} was paid"
            for number, total, *_ in rows
            if number in wanted and Decimal(total) != wanted[number].total
        ]
        found += [
            f"{number}: {shipped} of {ordered} pieces were sent"
            for number, ordered, shipped in books.ask(
                "SELECT o.number, sum(l.ordered), sum(l.shipped) FROM orders_order o"
                " JOIN orders_orderline l ON l.order_id = o.id GROUP BY 1"
            )
            if ordered != shipped
        ]
        found += [f"still to do: {count} {kind}" for kind, count in books.unfinished().items()]
        found += [f"{kind}: {words[:200]}" for kind, words in books.stuck().items()]
        found += books.books_that_differ()
        if oversold := books.oversold(stage):
            found.append(f"{oversold} pieces were sold that are not there")
        found += books.notices_that_differ(stage)
        found += books.labels_that_differ(stage)
        paid = {
            number: [f"{a:.2f}" for a in amounts] for number, amounts in books.refunds_at_shops(stage).items()
        }
        found += [
            f"{number}: {paid.get(number, [])} was paid back, not {[self.refunds[number]] if number in self.refunds else []}"
            for number in sorted({*paid, *self.refunds})
            if paid.get(number, []) != ([self.refunds[number]] if number in self.refunds else [])
        ]
        for shop, rows_ in books.stock_differences(stage).items():
            found += [f"{shop} shows {words}" for words in rows_]
        return found

    def effects(self) -> dict[str, int]:
        """Things done on the outside, as the outside counts them."""
        return {
            "labels": sum(1 for row in self.stage.easypost.records()["shipments"] if row["tracking_code"]),
            "notices": sum(len(told) for told in books.parcels_told(self.stage).values()),
            "refunds": sum(len(amounts) for amounts in books.refunds_at_shops(self.stage).values()),
        }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--every", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", default="")
    told = parser.parse_args()
    began = time.monotonic()
    var = Path(settings.DATA_DIR)
    parties = [Party(name, os.environ[f"OMS_TWIN_{name.upper()}_URL"]) for name in (*SHOPS, "easypost")]
    plan = plans.build(ordinary=ENOUGH if told.seconds < 600 else None, heaviest_kg=20)
    stage = Stage(
        told.base_url, plan, *parties, logins=make_logins(var / "logins.json"), say=say, patience=60.0
    )
    is_well = system.answers(int(told.base_url.rsplit(":", 1)[1]), "/healthz")
    only = [step for step in told.steps.split(",") if step]
    killer = Killer(
        var / "run" / "children.json",
        Path(os.environ["OMS_FAULTS_STEPS"]),
        say,
        is_well,
        seed=told.seed,
        only=only,
    )
    orders = [order for order in plan.orders if not order.case]
    drama = Drama(stage, killer, orders, told.seconds, told.every, told.seed)
    drama.prepare()
    say(f"Set up. An order is bought every {told.every:g} s, and whatever works is killed while it does.")
    found: list[str] = []
    try:
        drama.play()
        drama.settle()
    except DOWN as error:
        found.append(f"{type(error).__name__}: {error}")
    found += drama.insist("look into the books", drama.differences)
    found += [f"never killed: {name}" for name in killer.missing()]
    for words in found[:60]:
        say(f"  NOT AS IT SHOULD BE: {words}")
    print(json.dumps({
        "orders": len(drama.bought), "refunds": len(drama.refunds), "effects": drama.effects(),
        "kills_by_process": {name: killer.by_process[name] for name in TARGETS},
        "kills_by_step": {step: killer.by_step[step] for step in STEPS}, "reached": dict(killer.reached),
        "tries_that_met_a_dead_system": sum(drama.met.values()), "seconds": round(time.monotonic() - began, 1),
        "differences": len(found), "ok": not found,
    }))  # fmt: skip
    return 0 if not found else 1


if __name__ == "__main__":
    sys.exit(main())
