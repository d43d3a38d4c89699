"""Every fault of both shops and the carrier at once: at the end they and the system agree.

Faults are seeded. Waiting times are cut short, nothing else: what is to be tried again is due at once. Each kind
of fault is counted by the step that it struck; a kind that never struck proves nothing, so it fails the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from channels.actions.reconcile import reconcile
from channels.demo.hands import Party
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE, PlannedOrder
from channels.demo.story import books, office, road, shoppers, warehouse
from channels.demo.story.setting_up import set_up
from channels.demo.story.stage import Stage
from channels.demo.story.telling import wait_routed
from channels.models import ChannelAccount, Listing
from oms.core.errors import Permanent, Retry
from oms.core.models import Delivery, InboundMessage, OutboundEffect
from oms.twinkit.faults import REQUEST_KINDS, WEBHOOK_KINDS
from tests.journeys.clockwork import Clock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SEED = 20110124
ORDERS = 30
REQUESTS = 0.03
WEBHOOKS = {"duplicate": 0.15, "reorder": 0.4, "webhook_drop": 0.1, "webhook_delay": 0.15}
# Where a fault hurts most: something is done there that must be done once.
DEEDS = {
    "woocommerce": {"products.batch", "trackings.create", "notes.create", "orders.update", "refunds.create"},
    "shopify": {"SetStock", "Fulfil", "Refund"},
    "easypost": {"shipments.create", "shipments.buy"},
}
SECONDS = {"delay": 0.05, "error_429": 0.0, "stale_read": 0.5, "reorder": 0.3, "webhook_delay": 0.2}
WAVES = 3


def everything() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = [{"kind": kind, "probability": REQUESTS} for kind in REQUEST_KINDS]
    rules += [{"kind": kind, "probability": WEBHOOKS[kind]} for kind in WEBHOOK_KINDS]
    return [{**rule, "seconds": SECONDS[rule["kind"]]} if rule["kind"] in SECONDS else rule for rule in rules]


class HastyClock(Clock):
    """A clock for which a back-off is over as soon as it began."""

    def _round(self, number: int) -> None:
        now = timezone.now()
        OutboundEffect.objects.filter(state="pending", due_at__gt=now).update(due_at=now)
        Delivery.objects.filter(state="pending", due_at__gt=now).update(due_at=now)
        InboundMessage.objects.filter(state="received", due_at__gt=now).update(due_at=now)
        Listing.objects.filter(state="active", due_at__gt=now).update(due_at=now)
        super()._round(number)


@pytest.fixture
def ordinary_orders() -> int:
    return ORDERS


@pytest.fixture
def clock(transactional_db: None) -> Iterator[Clock]:
    ticking = HastyClock()
    ticking.start()
    yield ticking
    ticking.stop()
    assert not ticking.errors, ticking.errors


def parties(stage: Stage) -> tuple[Party, ...]:
    return stage.woocommerce, stage.shopify, stage.easypost


def ordinary(stage: Stage) -> list[PlannedOrder]:
    return [order for order in stage.plan.orders if not order.case]


def wave(stage: Stage, orders: list[PlannedOrder]) -> None:
    """Buy, decide, pick, pack, label, send."""
    shoppers.buy(stage, orders)
    rows = shoppers.wait_received(stage, orders)
    office.decide(stage, rows.values())
    wait_routed(stage)
    warehouse.pick_and_pack(stage)
    warehouse.ship(stage)


def pay_back(stage: Stage, orders: list[PlannedOrder]) -> dict[str, str]:
    """A piece of the first line of each goes back in money; the amounts by the plan's number."""
    paid = {}
    for planned in orders:
        order = stage.order(planned.number)
        assert order
        line = order["lines"][0]
        amount = f"{planned.lines[0].gross / planned.lines[0].quantity:.2f}"
        stage.desk("support").press(
            "orders.refund", [order["id"]], why="A gesture", **{f"amount_{line['id']}": amount}
        )
        paid[planned.number] = amount
    return paid


def settle(stage: Stage) -> None:
    """The nightly look at everything, now that the others answer again."""
    for party in parties(stage):
        party.faults()
    for account in ChannelAccount.objects.all():
        try:
            reconcile(account)
        except (Retry, Permanent) as error:
            raise AssertionError(f"{account} does not answer in peace: {error}") from error
    stage.until("all to be told", lambda: not books.unfinished(), state=lambda: str(books.unfinished()))
    stage.until(
        "the shops to show the right stock", lambda: not any(books.stock_differences(stage).values()),
        state=lambda: str(books.stock_differences(stage)),
    )  # fmt: skip


def test_shops_and_system_agree_when_everything_fails(stage: Stage) -> None:
    set_up(stage)
    for stranger in stage.plan.strangers:
        listings = stage.desk("clerk").find("channels/listing", stranger.sku)
        stage.desk("clerk").press("channels.map", listings, item=stranger.item)
    stage.patience = 90.0
    orders = ordinary(stage)
    for party in parties(stage):
        party.faults(*everything(), seed=SEED)
    size = -(-len(orders) // WAVES)
    for start in range(0, len(orders), size):
        wave(stage, orders[start : start + size])
    refunded = pay_back(stage, [next(o for o in orders if o.shop == shop) for shop in (WOOCOMMERCE, SHOPIFY)])
    stage.until("the vans to leave", lambda: len(road.on_the_way(stage)) >= len(orders))
    road.deliver(stage, road.on_the_way(stage))
    struck = {party.name: party.struck() for party in parties(stage)}
    settle(stage)

    table = "\n".join(
        f"{name:12} {kind:16} {step:40} {times}"
        for name, kinds in struck.items()
        for kind, steps in kinds.items()
        for step, times in steps.items()
    )
    print(table)
    total: Counter[str] = Counter()
    for kinds in struck.values():
        for kind, steps in kinds.items():
            total[kind] += sum(steps.values())
    never = [kind for kind in (*REQUEST_KINDS, *WEBHOOK_KINDS) if not total[kind]]
    assert not never, f"these never struck, so nothing is proved of them: {never}\n{table}"

    for party in parties(stage):
        hurt = {step for steps in struck[party.name].values() for step in steps} & DEEDS[party.name]
        assert hurt, f"nothing that {party.name} does for us was ever disturbed:\n{table}"

    agree(stage, orders, refunded)


def agree(stage: Stage, orders: list[PlannedOrder], refunded: dict[str, str]) -> None:
    rows = {row["number"]: row for row in stage.every_order()}
    assert len(rows) == len(orders)
    for planned in orders:
        row = rows[stage.number(planned)]
        assert row["total"] == f"{planned.total:.2f}", row
    assert not books.stuck(), books.stuck()
    assert not books.books_that_differ()
    assert books.notices_that_differ(stage) == []
    assert books.labels_that_differ(stage) == []
    assert {n: [str(a) for a in amounts] for n, amounts in books.refunds_at_shops(stage).items()} == {
        number: [amount] for number, amount in refunded.items()
    }
    assert books.oversold(stage) == 0
