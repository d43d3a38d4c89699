"""Work and parcels through the API, from released to delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from fulfillment.actions.track import record_scans
from fulfillment.carriers.base import Scan
from fulfillment.models import (
    Box,
    CarrierAccount,
    FulfillmentLine,
    FulfillmentOrder,
    Label,
    ShelfReason,
    Shipment,
)
from inventory.models import Reservation, StockLevel, StockMovement
from oms.core.actors import SYSTEM
from oms.core.models import OutboundEffect
from orders.models import Order, OrderLine, Refund
from tests import build, way
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db

BOOKS = (
    Order,
    OrderLine,
    StockLevel,
    StockMovement,
    Reservation,
    FulfillmentOrder,
    FulfillmentLine,
    Shipment,
    Label,
)


@pytest.fixture
def order(db: None) -> Order:
    for sku in "AB":
        build.stock(build.item(sku), 5)
    return build.order([("A", 2), ("B", 1)])


@pytest.fixture
def work(order: Order) -> FulfillmentOrder:
    (made,) = way.work_of(order)
    return made


@pytest.fixture
def carrier(db: None) -> CarrierAccount:
    return CarrierAccount.objects.create(
        slug="post", name="Post", kind="easypost", base_url="http://127.0.0.1:9", credentials={"api_key": "x"}
    )


def at(work: FulfillmentOrder, verb: str = "") -> str:
    return f"fulfillment-orders/{work.pk}/{verb}".rstrip("/")


def test_from_released_to_completed(api: Caller, work: FulfillmentOrder, order: Order) -> None:
    assert [
        r["id"] for r in api.read("fulfillment-orders", state="released", location="MAIN").json()["results"]
    ] == [work.pk]
    told = api.read(at(work)).json()
    assert told["decision"]["words"].startswith("Sent from Main") and told["order_number"] == order.number
    a, b = told["lines"]
    assert api.send(at(work, "start-pick")).json()["claimed_by"] == "token:shop"
    assert api.send(at(work, "pick")).json()["state"] == "picked"
    boxes = [
        {"lines": [{"line": a["id"], "quantity": 1}], "weight_g": 700},
        {"lines": [{"line": a["id"], "quantity": 1}, {"line": b["id"], "quantity": 1}]},
    ]
    packed = api.send(at(work, "pack"), {"parcels": boxes}).json()
    assert [len(p["lines"]) for p in packed["parcels"]] == [1, 2] and packed["parcels"][0]["weight_g"] == 700
    for n, parcel in enumerate(packed["parcels"]):
        typed = api.send(f"parcels/{parcel['id']}/type-tracking", {"carrier": "Post", "number": f"T{n}"})
        assert (typed.status_code, typed.json()["state"]) == (200, "labelled")
    assert api.send(at(work, "ship")).json()["state"] == "shipped"
    assert build.level(build.item("A")).on_hand == 3
    now = timezone.now()
    record_scans([Scan(f"T{n}", "delivered", "At the door", now) for n in (0, 1)], by=SYSTEM)
    (found,) = api.read("parcels", tracking_number="T1").json()["results"]
    assert (found["state"], found["order"]) == ("delivered", order.pk)
    assert api.read(f"parcels/{found['id']}").json()["scans"][0]["words"] == "At the door"
    assert api.read(f"orders/{order.pk}").json()["state"] == "completed"


def test_work_is_sent_back(api: Caller, work: FulfillmentOrder) -> None:
    a, _ = FulfillmentLine.objects.filter(fulfillment_order=work).order_by("pk")
    assert api.send(at(work, "reject"), {"reason": "bad mood"}).status_code == 400
    assert api.send(at(work, "reject"), {"reason": "damaged", "lines": [a.pk + 99]}).status_code == 400
    assert FulfillmentOrder.objects.get().state == "released"
    told = api.send(at(work, "reject"), {"reason": "damaged", "lines": [a.pk]}).json()
    assert (told["state"], told["rejected_why"]) == ("rejected", "Sent back: damaged.")
    assert StockLevel.objects.get(item=a.item).unavailable == 2
    assert reasons(api.send(at(work, "reject"), {"reason": "too_busy"}))


def test_boxes_are_listed_and_packed_into(api: Caller, work: FulfillmentOrder) -> None:
    sides = {"length_mm": 200, "width_mm": 150, "height_mm": 100}
    box = Box.objects.create(code="s", name="small box", weight_g=80, max_weight_g=2000, **sides)
    box.places.add(work.location)
    (told,) = api.read("boxes").json()["results"]
    assert (told["code"], told["places"], told["length_mm"]) == ("s", ["MAIN"], 200)
    api.send(at(work, "pick"))
    whole = [{"line": line.pk, "quantity": line.quantity} for line in work.lines.all()]
    half = {"lines": whole, "box": "s", "length_mm": 210}
    assert api.send(at(work, "pack"), {"parcels": [half]}).status_code == 400, "all three sides, or none"
    assert reasons(api.send(at(work, "pack"), {"parcels": [{"lines": whole, "box": "xxl"}]})) == [
        "box_unknown"
    ]
    heavy = {"lines": whole, "box": "s", "weight_g": 2001}
    assert reasons(api.send(at(work, "pack"), {"parcels": [heavy]})) == ["too_heavy"]
    (parcel,) = api.send(at(work, "pack"), {"parcels": [{"lines": whole, "box": "s"}]}).json()["parcels"]
    assert parcel["box"] == "small box" and {side: parcel[side] for side in sides} == sides
    assert parcel["weight_g"] == 80 + 3 * 500


def test_the_shops_own_reasons_are_listed_and_taken(api: Caller, work: FulfillmentOrder) -> None:
    ShelfReason.objects.create(
        code="too_heavy", words="too heavy", stock="stays", skips=["store"], picks=False
    )
    ShelfReason.objects.filter(code="too_busy").update(active=False)
    told = {row["code"]: row for row in api.read("shelf-reasons", limit="100").json()["results"]}
    assert told["too_heavy"]["skips"] == ["store"] and not told["too_heavy"]["picks"]
    assert told["damaged"]["stock"] == "aside" and not told["too_busy"]["active"]
    off = api.send(at(work, "reject"), {"reason": "too_busy"})
    assert off.status_code == 400 and "too_heavy" in off.json()["error"]["reasons"][0]["words"]
    line = work.lines.order_by("pk")[0]
    short = {"lines": [{"line": line.pk, "found": 0, "reason": "too_heavy"}]}
    assert api.send(at(work, "pick"), short).status_code == 400, "it is not one for pickers"
    assert (
        api.send(at(work, "reject"), {"reason": "too_heavy"}).json()["rejected_why"]
        == "Sent back: too heavy."
    )


def test_a_lost_parcel_is_sent_again(api: Caller) -> None:
    order = way.shipped()
    parcel, line = Shipment.objects.get(), order.lines.get()
    ask = {"reason": "lost", "lines": [{"line": line.pk, "quantity": 1}]}
    foreign = {"reason": "lost", "lines": [{"line": line.pk + 9, "quantity": 1}]}
    assert api.send(f"parcels/{parcel.pk}/reship", foreign).status_code == 400
    answer = api.send(f"parcels/{parcel.pk}/reship", ask)
    assert answer.status_code == 201 and answer.json()["order_number"] == f"{order.number}-R1"
    assert OrderLine.objects.get(order=answer.json()["order"]).ordered == 1
    assert api.send(f"parcels/{parcel.pk}/reship", ask).status_code == 409
    assert api.send(f"parcels/{parcel.pk}/settle-lost").status_code == 409


def test_a_short_pick_leaves_the_books_and_waits(api: Caller, work: FulfillmentOrder, order: Order) -> None:
    a = api.read(at(work)).json()["lines"][0]
    told = api.send(
        at(work, "pick"), {"lines": [{"line": a["id"], "found": 1, "reason": "not_found"}]}
    ).json()
    assert (told["lines"][0]["picked"], told["lines"][0]["short"], told["lines"][1]["picked"]) == (1, 1, 1)
    assert build.level(build.item("A")).on_hand == 1
    assert OrderLine.objects.get(order=order, sku="A").backordered == 1


def test_what_makes_no_sense_is_refused_and_nothing_moves(
    api: Caller, work: FulfillmentOrder, nothing_changed: Any
) -> None:
    a = api.read(at(work)).json()["lines"][0]
    with nothing_changed(*BOOKS):
        foreign = api.send(at(work, "pick"), {"lines": [{"line": a["id"] + 999, "found": 1}]})
        many = api.send(at(work, "pick"), {"lines": [{"line": a["id"], "found": 9}]})
        twice = api.send(at(work, "pick"), {"lines": [{"line": a["id"], "found": 1}] * 2})
        early = [api.send(at(work, verb)) for verb in ("pack", "ship")]
        nothing = api.send(at(work, "buy-label"), {"carrier": "nobody"})
    assert (foreign.status_code, fields(foreign)) == (400, ["lines.0.line"])
    assert (many.status_code, reasons(many)) == (409, ["too_many"])
    assert (twice.status_code, fields(twice)) == (400, ["lines.1.line"])
    assert all(a.status_code == 409 for a in early)
    assert (nothing.status_code, fields(nothing)) == (400, ["carrier"])
    api.send(at(work, "pick"))
    with nothing_changed(*BOOKS):
        half = api.send(at(work, "pack"), {"parcels": [{"lines": [{"line": a["id"], "quantity": 1}]}]})
    assert reasons(half) == ["not_all_packed"]
    api.send(at(work, "pack"))
    with nothing_changed(*BOOKS):
        unlabelled = api.send(at(work, "ship"))
        bare = api.send(f"parcels/{Shipment.objects.get().pk}/type-tracking", {"carrier": "Post"})
    assert reasons(unlabelled) == ["parcel_unlabelled"] and reasons(bare) == ["number_missing"]


def test_a_label_is_asked_for_once(
    api: Caller, work: FulfillmentOrder, carrier: CarrierAccount, nothing_changed: Any
) -> None:
    api.send(at(work, "pick"))
    with nothing_changed(*BOOKS):
        assert reasons(api.send(at(work, "buy-label"), {"carrier": "post"})) == ["no_parcel"]
    api.send(at(work, "pack"))
    asked = api.send(at(work, "buy-label"), {"carrier": "post"})
    assert asked.status_code == 202 and asked.json()["parcels"][0]["labels"][0]["state"] == "requested"
    assert OutboundEffect.objects.get().kind == "buy_label"
    with nothing_changed(*BOOKS, OutboundEffect):
        assert reasons(api.send(at(work, "buy-label"), {"carrier": "post"})) == ["has_label"]
    assert [c["slug"] for c in api.read("carriers").json()["results"]] == ["post"]
    assert "x" not in api.read("carriers").json()["results"][0].values()


def test_work_is_taken_back_and_routed_anew(api: Caller, work: FulfillmentOrder, order: Order) -> None:
    api.send(at(work, "pick"))
    told = api.send(at(work, "cancel"), {"reason": "Wrong shelf"})
    assert told.json()["state"] == "cancelled"
    again = api.send(f"orders/{order.pk}/route")
    assert again.status_code == 200
    states = [r["state"] for r in api.read("fulfillment-orders", order=order.pk).json()["results"]]
    assert states == ["released", "cancelled"]
    assert api.send(at(work, "cancel"), {}).status_code == 400


def test_shipped_work_is_not_taken_back(api: Caller, nothing_changed: Any) -> None:
    way.shipped()
    work = FulfillmentOrder.objects.get()
    with nothing_changed(*BOOKS):
        assert reasons(api.send(at(work, "cancel"), {"reason": "x"})) == ["wrong_state"]


def test_a_lost_parcel_is_paid_back(api: Caller, token: Callable[..., Caller], nothing_changed: Any) -> None:
    way.shipped([("A", 1)])
    parcel = Shipment.objects.get()
    plain = token("fulfillment:*")
    with nothing_changed(*BOOKS, Refund):
        assert plain.send(f"parcels/{parcel.pk}/settle-lost").status_code == 403
    made = api.send(f"parcels/{parcel.pk}/settle-lost", {"shipping": "6.00"})
    assert made.status_code == 201 and made.json()["amount"] == "18.00"
    assert api.read(f"parcels/{parcel.pk}").json()["state"] == "lost"


# -- the papers


def test_the_papers_are_pdfs(api: Caller, token: Callable[..., Caller], work: FulfillmentOrder) -> None:
    pick = api.get(f"/api/v1/{at(work, 'pick-list.pdf')}", HTTP_ACCEPT="application/pdf")
    assert (pick.status_code, pick["Content-Type"]) == (200, "application/pdf") and pick.content.startswith(
        b"%PDF-"
    )
    slip = api.read(at(work, "packing-slip.pdf"))
    assert slip.content.startswith(b"%PDF-") and slip["Content-Disposition"].startswith("inline;")
    api.send(at(work, "pick"))
    api.send(at(work, "pack"))
    parcel = Shipment.objects.get()
    bare = api.read(f"parcels/{parcel.pk}/label")
    assert bare.status_code == 409 and reasons(bare) == ["no_label"]
    api.send(f"parcels/{parcel.pk}/type-tracking", {"carrier": "Post", "number": "T1"})
    assert api.read(f"parcels/{parcel.pk}/label").content.startswith(b"%PDF-")
    # A slip and a label name a person; a pick list does not.
    blind = token("fulfillment:read")
    assert blind.read(at(work, "pick-list.pdf")).status_code == 200
    assert (
        blind.read(at(work, "packing-slip.pdf")).status_code
        == blind.read(f"parcels/{parcel.pk}/label").status_code
        == 403
    )


def test_a_bought_label_is_told_as_it_came(
    api: Caller, work: FulfillmentOrder, carrier: CarrierAccount
) -> None:
    way.start_pick([work.pk], by=SYSTEM)
    way.confirm_pick([way.Found(work.pk)], by=SYSTEM)
    (parcel,) = way.pack([way.Packing(work.pk)], by=SYSTEM)
    Label.objects.create(
        shipment=parcel,
        carrier_account=carrier,
        state="purchased",
        document=b"\x89PNG...",
        document_type="image/png",
    )
    told = api.read(f"parcels/{parcel.pk}/label")
    assert (told["Content-Type"], told.content) == ("image/png", b"\x89PNG...")


def test_a_cancelled_order_has_nothing_to_print(api: Caller, work: FulfillmentOrder) -> None:
    api.send(at(work, "cancel"), {"reason": "x"})
    assert reasons(api.read(at(work, "pick-list.pdf"))) == ["nothing_to_pick"]
    assert reasons(api.read(at(work, "packing-slip.pdf"))) == ["nothing_to_pack"]


@pytest.mark.parametrize("verb", ["start-pick", "pick", "pack", "ship", "cancel", "reject", "buy-label"])
def test_each_deed_needs_its_permission(
    person: Callable[..., Caller], work: FulfillmentOrder, verb: str, nothing_changed: Any
) -> None:
    looker = person("fulfillment.view_fulfillmentorder")
    with nothing_changed(*BOOKS):
        assert looker.send(at(work, verb), {"reason": "x"}).status_code == 403
    assert looker.read(at(work)).status_code == 200
