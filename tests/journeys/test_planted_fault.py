"""A fault planted in the stock guard is seen by the story's own reckoning: its check can fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from channels.demo.story import books, ending, shoppers
from channels.demo.story.setting_up import set_up
from channels.demo.story.stage import Stage
from channels.demo.story.told import race
from inventory.actions import fit_reservations, move_stock
from inventory.models import StockLevel
from inventory.rules.allocation import Supply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@contextmanager
def without_check() -> Iterator[None]:
    """The database's own net taken away for a while."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inventory_stocklevel DROP CONSTRAINT level_never_oversold")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE inventory_stocklevel SET reserved = least(reserved, on_hand - unavailable)"
            )
            cursor.execute(
                "ALTER TABLE inventory_stocklevel ADD CONSTRAINT level_never_oversold"
                " CHECK (on_hand >= reserved + unavailable)"
            )


def stale_stock(item_ids: object) -> list[Supply]:
    """What somebody sees who looked before the others bought: there is always one left."""
    return [
        Supply(level.item_id, level.location_id, max(1, level.available))
        for level in StockLevel.objects.filter(item_id__in=list(item_ids))  # type: ignore[call-overload]
    ]


def buy_the_last_piece(stage: Stage) -> None:
    orders = [stage.plan.order(number) for number in stage.plan.case("race").orders]
    race.buy(stage, orders)
    shoppers.wait_received(stage, orders)


def test_with_the_guard_nothing_is_oversold(stage: Stage) -> None:
    set_up(stage)
    buy_the_last_piece(stage)
    assert books.oversold(stage) == 0


def test_without_the_guard_the_story_is_not_ok(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(stage)
    head, _, tail = move_stock._UPDATE.partition(" WHERE l.id = k.id")
    unguarded = f"{head} WHERE l.id = k.id RETURNING{tail.partition('RETURNING')[2]}"
    assert unguarded != move_stock._UPDATE
    with without_check():
        monkeypatch.setattr(move_stock, "_UPDATE", unguarded)
        monkeypatch.setattr(fit_reservations, "free_stock", stale_stock)
        buy_the_last_piece(stage)
        assert books.oversold(stage) == 1
        figures, wrong = ending.sum_up(stage, time.monotonic())
    assert figures["units_oversold"] == 1
    assert figures["ok"] is False
    assert any("sold that are not there" in words for words in wrong)
