"""Items and stock through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import Barcode, Item, Receipt, Reservation, StockAdjustment, StockLevel, StockMovement
from oms.core.models import IdempotencyRecord, JournalEntry
from tests import build
from tests.api.conftest import Caller, fields, reasons

pytestmark = pytest.mark.django_db

STOCK = (StockLevel, StockMovement, StockAdjustment, Reservation, Receipt)


def test_an_item_is_made_changed_and_found(api: Caller) -> None:
    made = api.send("items", {"sku": "MUG", "name": "Mug", "weight_g": 300, "barcodes": ["111", "222"]})
    assert made.status_code == 201
    pk = made.json()["id"]
    told = api.patch(f"/api/v1/items/{pk}", {"weight_g": 310, "barcodes": ["222", "333"]}, format="json")
    assert told.status_code == 200 and (told.json()["name"], told.json()["weight_g"]) == ("Mug", 310)
    assert sorted(told.json()["barcodes"]) == ["222", "333"]
    line = JournalEntry.objects.get(verb="change")
    assert line.data == {"weight_g": [300, 310], "barcodes": [["111", "222"], ["222", "333"]]}
    for query in ({"sku": "MUG"}, {"sku_begins": "MU"}, {"barcode": "333"}, {"active": "true"}):
        assert [row["id"] for row in api.read("items", **query).json()["results"]] == [pk]
    assert api.read("items", barcode="111").json()["results"] == []
    assert api.read(f"items/{pk}").json() == told.json()


def test_what_is_the_same_already_leaves_no_line(api: Caller, nothing_changed: Any) -> None:
    pk = api.send("items", {"sku": "MUG", "name": "Mug", "barcodes": ["1"]}).json()["id"]
    with nothing_changed(Item, Barcode):
        same = api.patch(f"/api/v1/items/{pk}", {"name": "Mug", "barcodes": ["1"]}, format="json")
    assert same.status_code == 200


def test_a_sku_or_barcode_is_of_one_item(api: Caller, nothing_changed: Any) -> None:
    api.send("items", {"sku": "MUG", "name": "Mug", "barcodes": ["1"]})
    cup = api.send("items", {"sku": "CUP", "name": "Cup"}).json()["id"]
    with nothing_changed(Item, Barcode, IdempotencyRecord):
        taken = api.send("items", {"sku": "MUG", "name": "x", "barcodes": ["1", "2", "2"]})
        theirs = api.patch(f"/api/v1/items/{cup}", {"barcodes": ["1"]}, format="json")
        sku = api.patch(f"/api/v1/items/{cup}", {"sku": "MUG"}, format="json")
    assert taken.status_code == 409 and set(reasons(taken)) == {"sku_taken", "barcode_taken", "barcode_twice"}
    assert theirs.status_code == 409 and reasons(theirs) == ["barcode_taken"]
    assert sku.status_code == 400 and fields(sku) == ["sku"]


def test_changing_an_item_needs_the_right_to(token: Callable[..., Caller], nothing_changed: Any) -> None:
    pk, reader = build.item("A").pk, token("stock:read")
    with nothing_changed(Item):
        answer = reader.patch(f"/api/v1/items/{pk}", {"name": "x"}, format="json")
    assert answer.status_code == 403


def test_goods_are_received_and_seen_in_levels_and_ledger(api: Caller) -> None:
    build.item("A"), build.item("B"), build.location("MAIN")
    body = {
        "location": "MAIN", "reference": "DN 7",
        "lines": [{"item": "A", "quantity": 5, "quarantined": 2}, {"item": "B", "quantity": 1}],
    }  # fmt: skip
    made = api.send("receipts", body)
    assert made.status_code == 201 and made.json()["lines"][0] == {
        "item": "A",
        "quantity": 5,
        "quarantined": 2,
    }
    (level,) = api.read("levels", item="A", location="MAIN").json()["results"]
    assert (level["on_hand"], level["unavailable"], level["available"]) == (5, 2, 3)
    (movement,) = api.read("movements", item="A").json()["results"]
    assert (movement["reason"], movement["on_hand"], movement["document"]) == (
        "receipt",
        5,
        f"receipt:{made.json()['id']}",
    )
    assert len(api.read("movements", document=movement["document"]).json()["results"]) == 2
    assert [r["id"] for r in api.read("receipts", location="MAIN").json()["results"]] == [made.json()["id"]]
    assert api.read("levels", item="NOPE").json()["results"] == []


def test_a_receipt_is_posted_once_even_when_its_record_is_forgotten(api: Caller) -> None:
    build.item("A"), build.location("MAIN")
    body = {"location": "MAIN", "lines": [{"item": "A", "quantity": 5}]}
    api.send("receipts", body, key="k")
    IdempotencyRecord.objects.all().delete()
    api.send("receipts", body, key="k")
    assert StockLevel.objects.get().on_hand == 5 and Receipt.objects.count() == 1


def test_levels_are_corrected_all_or_none(api: Caller, nothing_changed: Any) -> None:
    a, b = build.item("A"), build.item("B")
    build.stock(a, 5)
    good = {"item": "A", "location": "MAIN", "quantity": -2, "reason": "damaged"}
    told = api.send(
        "levels/adjust", {"corrections": [good, {**good, "item": "B", "quantity": 3, "reason": "found"}]}
    )
    assert told.status_code == 201 and [x["on_hand"] for x in told.json()["levels"]] == [3, 3]
    assert [x["quantity"] for x in told.json()["adjustments"]] == [-2, 3]
    assert (build.level(a).on_hand, build.level(b).on_hand) == (3, 3)
    with nothing_changed(*STOCK, IdempotencyRecord):
        short = api.send(
            "levels/adjust",
            {"corrections": [{**good, "quantity": 7, "reason": "found"}, {**good, "quantity": -99}]},
        )
        mute = api.send("levels/adjust", {"corrections": [{**good, "reason": "other"}]})
        nowhere = api.send("levels/adjust", {"corrections": [good, {**good, "item": "X", "location": "Y"}]})
        zero = api.send("levels/adjust", {"corrections": [{**good, "quantity": 0}]})
    assert (short.status_code, reasons(short)) == (409, ["not_there"])
    assert (mute.status_code, reasons(mute)) == (409, ["note_missing"])
    assert nowhere.status_code == 400 and fields(nowhere) == ["corrections.1.item"]
    assert (zero.status_code, reasons(zero)) == (409, ["no_change"])


def test_a_correction_below_what_is_promised_displaces_and_never_oversells(api: Caller) -> None:
    a = build.item("A")
    build.stock(a, 3)
    order = build.order([("A", 3)])
    told = api.send(
        "levels/adjust",
        {"corrections": [{"item": "A", "location": "MAIN", "quantity": -2, "reason": "lost"}]},
    )
    assert told.status_code == 201
    level = build.level(a)
    assert (level.on_hand, level.reserved) == (1, 1)
    rows = api.read("reservations", item="A").json()["results"]
    assert {(r["state"], r["quantity"], r["location"]) for r in rows if r["state"] != "released"} == {
        ("firm", 1, "MAIN"), ("backordered", 2, None),
    }  # fmt: skip
    key = str(order.lines.get().demand_key)
    assert {r["demand_key"] for r in api.read("reservations", demand_key=key).json()["results"]} == {key}
    assert len(api.read("reservations", state="firm", location="MAIN").json()["results"]) == 1


def test_whoever_may_not_touch_stock_does_not(person: Callable[..., Caller], nothing_changed: Any) -> None:
    build.stock(build.item("A"), 3)
    looker = person("inventory.view_stocklevel", "inventory.view_item", "inventory.view_location")
    body = {"corrections": [{"item": "A", "location": "MAIN", "quantity": -2, "reason": "lost"}]}
    with nothing_changed(*STOCK):
        assert looker.send("levels/adjust", body).status_code == 403
        assert (
            looker.send("receipts", {"location": "MAIN", "lines": [{"item": "A", "quantity": 1}]}).status_code
            == 403
        )
    assert looker.read("levels").status_code == looker.read("locations").status_code == 200
    assert looker.read("movements").status_code == 403
