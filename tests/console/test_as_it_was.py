"""Stock as it was: at any moment, in the person's own zone, for who may see it, each number down to its movements."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import inventory.as_it_was as pages
from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.models import Item, Location, StockLevel
from oms.core.actors import SYSTEM
from tests import build

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)
PAGE, MADE_OF = "admin:inventory_stocklevel_as_it_was", "admin:inventory_stocklevel_made_of"


@pytest.fixture
def past() -> tuple[Item, Location, Location]:
    """Noon of the 10th of January in London: 5 in NORTH. At one, 7 in SOUTH. At two, NORTH loses all and SOUTH one."""
    cup = build.item("CUP-1")
    north, south = build.location("NORTH"), build.location("SOUTH")
    with time_machine.travel("2026-01-10T12:00Z", tick=False) as clock:
        build.stock(cup, 5, north)
        clock.shift(timedelta(hours=1))
        build.stock(cup, 7, south)
        clock.shift(timedelta(hours=1))
        adjust_stock(
            [
                Correction(cup.pk, north.pk, -5, "lost", "the flood", "k1"),
                Correction(cup.pk, south.pk, -1, "damaged", "", "k2"),
            ],
            by=SYSTEM,
        )
    return cup, north, south


def shelves(client: Client, at: str, **more: object) -> list[tuple[str, int]]:
    answer = client.get(reverse(PAGE), {"at": at, **more})
    assert answer.status_code == 200
    return [(row.place, row.on_hand) for row, _ in answer.context["rows"]]


def test_each_moment_has_its_stock_in_the_persons_zone(past: Any, browse: Browse) -> None:
    client = browse("clerk")
    assert shelves(client, "2026-01-10T11:59") == []
    assert shelves(client, "2026-01-10T12:00") == [("NORTH", 5)]
    assert shelves(client, "2026-01-10T13:30") == [("NORTH", 5), ("SOUTH", 7)]
    assert shelves(client, "2026-01-10T14:00") == [("SOUTH", 6)]
    client.cookies["oms_zone"] = "America/New_York"
    assert shelves(client, "2026-01-10T08:30") == [("NORTH", 5), ("SOUTH", 7)]
    elsewhere = client.get(reverse(PAGE), {"at": "2026-01-10T13:30:05Z"})
    assert (
        elsewhere.context["form"]["at"].value() == "2026-01-10T08:30:05"
        and len(elsewhere.context["rows"]) == 2
    )
    page = client.get(reverse(PAGE), {"at": "2026-01-10T06:00"})
    assert "Nothing that you asked for lay on a shelf on 10 Jan 2026, 06:00." in page.content.decode()


def test_by_item_and_by_place(past: Any, browse: Browse) -> None:
    _, north, south = past
    client, at = browse("clerk"), "2026-01-10T13:30"
    for words in ("CUP", "cup-1", "thing"):
        assert len(shelves(client, at, q=words)) == 2, words
    assert shelves(client, at, q="pot") == []
    assert shelves(client, at, place=south.pk) == [("SOUTH", 7)]
    assert shelves(client, at, place=north.pk, q="CUP") == [("NORTH", 5)]


def test_without_a_moment_it_is_the_beginning_of_the_day(past: Any, browse: Browse) -> None:
    client = browse("clerk")
    with time_machine.travel("2026-01-11T09:00Z"):
        assert client.get(reverse(PAGE)).context["form"]["at"].value() == "2026-01-11T00:00"
    with time_machine.travel("2026-01-11T03:00Z"):
        client.cookies["oms_zone"] = "America/New_York"
        client.force_login(
            User.objects.get(username="clerk-person"), backend="django.contrib.auth.backends.ModelBackend"
        )
        assert client.get(reverse(PAGE)).context["form"]["at"].value() == "2026-01-10T00:00"


@pytest.mark.parametrize("wrong", ["yesterday", "2026-02-31T10:00", "", "2999-01-01T00:00"])
def test_what_is_no_past_moment_is_told(wrong: str, browse: Browse) -> None:
    answer = browse("clerk").get(reverse(PAGE), {"at": wrong})
    assert answer.status_code == 422 and answer.context["form"].errors["at"]
    assert not answer.context["rows"]


def test_the_same_as_a_file(past: Any, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browse("clerk")
    Item.objects.update(name="=1+1")
    link = client.get(reverse(PAGE), {"at": "2026-01-10T13:30", "q": "cup"}).context["csv_link"]
    monkeypatch.setattr(pages, "SHELVES", 1)
    page = client.get(reverse(PAGE), {"at": "2026-01-10T13:30", "q": "cup"})
    assert len(page.context["rows"]) == 1 and page.context["more"]
    answer = client.get(reverse(PAGE) + link)
    assert answer["Content-Disposition"] == 'attachment; filename="stock-as-of-2026-01-10-1330.csv"'
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[arg-type]
    assert list(csv.reader(text.splitlines())) == [
        ["SKU", "Name", "Place", "On hand", "Set aside"],
        ["CUP-1", "'=1+1", "NORTH", "5", "0"],
        ["CUP-1", "'=1+1", "SOUTH", "7", "0"],
    ], "all of it, though the page shows a part"


def test_each_number_opens_to_its_movements(
    past: Any, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browse("clerk")
    for at, place, wanted in (
        ("2026-01-10T13:30", "NORTH", [(5, 5)]),
        ("2026-01-10T14:00", "SOUTH", [(-1, 6), (7, 7)]),
    ):
        page = client.get(reverse(PAGE), {"at": at})
        link = next(link for row, link in page.context["rows"] if row.place == place)
        assert link.replace("&", "&amp;") in page.content.decode()
        opened = client.get(link)
        assert [(move.on_hand, then) for move, then, _ in opened.context["rows"]] == wanted
        assert opened.context["on_hand"] == wanted[0][1] == sum(change for change, _ in wanted)
    cup, north, _ = past
    gone = client.get(reverse(MADE_OF), {"at": "2026-01-10T15:00", "item": cup.pk, "place": north.pk})
    assert [(move.on_hand, then) for move, then, _ in gone.context["rows"]] == [(-5, 0), (5, 5)]
    assert "the flood" in gone.content.decode()
    monkeypatch.setattr(pages, "MOVES", 1)
    short = client.get(reverse(MADE_OF), {"at": "2026-01-10T15:00", "item": cup.pk, "place": north.pk})
    assert (
        len(short.context["rows"]) == 1 and "the ones before them are in the sums" in short.content.decode()
    )
    for nonsense in ({}, {"item": "x", "place": "y"}, {"item": 10**30, "place": north.pk}):
        assert client.get(reverse(MADE_OF), nonsense).status_code == 302


def test_a_person_tied_to_a_place_sees_that_place(past: Any, roles: None) -> None:
    cup, north, south = past
    user = User.objects.create(username="nora", is_staff=True)
    user.groups.set([Group.objects.get(name="warehouse")])
    user.places.set([south])  # type: ignore[attr-defined]
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    at = "2026-01-10T13:30"
    assert shelves(client, at) == [("SOUTH", 7)]
    assert client.get(reverse(PAGE), {"at": at, "place": north.pk}).status_code == 422
    elsewhere = client.get(reverse(MADE_OF), {"at": at, "item": cup.pk, "place": north.pk})
    assert elsewhere.status_code == 302
    assert client.get(reverse(MADE_OF), {"at": at, "item": cup.pk, "place": south.pk}).status_code == 200


def test_who_may_not_see_stock_sees_none_of_the_past(past: Any, roles: None) -> None:
    cup, north, _ = past
    client = Client()
    client.force_login(
        User.objects.create(username="guest", is_staff=True),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.get(reverse(MADE_OF), {"item": cup.pk, "place": north.pk}).status_code == 403


def test_the_ways_to_it(past: Any, browse: Browse) -> None:
    cup, north, _ = past
    client = browse("clerk")
    level = StockLevel.objects.get(item=cup, location=north)
    for address, query in (
        (reverse("admin:inventory_stocklevel_changelist"), ""),
        (reverse("admin:inventory_stocklevel_change", args=[level.pk]), f"?q=CUP-1&amp;place={north.pk}"),
        (reverse("admin:inventory_item_change", args=[cup.pk]), "?q=CUP-1"),
    ):
        assert f'href="{reverse(PAGE)}{query}"' in client.get(address).content.decode(), address
    assert client.get(reverse(PAGE), {"q": "CUP-1"}).status_code == 200


def test_it_costs_the_same_whatever_lies_there(past: Any, browse: Browse) -> None:
    client = browse("clerk")
    now = {"at": timezone.localtime().strftime("%Y-%m-%dT%H:%M")}
    seen = []
    for more in (0, 20):
        for n in range(more):
            build.stock(build.item(f"MANY-{n}"), 1)
        with CaptureQueriesContext(connection) as statements:
            client.get(reverse(PAGE), now)
        seen.append(len(statements))
    assert seen[0] == seen[1]
