"""Labels from the console: a batch in one file, in the size of the printer, and once more."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from fulfillment.actions.print_labels import print_labels
from fulfillment.models import FulfillmentOrder, Shipment
from inventory.models import Location
from oms.core.actors import SYSTEM
from oms.core.errors import Refused
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
    assert dock.press("fulfillment.print_papers", work, paper="labels") == 302
    assert "nothing was printed" in dock.told
    assert not JournalEntry.objects.filter(verb="print_label").exists()


def test_printed_at_the_console_and_once_more() -> None:
    parcels = two_labelled()
    dock = Hand("warehouse")
    assert dock.press("fulfillment.print_labels", *parcels, size="a6") == 302, dock.told
    ids = ",".join(str(p.pk) for p in parcels)
    address = f"/admin/fulfillment/shipment/papers/labels/?ids={ids}&size=a6"
    assert address.replace("&", "&amp;") in dock.told
    answer = dock.client.get(address)
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    assert JournalEntry.objects.filter(verb="print_label").count() == 2
    works = list(FulfillmentOrder.objects.all())
    for paper in ("picks", "slips", "labels"):
        assert dock.press("fulfillment.print_papers", *works, paper=paper) == 302, dock.told
    pages = {
        kind: dock.client.get(f"/admin/fulfillment/shipment/papers/{kind}/?ids={works[0].pk}")
        for kind in ("picks", "slips")
    }
    assert all(page.content.startswith(b"%PDF") for page in pages.values())
    refused = dock.client.get(f"/admin/fulfillment/shipment/papers/customs/?ids={parcels[0].pk}", follow=True)
    assert "crosses no customs border" in refused.content.decode()
    assert dock.client.get("/admin/fulfillment/shipment/papers/nonsense/?ids=1").status_code == 404
    assert Hand("read-only").client.get(address).status_code == 403
