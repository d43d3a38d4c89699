"""Is everything as the plan says? Every difference by name, and the story's figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from channels.demo.hands import Trouble
from channels.demo.shapes import SHOPIFY, WOOCOMMERCE
from channels.demo.story import books
from channels.demo.story.setting_up import NAMES, account_of
from channels.demo.story.stage import PREFIXES, Stage
from channels.demo.story.told import TOLD

SHOWN = 12


def settle(stage: Stage) -> None:
    """Wait until everybody was told and the shops show the right stock. What is missing then is for the
    checks to name."""
    try:
        stage.until(
            "all messages to be sent", lambda: not books.unfinished(), state=lambda: str(books.unfinished())
        )
        boss = stage.desk("manager")
        for shop in (WOOCOMMERCE, SHOPIFY):
            stage.say(
                f"  {NAMES[shop]}: {boss.press_and_read('channels.read_stock', [account_of(stage, shop)])}"
            )
        stage.until(
            "the shops to show the right stock", lambda: not any(books.stock_differences(stage).values()),
            state=lambda: str({shop: rows[:3] for shop, rows in books.stock_differences(stage).items()}),
        )  # fmt: skip
    except Trouble as trouble:
        stage.say(f"  {trouble}")


def differences(stage: Stage) -> list[str]:
    """What is not as the plan says, in words."""
    found = [*_orders(stage), *_stock(stage), *_money(stage), *_notices(stage)]
    for slug, teller in TOLD.items():
        try:
            found += list(teller.check(stage))
        except (Trouble, LookupError, ValueError) as error:
            found.append(f"{slug}: {error}")
    return found


def _orders(stage: Stage) -> Iterator[str]:
    wanted = stage.plan.expected
    for shop, count in wanted.orders_by_shop.items():
        have = books.one("SELECT count(*) FROM orders_order WHERE source = %s", shop)
        if have != count:
            yield f"{have} orders came from {shop}, not {count}"
    units = books.one("SELECT sum(ordered) FROM orders_orderline")
    if units != wanted.units:
        yield f"{units} pieces were ordered, not {wanted.units}"
    now = books.figures()
    for name, count in (
        ("orders_delivered", wanted.delivered), ("orders_cancelled", wanted.cancelled), ("parcels_lost", wanted.lost),
        ("orders_still_waiting", wanted.backordered),
    ):  # fmt: skip
        if now[name] != count:
            yield f"{name.replace('_', ' ')}: {now[name]}, not {count}"
    for kind, words in books.stuck().items():
        yield f"{kind}: {words[:200]}"
    held: dict[str, int] = dict(
        books.ask("SELECT type, count(DISTINCT order_id) FROM orders_hold GROUP BY 1")
    )
    for kind, count in wanted.held.items():
        if held.get(kind, 0) != count:
            yield f"{held.get(kind, 0)} orders were held as {kind}, not {count}"
    for number, kind, words in books.ask(
        "SELECT o.number, h.type, h.words FROM orders_hold h JOIN orders_order o ON o.id = h.order_id"
        " WHERE h.state = 'active'"
    ):
        yield f"{number} is still held: {kind}, {words}"


def _stock(stage: Stage) -> Iterator[str]:
    wanted, have = stage.plan.expected.on_hand, books.on_hand()
    wrong = [
        f"{sku}: {have.get(sku, 0)}, not {units}"
        for sku, units in wanted.items()
        if have.get(sku, 0) != units
    ]
    if wrong:
        yield f"on hand, {len(wrong)} items differ: {'; '.join(wrong[:SHOWN])}"
    yield from books.books_that_differ()[:SHOWN]
    unread = books.one(
        "SELECT count(*) FROM channels_listing WHERE state = 'active' AND confirmed_version < desired_version"
    )
    if unread:
        yield f"{unread} levels at the shops were not read back as we sent them"
    for shop, rows in books.stock_differences(stage).items():
        if rows:
            yield f"{shop} shows the wrong stock of {len(rows)} items: {'; '.join(rows[:SHOWN])}"
    disposed: dict[str, int] = dict(
        books.ask("SELECT kind, sum(quantity)::int FROM returns_disposition GROUP BY 1")
    )
    for kind, units in (
        ("restock", stage.plan.expected.restocked_units), ("write_off", stage.plan.expected.written_off_units),
    ):  # fmt: skip
        if disposed.get(kind, 0) != units:
            yield f"{disposed.get(kind, 0)} pieces were treated as {kind}, not {units}"


def _money(stage: Stage) -> Iterator[str]:
    wanted = {number: [amount] for number, amount in stage.plan.expected.refunds.items()}
    ours: dict[str, list[Decimal]] = {}
    for number, amount in books.ask(
        "SELECT o.number, r.amount FROM orders_refund r JOIN orders_order o ON o.id = r.order_id WHERE r.state = 'succeeded'"
    ):
        ours.setdefault(number.partition("-")[2], []).append(amount)
    for whose, paid in (("we", ours), ("the shops", books.refunds_at_shops(stage))):
        for number in sorted({*wanted, *paid}):
            if sorted(paid.get(number, [])) != sorted(wanted.get(number, [])):
                told = ", ".join(map(str, paid.get(number, []))) or "nothing"
                due = ", ".join(map(str, wanted.get(number, []))) or "nothing"
                yield f"by what {whose} say, {told} went back for {number}, not {due}"


def _notices(stage: Stage) -> Iterator[str]:
    for words in books.notices_that_differ(stage)[:SHOWN]:
        yield words
    for words in books.labels_that_differ(stage)[:SHOWN]:
        yield words
    for shop in (WOOCOMMERCE, SHOPIFY):
        prefix = PREFIXES[shop]
        here = {row[0] for row in books.ask("SELECT number FROM orders_order WHERE source = %s", shop)}
        there = {f"{prefix}-{order['number']}" for order in stage.shop(shop).records()["orders"]}
        if here != there:
            yield f"{shop}: {len(there - here)} orders are only there, {len(here - there)} only here"


def sum_up(stage: Stage, began: float) -> tuple[dict[str, Any], list[str]]:
    """The figures with ``ok``, and the differences."""
    wrong = differences(stage)
    oversold = books.oversold(stage)
    figures: dict[str, Any] = {**books.figures(), "units_oversold": oversold}
    if oversold:
        wrong.append(f"{oversold} pieces are sold that are not there")
    return {**figures, "seconds": round(time.monotonic() - began, 1), "ok": not wrong}, wrong
