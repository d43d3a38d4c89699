"""Boxes: kept by a manager, chosen at pack at every door, and what they make of a parcel is told to the carrier."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.compare_offers import compare_offers
from fulfillment.actions.describe_parcel import describe_parcel
from fulfillment.actions.pack import Packing, Parcel, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.models import Box, CarrierAccount, FulfillmentOrder, Shipment
from fulfillment.twins.easypost import EasyPost
from inventory.models import Item, Location
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
from oms.core.models import JournalEntry
from oms.twinkit.server import serve
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "code": "m", "name": "medium box", "length_mm": "300", "width_mm": "200", "height_mm": "150", "weight_g": "120",
    "max_weight_g": "5000", "active": "on",
}  # fmt: skip


@pytest.fixture
def boxes(db: None) -> tuple[Box, Box]:
    small = Box.objects.create(
        code="s", name="small box", length_mm=200, width_mm=150, height_mm=100, weight_g=80, max_weight_g=2000
    )
    large = Box.objects.create(
        code="l", name="large box", length_mm=600, width_mm=400, height_mm=400, weight_g=400
    )
    return small, large


def picked(*lines: tuple[str, int]) -> FulfillmentOrder:
    for sku, n in lines:
        build.stock(build.item(sku), n)
    (work,) = way.work_of(build.order(list(lines)))
    confirm_pick([Found(work.pk)], by=SYSTEM)
    work.refresh_from_db()
    return work


def person(role: str) -> Client:
    call_command("sync_roles", verbosity=0)
    user = User.objects.create_user(f"{role}-of-boxes", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


def test_a_manager_keeps_them(db: None) -> None:
    place = build.location("MAIN")
    client = person("manager")
    told = client.post(reverse("admin:fulfillment_box_add"), {**FORM, "places": [place.pk]})
    assert told.status_code == 302, told.context["errors"]
    box = Box.objects.get()
    assert box.sides == (300, 200, 150) and list(box.places.all()) == [place]
    page = client.get(reverse("admin:fulfillment_box_changelist")).content.decode()
    assert "300 × 200 × 150 mm" in page and "5000 g" in page
    assert (
        person("warehouse").post(reverse("admin:fulfillment_box_add"), {**FORM, "code": "n"}).status_code
        == 403
    )
    bad = client.post(reverse("admin:fulfillment_box_add"), {**FORM, "code": "z", "width_mm": "0"})
    assert bad.status_code == 200 and not Box.objects.filter(code="z").exists()


def test_a_parcel_has_the_weight_and_the_sides_of_its_box_unless_they_are_typed(
    boxes: tuple[Box, Box],
) -> None:
    work = picked(("A", 3))
    (line,) = work.lines.all()
    parcels = (
        Parcel({line.pk: 1}, box="s"),
        Parcel({line.pk: 1}, 900, "l", (610, 410, 410)),
        Parcel({line.pk: 1}),
    )
    first, second, bare = pack([Packing(work.pk, parcels)], by=SYSTEM)
    assert (first.box, first.weight_g, first.length_mm, first.width_mm, first.height_mm) == (
        "small box",
        580,
        200,
        150,
        100,
    )
    assert (second.box, second.weight_g, second.length_mm, second.height_mm) == ("large box", 900, 610, 410)
    assert (bare.box, bare.weight_g, bare.length_mm) == ("", 600, None)
    words = JournalEntry.objects.get(subject=f"fulfillmentorder:{work.pk}", verb="pack").words
    assert words == "Packed into 3 parcels, 2.1 kg: 1 × small box, 1 × large box."
    told = describe_parcel(Shipment.objects.get(pk=first.pk), "key", {})
    assert (told.length_mm, told.width_mm, told.height_mm, told.weight_g) == (200, 150, 100, 580)
    assert describe_parcel(Shipment.objects.get(pk=bare.pk), "key", {}).length_mm == 0


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("off", "box_unknown"),
        ("elsewhere", "box_unknown"),
        ("nowhere", "box_unknown"),
        ("heavy", "too_heavy"),
    ],
)
def test_a_box_that_is_not_there_or_too_weak_is_refused_and_nothing_is_packed(
    boxes: tuple[Box, Box], case: str, code: str
) -> None:
    work = picked(("A", 3))
    small, _ = boxes
    name = "x" if case == "nowhere" else "s"
    if case == "off":
        Box.objects.filter(pk=small.pk).update(active=False)
    elif case == "elsewhere":
        small.places.add(build.location("OTHER"))
    weight = 2001 if case == "heavy" else 0
    parcel = Parcel({line.pk: 3 for line in work.lines.all()}, weight, name)
    with pytest.raises(Refused) as refused:
        pack([Packing(work.pk, (parcel,))], by=SYSTEM)
    assert [reason.code for reason in refused.value.reasons] == [code]
    assert not Shipment.objects.exists() and FulfillmentOrder.objects.get(pk=work.pk).state == "picked"


def test_at_the_console(boxes: tuple[Box, Box]) -> None:
    work = picked(("A", 3), ("B", 1))
    a, b = work.lines.order_by("pk")
    hand = Hand("warehouse")
    page = hand.look("fulfillment.pack", work).content.decode()
    assert "For all in one: l, by weight alone: nobody has measured the pieces." in page
    Item.objects.update(length_mm=50, width_mm=50, height_mm=50, weight_g=100)
    assert "For all in one: s, by size and weight." in hand.look("fulfillment.pack", work).content.decode()
    split = {f"boxes_{a.pk}": "2+1", f"boxes_{b.pk}": "0+1"}
    for wrong in ({"packed_in": "s+x"}, {"sizes": "1x2"}, {"sizes": "1x2x0"}):
        assert hand.press("fulfillment.pack", work, **split, **wrong) == 422, wrong
    assert (
        hand.press("fulfillment.pack", work, **split, packed_in="s+l", sizes="+610×410×410", weights="")
        == 302
    ), hand.told
    first, second = Shipment.objects.order_by("pk")
    assert (first.box, first.length_mm, first.weight_g) == ("small box", 200, 280)
    assert (second.box, second.length_mm, second.weight_g) == ("large box", 610, 600)
    page = hand.client.get(reverse("admin:fulfillment_shipment_change", args=[first.pk])).content.decode()
    assert "small box" in page and "200 × 150 × 100 mm" in page


def test_at_the_dock(boxes: tuple[Box, Box]) -> None:
    work = picked(("A", 3))
    (line,) = work.lines.all()
    client, address = person("warehouse"), reverse("dock:work", args=[work.pk])
    page = client.get(address)
    assert "small box would do, by weight alone" in page.content.decode()
    keys = {"at": "pack", "press": uuid.uuid4().hex, "boxes_0": "2"}
    parcels = {
        f"in0_{line.pk}": "2",
        f"in1_{line.pk}": "1",
        "box_0": "l",
        "box_1": "s",
        "weight_0": "0",
        "weight_1": "0",
    }
    more = client.post(address, {**keys, **parcels, "step": "box"}).content.decode()
    assert 'name="box_0" value="l"' in more and 'name="box_1" value="s"' in more
    assert client.post(address, {**keys, **parcels, "step": "confirm"}).status_code == 302
    assert list(Shipment.objects.order_by("pk").values_list("box", "weight_g")) == [
        ("large box", 1400),
        ("small box", 580),
    ]


def test_boxes_of_another_place_are_not_offered(boxes: tuple[Box, Box]) -> None:
    work = picked(("A", 1))
    small, large = boxes
    small.places.add(build.location("OTHER"))
    large.places.add(Location.objects.get(pk=work.location_id))
    page = person("warehouse").get(reverse("dock:work", args=[work.pk])).content.decode()
    assert "large box" in page and "small box" not in page


def test_no_statement_for_boxes_nobody_chose_and_few_for_many_that_are(boxes: tuple[Box, Box]) -> None:
    works = [picked((f"S{n}", 1)) for n in range(7)]

    def asked(some: list[FulfillmentOrder], code: str) -> int:
        packings = [Packing(w.pk, (Parcel({w.lines.get().pk: 1}, box=code),)) for w in some]
        with CaptureQueriesContext(connection) as seen:
            pack(packings, by=SYSTEM)
        return sum("fulfillment_box" in query["sql"] for query in seen.captured_queries)

    assert asked(works[:1], "") == 0
    assert asked(works[1:3], "s") == asked(works[3:], "s") == 2


def test_the_carrier_is_told_the_sides_and_charges_by_them(boxes: tuple[Box, Box]) -> None:
    """The twin takes the greater of weight and volume, as carriers do."""
    running = serve(EasyPost())
    try:
        CarrierAccount.objects.create(
            slug="post", name="Post", kind="easypost", base_url=running.url, credentials={"api_key": "EZTKtwin"},
            options={"label_hosts": ["127.0.0.1"]},
        )  # fmt: skip
        work = picked(("A", 2))
        (line,) = work.lines.all()
        large, bare = pack(
            [Packing(work.pk, (Parcel({line.pk: 1}, 900, "l"), Parcel({line.pk: 1}, 900)))], by=SYSTEM
        )
        dear, cheap = (Decimal(compare_offers(parcel.pk).quotes[0]["amount"]) for parcel in (large, bare))
        assert dear > cheap
        ask_labels([large.pk], by=SYSTEM)
        assert buy_labels(blocked=lambda ids: {})["bought"] == 1
        (sent,) = [each["parcel"] for each in running.twin.store.scan("shipments") if each["tracking_code"]]
        assert (sent["length"], sent["width"], sent["height"]) == (23.7, 15.8, 15.8), "inches, upwards"
    finally:
        running.stop()
