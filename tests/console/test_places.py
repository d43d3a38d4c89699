"""Two people in two places: each sees and presses what is at hers, everywhere, and nothing of the other's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fulfillment.actions.pick import start_pick
from fulfillment.models import FulfillmentOrder, Manifest, Shipment
from inventory.actions.adjust_stock import Correction, adjust_stock
from inventory.models import (
    Discrepancy,
    Location,
    Receipt,
    Reservation,
    StockAdjustment,
    StockLevel,
    StockMovement,
)
from oms.core.actors import SYSTEM, Actor
from oms.core.console import registry
from oms.core.console.base import ConsoleAdmin
from oms.core.models import JournalEntry, OutboundEffect, OutboxEvent
from oms.core.places import places_of
from oms.core.relay import relay
from orders.models import Order
from returns.actions.open import Opening, Wanted, open_returns
from returns.models import Return
from tests import build, way

pytestmark = pytest.mark.django_db(transaction=True)
Browse = Callable[..., Client]

PLACED: dict[Any, str] = {
    FulfillmentOrder: "location", Shipment: "fulfillment_order__location", Manifest: "location", Location: "pk",
    StockLevel: "location", StockMovement: "location", StockAdjustment: "location", Receipt: "location",
    Discrepancy: "location", Reservation: "location", Return: "location",
}  # fmt: skip
"""Every model whose rows lie at a place, and how."""


def stocked(place: Location, sku: str) -> tuple[Order, Order]:
    """An order on its way from this place with a return of it, and one to be picked there."""
    item = build.item(sku)
    build.stock(item, 20, place)
    sent = build.order([(sku, 2)])
    (work,) = way.work_of(sent)
    assert work.location == place
    way.send(work)
    Manifest.objects.create(number=f"M-{place.code}", location=place, carrier="Post")
    open_returns([Opening(sent.pk, [Wanted(sent.lines.get().pk, 1, "Broken", faulty=True)])], by=SYSTEM)
    waiting = build.order([(sku, 1)])
    way.work_of(waiting)
    adjust_stock([Correction(item.pk, place.pk, -1, "damaged", "", f"key-{sku}")], by=SYSTEM)
    StockLevel.objects.filter(item=item).update(unavailable=1, changed_at=timezone.now() - timedelta(days=30))
    Discrepancy.objects.create(kind="shortage", item=item, location=place, expected=1, found=0)
    relay()
    return sent, waiting


@pytest.fixture
def house() -> tuple[Location, Location]:
    near, far = build.location("NEAR"), build.location("FAR", city="Leeds")
    stocked(near, "N1")
    stocked(far, "F1")
    return near, far


@pytest.fixture
def at(roles: None) -> Browse:
    """A logged-in client of somebody tied to these places: ``at(near, role="warehouse")``."""

    def make(*places: Location, role: str = "warehouse") -> Client:
        name = f"{role}-{'-'.join(place.code for place in places)}"
        user, made = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        if made:
            user.groups.set([Group.objects.get(name=role)])
            user.places.set(places)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def name_of(model: Any) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}"


def keys(client: Client, model: Any, **query: str) -> set[int]:
    page = client.get(reverse(f"{name_of(model)}_changelist"), query)
    assert page.status_code == 200, model
    return {row.pk for row in page.context["cl"].result_list}


def of(model: Any, place: Location) -> set[int]:
    return set(model.objects.filter(**{PLACED[model]: place.pk}).values_list("pk", flat=True))


def books() -> tuple[Any, ...]:
    """What a refusal leaves as it was."""
    rows = [str(list(model.objects.order_by("pk").values())) for model in (*PLACED, Order)]
    return (*rows, JournalEntry.objects.count(), OutboxEvent.objects.count(), OutboundEffect.objects.count())


def test_the_table_above_is_whole() -> None:
    """Every console model of these apps with a way to a place is in it."""
    ways = ("location", "fulfillment_order")
    pages = [a for a in admin.site._registry.values() if isinstance(a, ConsoleAdmin)]
    found = {
        a.model for a in pages
        if a.model is Location or {f.name for f in a.model._meta.fields} & set(ways)
    }  # fmt: skip
    assert found == set(PLACED)


def test_each_sees_the_rows_of_her_place_and_who_is_tied_to_none_sees_all(
    house: tuple[Location, Location], at: Browse
) -> None:
    near, far = house
    for role in ("warehouse", "manager"):
        for mine, other in ((near, far), (far, near)):
            client = at(mine, role=role)
            for model in PLACED:
                assert of(model, mine) and of(model, other), f"the house has no {model.__name__}"
                assert keys(client, model) == of(model, mine), (role, model)
                for pk in of(model, mine):
                    page = client.get(reverse(f"{name_of(model)}_change", args=[pk]))
                    assert page.status_code == 200, model
                for pk in of(model, other):
                    page = client.get(reverse(f"{name_of(model)}_change", args=[pk]))
                    assert page.status_code == 302, model
        everybody = at(role=role)
        both = at(near, far, role=role)
        for model in PLACED:
            whole = set(model.objects.values_list("pk", flat=True))
            assert keys(everybody, model) == keys(both, model) == whole, model


def test_queues_and_figures_count_what_is_hers(house: tuple[Location, Location], at: Browse) -> None:
    near, _ = house

    def home(client: Client) -> tuple[dict[str, int], list[int]]:
        page = client.get(reverse("admin:index"))
        groups = page.context["groups"]
        views = [view for group in groups for view in (*group["waiting"], *group["clear"])]
        return {v.queue.slug: v.count for v in views}, [f["reading"].now for f in page.context["figures"]]

    hers, her_figures = home(at(near, role="manager"))
    all_, figures = home(at(role="manager"))
    for queue in registry.queues.values():
        model = apps.get_model(queue.model)
        if model in PLACED and queue.slug in hers:
            assert hers[queue.slug] == len(keys(at(near, role="manager"), model, queue=queue.slug)), (
                queue.slug
            )
            assert all_[queue.slug] == 2 * hers[queue.slug], queue.slug
    assert hers["to-pick"] == 1 and hers["discrepancies"] == hers["aside-long"] == 1
    sent = [f.title for f in sorted(registry.figures.values(), key=lambda f: f.rank)].index("Sent off")
    assert (her_figures[sent], figures[sent]) == (1, 2)


def test_search_finds_nothing_of_another_place(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    for model, field in ((FulfillmentOrder, "number"), (Shipment, "tracking_number"), (Return, "number")):
        mine = model.objects.filter(**{PLACED[model]: near.pk}).latest("pk")
        other = model.objects.filter(**{PLACED[model]: far.pk}).latest("pk")
        client = at(near)
        found = client.get(reverse("console:find"), {"q": getattr(mine, field)})
        assert found.status_code == 302 and found["Location"].endswith(f"/{mine.pk}/change/"), model
        missed = client.get(reverse("console:find"), {"q": getattr(other, field)})
        assert missed.status_code == 200 and not missed.context["groups"], model
        assert keys(client, model, q=getattr(other, field)) == set()


@pytest.mark.parametrize("role", ["warehouse", "manager"])
def test_every_button_is_refused_at_another_place_and_changes_nothing(
    house: tuple[Location, Location], at: Browse, role: str
) -> None:
    """All buttons on rows that lie somewhere, in every state that the house has; alone and among her own."""
    near, far = house
    client, pressed = at(near, role=role), 0
    user = User.objects.get(username=f"{role}-NEAR")
    placed = {model._meta.label_lower: model for model in PLACED}
    for button in registry.buttons.values():
        model = placed.get(button.model.lower())
        if model is None or not button.allowed(user):
            continue
        for pk in of(model, far):
            before = books()
            address = reverse("console:press", args=[button.name])
            asked = client.get(address, {"ids": pk})
            done = client.post(address, {"ids": pk, "press": uuid.uuid4().hex})
            assert (asked.status_code, done.status_code) == (200, 409), button.name
            assert "This belongs to another place." in done.content.decode(), button.name
            assert books() == before, button.name
            pressed += 1
    assert pressed > 20


def test_in_bulk_her_own_are_done_and_the_others_named(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    mine, other = (FulfillmentOrder.objects.get(location=p, state="released") for p in (near, far))
    address = reverse("console:press", args=["fulfillment.start_pick"])
    at(near).post(address, {"ids": f"{mine.pk},{other.pk}", "press": "p1"})
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, other.state, other.claimed_by) == ("picking", "released", "")


def test_the_order_stays_visible_and_the_other_places_work_on_it_is_grey(
    house: tuple[Location, Location], at: Browse
) -> None:
    near, far = house
    other = FulfillmentOrder.objects.get(location=far, state="released")
    client = at(near, role="manager")
    page = client.get(reverse("admin:orders_order_change", args=[other.order_id]))
    assert page.status_code == 200 and other.number in page.content.decode()
    (panel,) = [p for p in page.context["panels"] if p["panel"].slug == "work"]
    (part,) = panel["context"]["all_work"]
    assert part["work"].offers and all(o.reasons for o in part["work"].offers)
    offers = {o.button.name: o.why_not for o in page.context["object"].offers}
    for name in ("fulfillment.cancel_order", "fulfillment.route"):
        assert offers[name] == "This belongs to another place."
        before = books()
        address = reverse("console:press", args=[name])
        done = client.post(address, {"ids": other.order_id, "press": uuid.uuid4().hex, "why": "x"})
        assert done.status_code == 409 and books() == before
    assert not offers["orders.hold"] and page.context["primary"] is None
    mine = FulfillmentOrder.objects.get(location=near, state="released")
    own = client.get(reverse("admin:orders_order_change", args=[mine.order_id]))
    assert not {o.button.name: o.why_not for o in own.context["object"].offers}["fulfillment.route"]


def test_forms_offer_her_places_only(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    item = StockLevel.objects.get(location=near).item
    address = reverse("console:press", args=["inventory.receive_item"])
    form = at(near).get(address, {"ids": item.pk}).context["form"]
    assert list(form.fields["location"].queryset) == [near]
    before = books()
    done = at(near).post(
        address, {"ids": item.pk, "press": "r1", "quantity": 3, "location": far.pk, "reference": ""}
    )
    assert done.status_code == 422 and books() == before
    levels = at(near).get(reverse("admin:inventory_item_change", args=[item.pk])).context["panels"]
    (shown,) = [p["context"]["levels"] for p in levels if p["panel"].slug == "levels"]
    assert {level.location for level in shown} == {near}


def test_papers_of_another_place_are_not_printed(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    mine, other = (FulfillmentOrder.objects.get(location=p, state="shipped").pk for p in (near, far))
    page = reverse("console:paper", args=["fulfillment.packing_slip"])
    refused = at(near).get(page, {"ids": other}, follow=True)
    assert "This belongs to another place." in refused.content.decode()
    alone = at(near).get(page, {"ids": mine})
    assert alone.status_code == 200
    both = at(near).get(page, {"ids": [other, mine]})
    assert f'filename="packing_slip-{mine}.pdf"' in both["Content-Disposition"]


API = (
    ("fulfillment-orders", FulfillmentOrder), ("parcels", Shipment), ("manifests", Manifest), ("returns", Return),
    ("levels", StockLevel), ("movements", StockMovement), ("receipts", Receipt), ("reservations", Reservation),
    ("locations", Location),
)  # fmt: skip


def test_the_api_shows_a_person_the_rows_of_her_place(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    client = at(near)
    for address, model in API:
        answer = client.get(f"/api/v1/{address}")
        assert answer.status_code == 200, (address, answer.content)
        told = answer.json()["results"]
        assert len(told) == len(of(model, near)), address
    for address, model in API[:4]:
        for pk in of(model, far):
            assert client.get(f"/api/v1/{address}/{pk}").status_code == 404, address


def test_the_api_refuses_deeds_at_another_place(house: tuple[Location, Location], at: Browse) -> None:
    near, far = house
    other = FulfillmentOrder.objects.get(location=far, state="released")
    sku = StockLevel.objects.get(location=far).item.sku
    client, before = at(near, role="manager"), books()

    def send(address: str, body: dict[str, Any]) -> int:
        answer = client.post(
            f"/api/v1/{address}", body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=uuid.uuid4().hex
        )
        return answer.status_code

    line = {"item": sku, "quantity": 1}
    assert send(f"fulfillment-orders/{other.pk}/start-pick", {}) == 404
    assert send(f"fulfillment-orders/{other.pk}/cancel", {"reason": "x"}) == 404
    assert send("receipts", {"location": "FAR", "lines": [line], "reference": "d"}) in (400, 422)
    correction = {**line, "location": "FAR", "quantity": -1, "reason": "lost"}
    assert send("levels/adjust", {"corrections": [correction]}) in (400, 422)
    assert send("manifests", {"location": "FAR"}) in (400, 422)
    assert send(f"orders/{other.order_id}/cancel", {"reason": "x"}) == 409
    assert send(f"orders/{other.order_id}/route", {}) == 409
    assert books() == before
    assert send("receipts", {"location": "NEAR", "lines": [line], "reference": "d"}) == 201


def test_statements_do_not_grow_with_the_rows(house: tuple[Location, Location], at: Browse) -> None:
    near, _ = house

    def cost(client: Client, address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen.captured_queries)

    tied, free = at(near), at()
    addresses = [reverse("admin:index"), *(reverse(f"{name_of(m)}_changelist") for m in PLACED)]
    press = reverse("console:press", args=["fulfillment.start_pick"])
    few = [cost(tied, address) for address in addresses]
    for address, n in zip(addresses, few, strict=True):
        assert n <= cost(free, address) + 1, address
    one = FulfillmentOrder.objects.filter(state="released").values_list("pk", flat=True)
    asked = cost(tied, f"{press}?ids={','.join(map(str, one))}")
    for _ in range(5):
        way.work_of(build.order([("N1", 1)]))
        way.work_of(build.order([("F1", 1)]))
    assert [cost(tied, address) for address in addresses] == few
    many = FulfillmentOrder.objects.filter(state="released").values_list("pk", flat=True)
    assert len(many) > len(one)
    assert cost(tied, f"{press}?ids={','.join(map(str, many))}") == asked


def test_a_manager_ties_a_person_to_places(house: tuple[Location, Location], at: Browse) -> None:
    near, _ = house
    at(role="warehouse")
    user = User.objects.get(username="warehouse-")
    page = reverse("admin:auth_user_change", args=[user.pk])
    form = {
        "username": user.username,
        "groups": [g.pk for g in user.groups.all()],
        "is_active": "on",
        "is_staff": "on",
    }
    boss = at(role="manager")
    assert "Works at" in boss.get(page).content.decode()
    assert boss.post(page, {**form, "places": [near.pk]}).status_code == 302
    assert places_of(User.objects.get(pk=user.pk)) == {near.pk}
    assert "places" in JournalEntry.objects.filter(subject=f"user:{user.pk}").latest("pk").words
    before = JournalEntry.objects.count()
    assert at(near).post(page, form).status_code == 403
    assert places_of(User.objects.get(pk=user.pk)) == {near.pk} and JournalEntry.objects.count() == before
    assert boss.post(page, form).status_code == 302
    assert places_of(User.objects.get(pk=user.pk)) is None


def test_a_superuser_is_tied_to_nothing(house: tuple[Location, Location]) -> None:
    boss = User.objects.create_superuser("boss", password="x")
    boss.places.set([house[0]])
    assert places_of(User.objects.get(pk=boss.pk)) is None


def test_work_that_was_claimed_before_stays_hers_to_see_only_at_her_place(
    house: tuple[Location, Location], at: Browse
) -> None:
    near, far = house
    client = at(near)
    work = FulfillmentOrder.objects.get(location=far, state="released")
    start_pick([work.pk], by=Actor.user(User.objects.get(username="warehouse-NEAR")))
    assert work.pk not in keys(client, FulfillmentOrder)
