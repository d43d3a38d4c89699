"""Carriers through the API: offers compared and bought, the day closed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.models import CarrierAccount, Label, Manifest, Shipment
from fulfillment.twins.easypost import EasyPost
from oms.core.actors import SYSTEM
from oms.twinkit.server import Running, serve
from tests import build, way
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carrier() -> Iterator[Running]:
    running = serve(EasyPost())
    yield running
    running.stop()


def account(slug: str, url: str) -> CarrierAccount:
    return CarrierAccount.objects.create(
        slug=slug, name=slug.title(), kind="easypost", base_url=url, credentials={"api_key": "EZTKtwin"},
        options={"label_hosts": ["127.0.0.1"]},
    )  # fmt: skip


def packed() -> Shipment:
    build.stock(build.item("A"), 5)
    (work,) = way.work_of(build.order([("A", 2)]))
    confirm_pick([Found(work.pk)], by=SYSTEM)
    return pack([Packing(work.pk)], by=SYSTEM)[0]


def bought() -> Label:
    assert buy_labels(blocked=lambda ids: {})["bought"] == 1
    return Label.objects.get()


def test_the_api_compares_and_buys(carrier: Running, api: Caller) -> None:
    parcel = packed()
    account("post", carrier.url)
    told = api.read(f"parcels/{parcel.pk}/offers").json()
    assert told["offers"][0]["service"] == "Tracked48" and told["problems"] == []
    assert Decimal(told["offers"][0]["amount"]) > 0
    assert api.send(f"fulfillment-orders/{parcel.fulfillment_order_id}/buy-label", {}).status_code == 202
    assert bought().rule == "cheapest"
    (row,) = api.read(f"parcels/{parcel.pk}").json()["labels"]
    assert row["rule"] == "cheapest" and "of 4 offers" in row["choice"]


def test_the_day_is_closed_once(api: Caller) -> None:
    way.shipped()
    parcel = Shipment.objects.get()
    assert api.send("manifests", {"location": "NOWHERE"}).status_code == 400
    assert api.send("manifests", {"location": "MAIN", "parcels": [parcel.pk + 9]}).status_code == 400
    assert not Manifest.objects.exists()
    answer = api.send("manifests", {"location": "MAIN"})
    assert answer.status_code == 201
    (row,) = answer.json()["manifests"]
    assert (row["state"], row["parcels"], row["carrier"]) == ("made", [parcel.pk], "Post")
    assert api.send("manifests", {"location": "MAIN"}).status_code == 409
    assert [m["id"] for m in api.read("manifests", location="MAIN").json()["results"]] == [row["id"]]
    assert api.read(f"manifests/{row['id']}/manifest.pdf").content.startswith(b"%PDF")
