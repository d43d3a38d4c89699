"""Items by CSV: good rows come in, bad ones are told, twice is once."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile

from inventory.actions.import_items import import_items
from inventory.models import Barcode, Item
from inventory.rules.item_file import read
from oms.core.actors import SYSTEM
from oms.core.errors import Refused


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_separator_order_and_case(separator: str) -> None:
    text = f"\ufeffName{separator}SKU{separator}Weight_g\nTea pot{separator}A1{separator}450\n"
    (row,) = read(text).rows
    assert (row.sku, row.name, row.weight_g, row.number) == ("A1", "Tea pot", 450, 2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",Pot,1,", "sku is empty"), ("A,,1,", "name is empty"), ("A,Pot,1.5,", "whole grams"), ("A,Pot,-1,", "whole grams"),
        ("A,Pot,99999999,", "whole grams"), (f"{'x' * 65},Pot,1,", "64 characters"), (f"A,Pot,1,{'9' * 65}", "barcode"),
        ("B,Pan,1,", "stands in row 2"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_and_stops_no_other(line: str, words: str) -> None:
    found = read(f"sku,name,weight_g,barcode\nB,Pot,1,\n{line}\nC,Cup,2,\n")
    assert [row.sku for row in found.rows] == ["B", "C"]
    assert len(found.faults) == 1
    assert "Row 3" in found.faults[0].words
    assert words in found.faults[0].words


def test_sides_are_all_three_or_none(db: None) -> None:
    text = "sku,name,length_mm,width_mm,height_mm\nA,Pot,300,200,100\nB,Pan,300,,100\nC,Cup,0,1,1\nD,Jug,,,\n"
    found = read(text)
    assert [(r.sku, r.length_mm, r.width_mm, r.height_mm) for r in found.rows] == [
        ("A", 300, 200, 100),
        ("D", None, None, None),
    ]
    assert ["some are missing" in found.faults[0].words, "whole millimetres" in found.faults[1].words] == [
        True,
        True,
    ]
    Item.objects.create(sku="A", name="Pot", length_mm=1, width_mm=1, height_mm=1)
    Item.objects.create(sku="D", name="Jug")
    done = import_items(text.replace("D,Jug,,,", "D,Jug,9,8,7"), by=SYSTEM)
    assert (done.known, done.filled) == (2, 1), "what somebody measured stays"
    assert Item.objects.values_list("length_mm", "width_mm", "height_mm").get(sku="D") == (9, 8, 7)
    assert Item.objects.get(sku="A").length_mm == 1


def test_a_file_of_something_else_is_refused(db: None) -> None:
    with pytest.raises(Refused, match="no column sku"):
        import_items("colour,size\nred,10\n", by=SYSTEM)
    with pytest.raises(Refused, match="no item"):
        import_items("sku,name\n", by=SYSTEM)


def test_twice_is_once_and_a_barcode_belongs_to_one(db: None) -> None:
    text = "sku,name,barcode\nA,Pot,111 222\nB,Pan,111\n"
    first = import_items(text, by=SYSTEM)
    assert (first.made, first.known) == (1, 0)
    assert "barcode 111 is of another item" in first.refused[0].words
    again = import_items(text, by=SYSTEM)
    assert (again.made, again.known) == (0, 1)
    assert Item.objects.count() == 1
    assert sorted(Barcode.objects.values_list("code", flat=True)) == ["111", "222"]


def test_the_page(client, db: None) -> None:
    person = get_user_model().objects.create_user("clerk", password="x", is_staff=True)
    client.force_login(person)
    assert client.get("/admin/inventory/item/import/").status_code == 403
    boss = get_user_model().objects.create_superuser("boss", password="x")
    client.force_login(boss)
    assert b"CSV file" in client.get("/admin/inventory/item/import/").content
    sent = SimpleUploadedFile("items.csv", "sku;name\nA;Café\n".encode("cp1252"))
    answer = client.post("/admin/inventory/item/import/", {"file": sent}, follow=True)
    assert b"1 items made" in answer.content
    assert Item.objects.get().name == "Café"
    bad = client.post("/admin/inventory/item/import/", {"file": SimpleUploadedFile("x.csv", b"a,b\n1,2\n")})
    assert bad.status_code == 422
