"""Labels from the console: a batch in one file, in the size of the printer, and once more."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.db import transaction
from pypdf import PdfReader

from fulfillment.actions.note_printed import note_printed
from fulfillment.actions.print_labels import print_labels
from fulfillment.models import Label, Shipment
from inventory.models import Location
from oms.core.actors import SYSTEM, Actor
from oms.core.errors import Refused
from oms.core.lifecycle import move
from oms.core.models import JournalEntry
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db


def two_labelled() -> list[Shipment]:
    way.shipped()
    way.shipped([("B", 1)])
    return list(Shipment.objects.order_by("pk"))


def test_a_batch_is_one_file_on_the_paper_of_its_place() -> None:
    parcels = two_labelled()
    ids = [p.pk for p in parcels]
    body, kind = print_labels(ids)
    assert kind == "application/pdf" and len(PdfReader(BytesIO(body)).pages) == 2
    Location.objects.update(label_paper="a4")
    (page,) = PdfReader(BytesIO(print_labels(ids)[0])).pages
    assert all(p.tracking_number in page.extract_text() for p in parcels)
    with pytest.raises(Refused, match="no paper"):
        print_labels(ids, "b5")


def test_one_without_a_label_is_named() -> None:
    parcels = two_labelled()
    build.stock(build.item("C"), 1)
    (work,) = way.work_of(build.order([("C", 1)]))
    from fulfillment.actions.pack import Packing, pack
    from fulfillment.actions.pick import Found, confirm_pick

    confirm_pick([Found(work.pk)], by=SYSTEM)
    (bare,) = pack([Packing(work.pk)], by=SYSTEM)
    with pytest.raises(Refused, match=f"parcel {bare.pk} has no label yet"):
        print_labels([parcels[0].pk, bare.pk])
    dock = Hand("warehouse")
    answer = dock.client.get(f"/admin/paper/fulfillment.labels/?ids={work.pk}", follow=True)
    assert "There is no label yet" in answer.content.decode()
    assert not JournalEntry.objects.filter(verb="print_label").exists()


def test_printed_at_the_console_and_once_more() -> None:
    parcels = two_labelled()
    dock = Hand("warehouse")
    ids = ",".join(str(p.pk) for p in parcels)
    address = f"/admin/paper/fulfillment.label/?ids={ids}"
    assert dock.client.get(f"{address}&size=b5").status_code == 302
    assert not JournalEntry.objects.filter(verb="print_label").exists()
    answer = dock.client.get(f"{address}&size=a6")
    assert answer["Content-Type"] == "application/pdf"
    pages = PdfReader(BytesIO(answer.content)).pages
    assert [tuple(round(float(side)) for side in page.mediabox[2:]) for page in pages] == [(298, 420)] * 2
    noted = JournalEntry.objects.filter(verb="print_label")
    assert {(line.actor, line.words) for line in noted} == {(str(Actor.user(dock.user)), "Label printed.")}
    assert noted.count() == 2
    assert Hand("read-only").client.get(address).status_code == 403
    refused = dock.client.get(f"/admin/paper/fulfillment.customs/?ids={parcels[0].pk}", follow=True)
    assert "crosses no customs border" in refused.content.decode()
    assert noted.count() == 2


def test_a_bought_label_that_is_printed_again_says_so() -> None:
    parcel = two_labelled()[0]
    label = Label.objects.create(
        shipment=parcel, attempt=9, state="requested", document=b"^XA^XZ", document_type="ZPL"
    )
    with transaction.atomic():
        move([label], "purchase", by=SYSTEM).or_refuse()
    assert (note_printed([parcel.pk], by=SYSTEM), note_printed([parcel.pk], by=SYSTEM)) == (0, 1)
    told = JournalEntry.objects.filter(verb="print_label").order_by("pk").values_list("words", flat=True)
    assert list(told) == ["Label printed.", "Label printed again."]
