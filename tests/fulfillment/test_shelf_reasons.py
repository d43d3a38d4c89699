"""Reasons of one's own: made in the console, offered at every door, and what they say is done."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from fulfillment.actions.pick import Found, confirm_pick, start_pick
from fulfillment.actions.reject_work import Rejecting, reject_work
from fulfillment.actions.reroute import route_again
from fulfillment.models import FulfillmentOrder, RoutingDecision, ShelfReason
from fulfillment.reasons import for_picks, for_rejections
from inventory.models import Discrepancy, Location, StockLevel
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import JournalEntry
from oms.core.relay import relay
from orders.models import Hold, Order
from tests import build, way
from tests.console import pseudo
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "words": "too heavy for one person",
    "picks": "on",
    "rejects": "on",
    "stock": "stays",
    "rank": "5",
    "active": "on",
}


def person(role: str) -> Client:
    call_command("sync_roles", verbosity=0)
    user = User.objects.create_user(f"{role}-of-reasons", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def places(*given: tuple[str, str, float]) -> list[Location]:
    """Code, type and latitude: nearer to the customer is cheaper."""
    made = []
    for code, kind, latitude in given:
        place = build.location(code, type=kind, country="GR", latitude=latitude, longitude=20.0)
        build.stock(build.item("A"), 5, place)
        build.stock(build.item("B"), 5, place)
        made.append(place)
    return made


def placed(*lines: tuple[str, int]) -> tuple[Order, FulfillmentOrder]:
    order = build.order(list(lines) or [("A", 2)])
    relay()
    return order, FulfillmentOrder.objects.get(order=order)


def shop_and_warehouse() -> tuple[Location, Location, Location]:
    near = build.location("NEAR", type="store")
    build.stock(build.item("A"), 5, near)
    build.stock(build.item("B"), 5, near)
    other, far = places(("OTHER", "store", 50.0), ("FAR", "warehouse", 30.0))
    return near, other, far


def test_a_manager_makes_one_and_it_is_offered_at_every_door() -> None:
    shop_and_warehouse()
    _, work = placed()
    client = person("manager")
    told = client.post(
        reverse("admin:fulfillment_shelfreason_add"), {**FORM, "code": "too_heavy", "skips": ["store"]}
    )
    assert told.status_code == 302, told.context["errors"]
    row = ShelfReason.objects.get(code="too_heavy")
    assert (
        row.skips == ["store"]
        and JournalEntry.objects.filter(subject=f"shelfreason:{row.pk}", verb="add").exists()
    )
    start_pick([work.pk], by=SYSTEM)
    FulfillmentOrder.objects.filter(pk=work.pk).update(claimed_by="")
    assert "too heavy for one person" in client.get(reverse("dock:work", args=[work.pk])).content.decode()
    hand = Hand("warehouse")
    assert hand.press("fulfillment.reject_work", work, reason="too_heavy") == 302, hand.told
    relay()
    page = client.get(reverse("admin:fulfillment_fulfillmentorder_change", args=[work.pk])).content.decode()
    assert "(too heavy for one person)" in page


def test_it_is_switched_off_and_never_deleted() -> None:
    shop_and_warehouse()
    _, work = placed()
    client, row = person("manager"), ShelfReason.objects.get(code="damaged")
    change = reverse("admin:fulfillment_shelfreason_change", args=[row.pk])
    off = {name: value for name, value in FORM.items() if name != "active"} | {
        "words": "damaged",
        "stock": "aside",
    }
    assert client.post(change, {**off, "_save": "1"}).status_code == 302
    row.refresh_from_db()
    assert not row.active and "damaged" not in for_picks() and "damaged" not in for_rejections()
    with pytest.raises(Refused):
        reject_work([Rejecting(work.pk, "damaged")], by=SYSTEM)
    with pytest.raises(Refused):
        confirm_pick([Found(work.pk, {work.lines.get().pk: 1}, {work.lines.get().pk: "damaged"})], by=SYSTEM)
    assert client.post(change.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    assert ShelfReason.objects.filter(code="damaged").exists()
    for role in ("clerk", "warehouse", "support"):
        assert person(role).post(change, {**FORM, "_save": "1"}).status_code == 403


def test_a_code_of_ours_is_not_taken() -> None:
    told = person("manager").post(reverse("admin:fulfillment_shelfreason_add"), {**FORM, "code": "along"})
    assert told.status_code == 200 and not ShelfReason.objects.filter(code="along").exists()


def test_words_that_came_with_it_are_translated_and_own_ones_are_as_typed() -> None:
    shipped = ShelfReason.objects.get(code="damaged")
    with pseudo.spoken(), override(pseudo.CODE):
        assert str(shipped) == "⟦damaged⟧"
    assert str(ShelfReason(code="mine", words="zu schwer")) == "zu schwer"


@pytest.mark.parametrize(
    ("stock", "counts", "on_hand", "unavailable", "differences"),
    [
        ("stays", False, 5, 0, 0), ("stays", True, 5, 0, 1), ("missing", False, 4, 0, 0), ("missing", True, 4, 0, 1),
        ("rest", False, 1, 0, 0), ("rest", True, 1, 0, 1), ("aside", False, 5, 1, 0), ("aside", True, 5, 1, 1),
    ],
)  # fmt: skip
def test_each_effect_is_written_when_picking(
    stock: str, counts: bool, on_hand: int, unavailable: int, differences: int
) -> None:
    near, _, _ = shop_and_warehouse()
    ShelfReason.objects.create(code="own", words="our own", stock=stock, counts=counts)
    _, work = placed()
    line = work.lines.get()
    confirm_pick([Found(work.pk, {line.pk: 1}, {line.pk: "own"})], by=SYSTEM)
    relay()
    level = StockLevel.objects.get(item=line.item, location=near)
    assert (level.on_hand, level.unavailable) == (on_hand, unavailable)
    assert Discrepancy.objects.filter(location=near, words__contains="our own").count() == differences
    way.sound()


def test_places_of_a_type_are_passed_over_and_the_decision_says_why() -> None:
    near, other, far = shop_and_warehouse()
    order, work = placed()
    assert work.location == near
    ShelfReason.objects.filter(code="damaged").update(skips=["store"])
    reject_work([Rejecting(work.pk, "damaged")], by=SYSTEM)
    relay()
    again = FulfillmentOrder.objects.get(order=order, state="released")
    assert again.location == far, "the other store is nearer"
    decision = RoutingDecision.objects.get(pk=again.decision_id)
    assert (
        "Places of the type “store” are passed over, since pieces were missing or sent back: damaged."
        in decision.words
    )
    verdict = next(c for c in decision.candidates if c["name"] == other.name)
    assert verdict["words"] == "Refused: its type is passed over"
    way.sound()


def test_without_the_setting_the_next_store_is_asked() -> None:
    _, other, _ = shop_and_warehouse()
    order, work = placed()
    reject_work([Rejecting(work.pk, "damaged")], by=SYSTEM)
    relay()
    assert FulfillmentOrder.objects.get(order=order, state="released").location == other


def test_only_the_item_it_is_about_passes_them_over() -> None:
    """B is to be had in the stores alone."""
    near = build.location("NEAR", type="store")
    other, far = build.location("OTHER", type="store"), build.location("FAR", latitude=30.0, longitude=20.0)
    for place, skus in ((near, "AB"), (other, "AB"), (far, "A")):
        for sku in skus:
            build.stock(build.item(sku), 5, place)
    ShelfReason.objects.filter(code="damaged").update(skips=["store"])
    order, work = placed(("A", 1), ("B", 1))
    a = work.lines.get(item__sku="A")
    reject_work([Rejecting(work.pk, "damaged", [a.pk])], by=SYSTEM)
    relay()
    released = FulfillmentOrder.objects.filter(order=order, state="released")
    by_sku = {line.item.sku: w.location for w in released for line in w.lines.all()}
    assert by_sku == {"A": far, "B": other if work.location == near else near}
    assert "“store” are passed over" in RoutingDecision.objects.filter(order=order).latest("pk").words
    way.sound()


def test_where_no_other_type_has_it_it_waits_until_a_person_routes_it_again() -> None:
    near = build.location("NEAR", type="store")
    build.stock(build.item("A"), 5, near)
    (other,) = places(("OTHER", "store", 50.0))
    ShelfReason.objects.filter(code="not_found").update(skips=["store"])
    order, work = placed()
    line = work.lines.get()
    confirm_pick([Found(work.pk, {line.pk: 0}, {line.pk: "not_found"})], by=SYSTEM)
    relay()
    assert not FulfillmentOrder.objects.filter(order=order, state="released").exists()
    decision = RoutingDecision.objects.filter(order=order).latest("pk")
    assert decision.words.startswith(
        "No location can send it now. Places of the type “store” are passed over"
    )
    assert Hold.objects.filter(order=order, type="out_of_stock", state="active").exists()
    route_again([order.pk], by=SYSTEM)
    relay()
    assert FulfillmentOrder.objects.get(order=order, state="released").location == other
    way.sound()


def test_reasons_are_read_once_for_a_batch() -> None:
    place = build.location("MAIN")
    build.stock(build.item("A"), 100, place)
    works = [placed()[1] for _ in range(4)]

    def short(some: list[FulfillmentOrder]) -> int:
        asked = [Found(w.pk, {w.lines.get().pk: 1}, {w.lines.get().pk: "unreachable"}) for w in some]
        with CaptureQueriesContext(connection) as seen:
            confirm_pick(asked, by=SYSTEM)
        return sum("fulfillment_shelfreason" in query["sql"] for query in seen.captured_queries)

    assert short(works[:1]) == short(works[1:]) == 1
