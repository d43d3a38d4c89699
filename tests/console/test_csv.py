"""A list as a CSV file: the rows and columns of the screen, all of them, for those who may see them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import Item
from oms.core.console import sheet
from oms.core.console.base import ConsoleAdmin
from orders.models import Order
from tests import build
from tests.console.world import World

Browse = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)


def read(client: Client, model: str, **query: str) -> list[dict[str, str]]:
    answer = client.get(reverse(f"admin:{model}_csv"), query)
    assert answer.status_code == 200
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    return list(csv.DictReader(io.StringIO(text)))


def test_it_holds_what_the_list_shows(world: World, browse: Browse) -> None:
    client = browse("clerk")
    for query in (
        {},
        {"state": "open"},
        {"q": world.held.number},
        {"queue": "backordered"},
        {"state": "cancelled"},
    ):
        rows = read(client, "orders_order", **query)
        shown = client.get(reverse("admin:orders_order_changelist"), query).context["rows"]
        assert [row["number"] for row in rows] == [order.number for order, *_ in shown], query
    assert len(read(client, "orders_order")) == Order.objects.count() > 5


def test_amounts_are_numbers_with_their_currency_and_times_have_a_zone(world: World, browse: Browse) -> None:
    client = browse("clerk")
    client.cookies["oms_zone"] = "Asia/Tokyo"
    row = next(r for r in read(client, "orders_order") if r["number"] == world.shipped.number)
    assert Decimal(row["total"]) == world.shipped.total and row["currency"] == "GBP"
    assert row["state"] == world.shipped.get_state_display() and row["sent"] == "shipped"
    placed = datetime.fromisoformat(row["placed"])
    assert placed == world.shipped.placed_at and row["placed"].endswith("+09:00")


def test_it_is_named_after_the_list_and_the_day(world: World, browse: Browse) -> None:
    client, day = browse("clerk"), timezone.localdate().isoformat()
    for query, name in (
        ({}, f"orders-{day}.csv"),
        ({"queue": "backordered"}, f"promised-but-not-in-stock-{day}.csv"),
    ):
        answer = client.get(reverse("admin:orders_order_csv"), query)
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_every_list_has_it_and_every_row_costs_no_statement(
    world: World, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in batches of one row and of many: the batches are what it costs, not the rows."""
    boss = User.objects.create_superuser("boss", password="x")
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    seen = 0
    for page in (a for a in admin.site._registry.values() if isinstance(a, ConsoleAdmin)):
        name = f"{page.opts.app_label}_{page.opts.model_name}"
        count = page.model._default_manager.count()
        with CaptureQueriesContext(connection) as whole:
            rows = read(client, name)
        assert len(rows) == count, name
        monkeypatch.setattr(sheet, "ROWS", 1)
        with CaptureQueriesContext(connection) as single:
            assert read(client, name) == rows, name
        monkeypatch.undo()
        # One statement more for each row's batch (and the empty one at the end) instead of the one for all.
        assert len(single) - len(whole) == count, name
        link = reverse(f"admin:{name}_csv")
        listed = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert (link in listed) == bool(count), name
        seen += bool(count)
    assert seen >= 15


def test_it_is_sent_while_it_is_made(world: World, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "ROWS", 3)
    answer = browse("clerk").get(reverse("admin:orders_order_csv"))
    assert answer.streaming
    with CaptureQueriesContext(connection) as seen:
        parts = iter(answer)
        next(parts)  # the labels of the columns
        assert len(seen) == 0
        next(parts)
        assert len(seen) == 1 and "LIMIT 3" in seen.captured_queries[0]["sql"]
        assert sum(1 for _ in parts) > 1


def test_only_for_those_who_see_the_list(world: World, browse: Browse) -> None:
    assert browse("read-only").get(reverse("admin:core_inboundmessage_csv")).status_code == 403
    assert browse("read-only").get(reverse("admin:orders_order_csv")).status_code == 200
    assert Client().get(reverse("admin:orders_order_csv")).status_code == 302


def test_people_are_shortened_as_on_the_screen(world: World, browse: Browse) -> None:
    full, short = (read(browse(role), "orders_order") for role in ("support", "read-only"))
    assert {row["customer"] for row in full} == {"Ada Smith"}
    assert {row["customer"] for row in short} == {"A••• S•••"}


def test_no_cell_is_a_formula(browse: Browse) -> None:
    names = ['=HYPERLINK("https://evil.example","x")', "+1", "-2+3", "@SUM(A1)", "\t=1", "  =1", "＝1"]
    for n, name in enumerate(names):
        Item.objects.create(sku=f"F{n}", name=name)
    item = build.item("MINUS")
    build.stock(item, 3)
    rows = {row["SKU"]: row["name"] for row in read(browse("clerk"), "inventory_item")}
    assert [rows[f"F{n}"] for n in range(len(names))] == [f"'{name}" for name in names]


def test_a_negative_number_stays_a_number() -> None:
    assert [sheet.safe(sheet.plain(v, UTC)) for v in (-3, Decimal("-2.5000"), Decimal("0.0050"), True, None)] == [
        "-3", "-2.50", "0.005", "yes", ""
    ]  # fmt: skip


@given(st.text())
def test_whatever_the_text_it_begins_no_formula(text: str) -> None:
    cell = sheet.safe(text)
    assert not cell.lstrip(" ").startswith(sheet.FORMULA)
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_a_broken_address_leads_back_to_the_list(world: World, browse: Browse) -> None:
    answer = browse("clerk").get(reverse("admin:orders_order_csv"), {"no_such_field": "1"})
    assert answer.status_code == 302
