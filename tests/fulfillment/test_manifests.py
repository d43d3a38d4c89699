"""The end of the day: each parcel on one list only, the carrier's own form fetched once."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
import requests
from django.db import IntegrityError, transaction
from django.utils import timezone
from pypdf import PdfReader

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.close_day import close_day
from fulfillment.actions.fetch_manifests import fetch_manifests
from fulfillment.actions.make_manifests import make_manifests
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.actions.print_manifests import print_manifests
from fulfillment.actions.ship import ship
from fulfillment.models import CarrierAccount, Manifest, ManifestParcel, Shipment
from fulfillment.twins.easypost import EasyPost
from inventory.models import Location
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboundEffect
from oms.twinkit.server import Running, serve
from orders.drafts import AddressDraft
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
TOWN = AddressDraft(
    name="Ada Smith", line1="1 Main St", city="New York", region="NY", postcode="10001", country="US"
)


@pytest.fixture
def carrier() -> Iterator[Running]:
    running = serve(EasyPost())
    yield running
    running.stop()


def sent(carrier: Running, service: str = "", count: int = 2) -> Location:
    """Parcels of an American house, labelled at the carrier and handed over."""
    place = build.location(
        "NY",
        city="New York",
        region="NY",
        postcode="10002",
        country="US",
        line1="2 Dock Rd",
        latitude=40.7,
        longitude=-74.0,
    )
    post, _ = CarrierAccount.objects.get_or_create(
        slug="post", name="Post", kind="easypost", base_url=carrier.url,
        defaults={"credentials": {"api_key": "EZTKtwin"}, "options": {"label_hosts": ["127.0.0.1"]}},
    )  # fmt: skip
    build.stock(build.item("A"), count, place)
    works = [way.work_of(build.order([("A", 1)], shipping_address=TOWN))[0] for _ in range(count)]
    confirm_pick([Found(work.pk) for work in works], by=SYSTEM)
    parcels = pack([Packing(work.pk) for work in works], by=SYSTEM)
    ask_labels([p.pk for p in parcels], account_id=post.pk, service=service, by=SYSTEM)
    assert buy_labels(blocked=lambda ids: {})["bought"] == count, OutboundEffect.objects.values("detail")
    ship([work.pk for work in works], by=SYSTEM)
    return place


def words(manifest: Manifest) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(print_manifests([manifest.pk]))).pages)


def test_our_own_list_for_each_carrier_and_each_parcel_once() -> None:
    first, second = way.shipped(), way.shipped([("B", 1)])
    Shipment.objects.filter(fulfillment_order__order=second).update(carrier="Van")
    place = build.location()
    made = close_day([place.pk], by=SYSTEM)
    assert [(m.carrier, m.state, m.parcels.count()) for m in made] == [
        ("Post", "made", 1),
        ("Van", "made", 1),
    ]
    with pytest.raises(Refused, match="on no list yet"):
        close_day([place.pk], by=SYSTEM)
    parcel = Shipment.objects.get(fulfillment_order__order=first)
    with pytest.raises(Refused, match=made[0].number):
        make_manifests([parcel.pk], by=SYSTEM)
    with pytest.raises(IntegrityError, match="parcel_manifested_once"), transaction.atomic():
        ManifestParcel.objects.create(manifest=made[1], shipment=parcel)
    assert Manifest.objects.count() == 2 and ManifestParcel.objects.count() == 2
    told = words(made[0])
    assert parcel.tracking_number in told and first.number in told and "1 parcel" in told
    both = PdfReader(BytesIO(print_manifests([m.pk for m in made])))
    assert [made[0].number in both.pages[0].extract_text(), len(both.pages)] == [True, 2]
    assert JournalEntry.objects.filter(subject=f"shipment:{parcel.pk}", verb="manifest").count() == 1


def test_what_is_still_in_the_house_is_not_listed() -> None:
    build.stock(build.item("A"), 1)
    (work,) = way.work_of(build.order([("A", 1)]))
    confirm_pick([Found(work.pk)], by=SYSTEM)
    (parcel,) = pack([Packing(work.pk)], by=SYSTEM)
    with pytest.raises(Refused, match="not been handed over"):
        make_manifests([parcel.pk], by=SYSTEM)
    assert not Manifest.objects.exists()


def test_the_carriers_own_form_is_fetched_once_though_its_answer_is_lost(carrier: Running) -> None:
    place = sent(carrier)
    (manifest,) = close_day([place.pk], by=SYSTEM)
    assert manifest.state == "requested" and manifest.carrier == "USPS"
    with pytest.raises(Refused, match="being made"):
        print_manifests([manifest.pk])
    rules = [{"step": "scan_forms.create", "kind": "error_500_after", "times": 1}]
    assert requests.post(f"{carrier.url}/_twin/faults", json={"rules": rules}, timeout=5).ok
    assert fetch_manifests() == {"made": 0, "failed": 0}
    OutboundEffect.objects.update(due_at=timezone.now())
    assert fetch_manifests() == {"made": 1, "failed": 0}, OutboundEffect.objects.values("detail")
    manifest.refresh_from_db()
    (form,) = carrier.twin.store.scan("scan_forms")
    assert (manifest.state, manifest.external_id) == ("made", form["id"])
    assert sorted(form["tracking_codes"]) == sorted(
        Shipment.objects.values_list("tracking_number", flat=True)
    )
    assert "2 PIECES" in words(manifest)


def test_a_form_that_the_carrier_refuses_frees_its_parcels(carrier: Running) -> None:
    place = sent(carrier)
    carrier.twin.configure({"scan_form_carriers": []})
    (manifest,) = close_day([place.pk], by=SYSTEM)
    assert fetch_manifests() == {"made": 0, "failed": 1}
    manifest.refresh_from_db()
    assert manifest.state == "failed" and "does not support" in manifest.failure
    assert list(registry.queues["manifest-failed"].rows()) == [manifest]
    (again,) = close_day([place.pk], own=True, by=SYSTEM)
    assert again.state == "made" and again.number != manifest.number
    assert not registry.queues["manifest-failed"].rows().exists()


def test_at_the_console() -> None:
    way.shipped()
    place, dock = build.location(), Hand("warehouse")
    preview = dock.preview("fulfillment.close_day", place)
    assert preview.facts == [("Post, from Main", "1 parcel, 1.1 kg")]
    assert dock.press("fulfillment.close_day", place) == 302, dock.told
    manifest = Manifest.objects.get()
    page = dock.client.get(f"/admin/fulfillment/manifest/{manifest.pk}/change/").content.decode()
    paper = f"/admin/paper/fulfillment.manifest/?ids={manifest.pk}"
    assert paper in page and paper in dock.told
    assert dock.client.get(paper).content.startswith(b"%PDF")
    assert "on no list yet" in dock.offers(place)["fulfillment.close_day"]
    assert dock.press("fulfillment.make_manifest", Shipment.objects.get()) == 409
    reader = Hand("read-only")
    assert reader.client.get(paper).status_code == 403
    assert reader.press("fulfillment.close_day", place) == 403
