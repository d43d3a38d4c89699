"""Every page of the console opens, for those who may see it, and costs what it should."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from oms.core.console import registry
from oms.core.console.base import ConsoleAdmin
from oms.roles import ROLES
from orders.models import Order
from tests.console.world import World

Browse = Callable[[str], Client]
# Reactions are due by the clock of the database, which stands still inside a transaction.
pytestmark = pytest.mark.django_db(transaction=True)


def console_admins() -> list[ConsoleAdmin]:
    return [a for a in admin.site._registry.values() if isinstance(a, ConsoleAdmin)]


def statements(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(address).status_code == 200, address
    return [q["sql"] for q in seen.captured_queries]


def test_every_list_and_every_page_opens(world: World, browse: Browse) -> None:
    client = browse("manager")
    opened = 0
    for page in console_admins():
        name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        if client.get(reverse(f"{name}_changelist")).status_code != 200:
            pytest.fail(f"{name} does not open")
        row = page.model._default_manager.first()
        if row is not None:
            answer = client.get(reverse(f"{name}_change", args=[row.pk]))
            assert answer.status_code == 200, name
            opened += 1
    assert opened >= 15


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_sees_what_it_may_and_not_more(
    browse: Browse, role: str, person: Callable[[str], User]
) -> None:
    client, user = browse(role), person(role)
    for page in console_admins():
        name = f"{page.opts.app_label}_{page.opts.model_name}"
        allowed = user.has_perm(f"{page.opts.app_label}.view_{page.opts.model_name}")
        allowed |= bool(page.editable) and user.has_perm(
            f"{page.opts.app_label}.change_{page.opts.model_name}"
        )
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == (200 if allowed else 403), name
    groups = client.get(reverse("admin:index")).context["groups"]
    offered = {view.queue.slug for group in groups for view in (*group["waiting"], *group["clear"])}
    assert offered == {queue.slug for queue in registry.queues.values() if user.has_perm(queue.permission)}


def test_nothing_can_be_deleted_and_only_what_is_declared_added(world: World) -> None:
    boss = User.objects.create_superuser("boss", password="x")
    client = Client()
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    for page in console_admins():
        name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
        row = page.model._default_manager.first()
        if row is not None:
            assert client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            assert page.model._default_manager.filter(pk=row.pk).exists()
            if not page.editable:
                assert client.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403, name
        assert client.get(reverse(f"{name}_add")).status_code == (200 if page.addable else 403), name


PLUMBING = ("django_session", "auth_user", "auth_permission")


def test_a_list_costs_at_most_six_statements_whatever_it_holds(world: World, browse: Browse) -> None:
    client = browse("manager")
    for page in console_admins():
        address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
        costs = [s for s in statements(client, address) if not any(f'FROM "{t}"' in s for t in PLUMBING)]
        assert len(costs) <= 6, (address, costs)
        assert not any("COUNT(" in s for s in costs), address


def test_the_order_page_costs_the_same_for_one_line_and_for_many(world: World, browse: Browse) -> None:
    from tests import build

    client = browse("manager")
    for n in range(12):
        build.stock(build.item(f"M{n}"), 5, world.places[0])
    small, large = build.order([("M1", 1)]), build.order([(f"M{n}", 1) for n in range(12)])
    from oms.core.relay import relay

    relay()
    pages = [reverse("admin:orders_order_change", args=[o.pk]) for o in (small, large)]
    first, second = (statements(client, page) for page in pages)
    assert len(second) <= len(first) <= 36


def test_home_counts_every_queue_in_one_statement(world: World, browse: Browse) -> None:
    seen = statements(browse("manager"), reverse("admin:index"))
    assert sum("UNION ALL" in s for s in seen) == 1
    assert len(seen) <= 17, (
        seen
    )  # session and rights 4, places, backup, queues, first steps 1 each, figures 9


def test_queues_hold_what_they_say(world: World, browse: Browse) -> None:
    client = browse("manager")
    expected = {
        "held-customer-request": world.held.holds.get(), "held-unmapped-sku": world.unknown.holds.get(), "backordered": world.waiting,
        "payloads-parked": world.message, "effects-failed": world.effect, "deliveries-parked": world.delivery,
        "silent": world.account, "lagging": world.listing,
    }  # fmt: skip
    for slug, row in expected.items():
        queue = registry.queues[slug]
        assert row in list(queue.rows()), slug
        listing = client.get(reverse(f"admin:{queue.model.replace('.', '_')}_changelist"), {"queue": slug})
        assert {shown.pk for shown, *_ in listing.context["rows"]} == set(
            queue.rows().values_list("pk", flat=True)
        )


def test_pages_by_key_reach_every_order_once_and_back(
    browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import build

    build.stock(build.item("P"), 100)
    placed = {build.order([("P", 1)]).pk for _ in range(7)}  # all with the same time: the key must break ties
    monkeypatch.setattr(admin.site._registry[Order], "list_per_page", 3)
    client, address = browse("clerk"), reverse("admin:orders_order_changelist")
    seen: list[list[int]] = []
    query = ""
    while True:
        answer = client.get(address + query)
        seen.append([row.pk for row, *_ in answer.context["rows"]])
        if not answer.context["cl"].next_cursor:
            break
        query = f"?after={answer.context['cl'].next_cursor}"
    assert [len(page) for page in seen] == [3, 3, 1]
    assert {pk for page in seen for pk in page} == placed
    back = client.get(f"{address}?before={answer.context['cl'].previous_cursor}")
    assert [row.pk for row, *_ in back.context["rows"]] == seen[1]


def test_personal_data_is_shortened_for_those_who_do_not_need_it(world: World, browse: Browse) -> None:
    page = reverse("admin:orders_order_change", args=[world.shipped.pk])
    full, short = browse("support").get(page).content.decode(), browse("read-only").get(page).content.decode()
    assert "Ada Smith" in full and "12 Castle Gate" in full and world.shipped.email in full
    for text in ("Ada Smith", "12 Castle Gate", world.shipped.email):
        assert text not in short
    listing = browse("read-only").get(reverse("admin:orders_order_changelist")).content.decode()
    assert "Ada Smith" not in listing and "A••• S•••" in listing


def test_the_search_box_opens_what_is_meant(world: World, browse: Browse) -> None:
    client = browse("clerk")
    parcel = world.shipped.fulfillment_orders.get().shipments.get()
    for text, row in {
        world.shipped.number: world.shipped, world.shipped.number.lower(): world.shipped,
        parcel.tracking_number: parcel, "5012345678900": world.items[0], "85123a": world.items[0],
    }.items():  # fmt: skip
        answer = client.get(reverse("console:find"), {"q": text})
        assert answer.status_code == 302, text
        assert answer["Location"] == reverse(
            f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]
        )
    found = client.get(reverse("console:find"), {"q": world.shipped.email.upper()})
    assert found.status_code == 302 or world.shipped.number in found.content.decode()
    assert client.get(reverse("console:find"), {"q": "no-such-thing-at-all"}).status_code == 200


def test_times_are_shown_in_the_zone_of_the_person(world: World, browse: Browse) -> None:
    client = browse("clerk")
    page = reverse("admin:orders_order_change", args=[world.shipped.pk])
    titles = []
    for zone in ("UTC", "Asia/Tokyo", "no/such"):
        client.cookies["oms_zone"] = zone
        titles.append(client.get(page).context["headline"][3][1])
    assert titles[0] != titles[1]


def test_an_edit_leaves_a_journal_line(world: World, browse: Browse) -> None:
    from oms.core.models import JournalEntry

    client = browse("manager")
    item = world.items[0]
    answer = client.post(
        reverse("admin:inventory_item_change", args=[item.pk]),
        {"name": "Heart holder", "weight_g": "480", "image_url": "", "active": "on"},
    )
    assert answer.status_code == 302
    line = JournalEntry.objects.filter(subject=f"item:{item.pk}", verb="edit").get()
    assert "Heart holder" in line.words and line.actor == "user:manager-person"


def test_more_orders_cost_no_more(world: World, browse: Browse) -> None:
    from tests import build

    client, address = browse("clerk"), reverse("admin:orders_order_changelist")
    few = len(statements(client, address))
    build.place(*(build.draft([("85123A", 1)]) for _ in range(30)))
    assert len(statements(client, address)) == few
