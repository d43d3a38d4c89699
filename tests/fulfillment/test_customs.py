"""A parcel over a border: refused with words while an item lacks something, declared and papered when not."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

import pytest
from django.test import Client
from pypdf import PdfReader

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.actions.print_customs import print_customs
from fulfillment.console import _tell
from fulfillment.models import CarrierAccount, Label, Shipment
from fulfillment.rules.customs import restored
from fulfillment.twins.easypost import EasyPost
from inventory.actions.change_item import change_item
from inventory.actions.import_items import import_items
from inventory.models import Item
from oms.core.actors import SYSTEM
from oms.core.console import registry
from oms.core.errors import Refused
from oms.core.models import JournalEntry, OutboundEffect
from oms.twinkit.server import Running, serve
from orders.drafts import AddressDraft
from tests import build, way
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)
BERLIN = AddressDraft(name="Ada Schmidt", line1="Torstr. 1", city="Berlin", postcode="10115", country="DE")


@pytest.fixture
def carrier() -> Iterator[Running]:
    running = serve(EasyPost())
    yield running
    running.stop()


def account(running: Running, **options: object) -> CarrierAccount:
    return CarrierAccount.objects.create(
        slug="post", name="Post", kind="easypost", base_url=running.url, credentials={"api_key": "EZTKtwin"},
        options={"label_hosts": ["127.0.0.1"], **options},
    )  # fmt: skip


def packed(address: AddressDraft = BERLIN, price: str = "10.00") -> Shipment:
    build.stock(build.item("A"), 5)
    order = build.order([("A", 2)], price=price, shipping_address=address)
    (work,) = way.work_of(order)
    confirm_pick([Found(work.pk)], by=SYSTEM)
    return pack([Packing(work.pk)], by=SYSTEM)[0]


def enter(**values: object) -> None:
    known = {"hs_code": "630492", "origin_country": "IN", "customs_description": "cushion cover"}
    change_item(Item.objects.get(sku="A").pk, values={**known, **values}, by=SYSTEM)


def bought() -> dict[str, int]:
    return buy_labels(blocked=lambda ids: {})


def test_without_its_data_nothing_is_asked_for_and_everybody_is_told(carrier: Running) -> None:
    parcel, post = packed(), account(carrier)
    work = parcel.fulfillment_order
    with pytest.raises(
        Refused, match="A cannot go through customs: it has no HS code and no country of origin"
    ):
        ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    assert not Label.objects.exists() and not OutboundEffect.objects.exists()
    assert carrier.twin.records()["shipments"] == []
    dock = Hand("warehouse")
    assert "no HS code" in dock.offers(work)["fulfillment.buy_labels"]
    assert dock.press("fulfillment.buy_label", parcel) == 409
    (obstacle,) = _tell(work.order)["obstacles"]
    assert "Stock, Items, A" in obstacle.words
    queue = registry.queues["no-customs"]
    assert list(queue.rows()) == [work]
    enter()
    assert not queue.rows().exists() and _tell(parcel.fulfillment_order.order)["obstacles"]
    parcel = Shipment.objects.get()
    assert not _tell(parcel.fulfillment_order.order)["obstacles"]


def test_the_carrier_gets_the_declaration_and_we_keep_and_print_it(carrier: Running) -> None:
    parcel, post = packed(), account(carrier, incoterm="DDP", customs_signer="Ada Smith")
    enter()
    ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    assert bought() == {"bought": 1, "failed": 0}, OutboundEffect.objects.values("detail")
    (sent,) = carrier.twin.store.scan("shipments")
    assert sent["options"]["incoterm"] == "DDP"
    told = sent["customs_info"]
    assert (told["contents_type"], told["customs_signer"], told["customs_certify"]) == (
        "merchandise",
        "Ada Smith",
        True,
    )
    (item,) = told["customs_items"]
    assert {k: item[k] for k in ("description", "quantity", "value", "hs_tariff_number", "origin_country", "currency", "code")} == {
        "description": "cushion cover", "quantity": 2, "value": "20.00", "hs_tariff_number": "630492",
        "origin_country": "IN", "currency": "GBP", "code": "A",
    }  # fmt: skip
    assert item["weight"] <= sent["parcel"]["weight"]
    kept = restored(Label.objects.get().customs or {})
    assert (kept.value, kept.incoterm) == (Decimal("20.00"), "DDP")
    enter(hs_code="999999")  # what was declared stays as it was
    words = "".join(page.extract_text() for page in PdfReader(BytesIO(print_customs([parcel.pk]))).pages)
    for said in ("Commercial invoice", "630492", "cushion cover", "20.00 GBP", "DDP", "Berlin", "Ada Smith"):
        assert said in words, said


def test_data_lost_after_asking_fails_before_the_network(carrier: Running) -> None:
    parcel, post = packed(), account(carrier)
    enter()
    ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    enter(hs_code="")
    assert bought() == {"bought": 0, "failed": 1}
    label = Label.objects.get()
    assert label.state == "failed" and "no HS code" in label.failure
    assert carrier.twin.records()["shipments"] == []


def test_a_gift_is_worth_its_price_or_its_customs_value(carrier: Running) -> None:
    parcel, post = packed(price="0.00"), account(carrier)
    enter()
    with pytest.raises(Refused, match="no customs value"):
        ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    enter(customs_value=Decimal("4.50"))
    ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    bought()
    assert restored(Label.objects.get().customs or {}).value == Decimal("9.00")


def test_at_home_nothing_is_declared(carrier: Running) -> None:
    parcel, post = packed(build.NOTTINGHAM), account(carrier)
    ask_labels([parcel.pk], account_id=post.pk, by=SYSTEM)
    assert bought()["bought"] == 1
    assert Label.objects.get().customs is None
    with pytest.raises(Refused, match="crosses no customs border"):
        print_customs([parcel.pk])


def test_a_file_fills_what_known_items_lack_and_gives_it_back() -> None:
    build.item("A")
    enter(hs_code="", customs_description="")
    text = "sku,name,hs_code,origin_country,customs_value\nA,Other,6304.92,cn,4.50\nB,New,63,GB,\nC,New,63049200,gb,x\n"
    done = import_items(text + "D,New,630492,gb,2\n", by=SYSTEM)
    assert (done.made, done.known, done.filled, len(done.refused)) == (1, 1, 1, 2)
    assert "no HS code" in done.refused[0].words and "no amount" in done.refused[1].words
    item = Item.objects.get(sku="A")
    assert (item.name, item.hs_code, item.origin_country, item.customs_value) == (
        "Thing A", "630492", "IN", Decimal("4.50"),
    )  # fmt: skip
    assert "From a file: hs_code: 630492" in JournalEntry.objects.get(words__startswith="From a file").words
    client = Client()
    assert client.get("/admin/inventory/item/export/").status_code == 302
    hand = Hand("read-only")
    body = b"".join(hand.client.get("/admin/inventory/item/export/").streaming_content).decode()
    again = import_items(body, by=SYSTEM)
    assert (again.made, again.known, again.filled) == (0, 2, 0)
    assert "A,Thing A,500,,,630492,IN,,4.50" in body
