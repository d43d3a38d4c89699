"""Stock at any moment of the past is what the movements up to then add up to."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.models import StockLevel, StockMovement
from inventory.stock_as_at import stock_as_at
from oms.core.actors import SYSTEM
from tests import build

pytestmark = pytest.mark.django_db


def shelves(moment: object, **only: object) -> list[tuple[str, str, int]]:
    return [(row.sku, row.place, row.on_hand) for row in stock_as_at(moment, **only)]  # type: ignore[arg-type]


def test_each_moment_has_its_stock() -> None:
    one, two = build.item("A"), build.item("B")
    north, south = build.location("NORTH"), build.location("SOUTH")
    before = timezone.now()
    build.stock(one, 5, north)
    first = StockMovement.objects.latest("pk").at
    build.stock(two, 7, south)
    adjust_stock([Correction(one.pk, north.pk, -5, "lost", "gone", "k")], by=SYSTEM)
    assert shelves(before - timedelta(seconds=1)) == []
    assert shelves(first) == [("A", "NORTH", 5)]
    assert shelves(timezone.now()) == [("B", "SOUTH", 7)]
    assert shelves(first, items=[two.pk]) == [] == shelves(first, places=[south.pk])
    now = {(s.item_id, s.location_id): (s.on_hand, s.unavailable) for s in stock_as_at(timezone.now())}
    assert now == {
        (level.item_id, level.location_id): (level.on_hand, level.unavailable)
        for level in StockLevel.objects.exclude(on_hand=0, unavailable=0)
    }


def test_as_csv() -> None:
    build.stock(build.item("A"), 5, build.location("NORTH"))
    out = io.StringIO()
    call_command("stock_as_at", str(timezone.localdate()), place="NORTH", sku="A", stdout=out)
    assert out.getvalue() == "sku,name,place,on_hand,unavailable\nA,Thing A,NORTH,5,0\n"
    out = io.StringIO()
    call_command("stock_as_at", "2020-02-29T12:00", stdout=out)
    assert out.getvalue().splitlines()[1:] == []


@pytest.mark.parametrize("wrong", ["yesterday", "2026-02-31", "2026-13-01T10:00"])
def test_what_is_no_moment_is_told(wrong: str) -> None:
    with pytest.raises(CommandError, match="is no moment"):
        call_command("stock_as_at", wrong)


def test_an_unknown_place_is_told() -> None:
    with pytest.raises(CommandError, match="no place MOON"):
        call_command("stock_as_at", "2026-01-31", place="MOON")
