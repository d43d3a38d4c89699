"""Offers of all accounts side by side: the rule takes one, or a person does, and the label says which and why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fulfillment.actions.ask_labels import ask_labels
from fulfillment.actions.buy_labels import buy_labels
from fulfillment.actions.compare_offers import compare_offers
from fulfillment.actions.pack import Packing, pack
from fulfillment.actions.pick import Found, confirm_pick
from fulfillment.models import CarrierAccount, Label, Shipment
from fulfillment.twins.easypost import EasyPost
from oms.core.actors import SYSTEM
from oms.core.errors import Refused, Retry
from oms.core.models import OutboundEffect
from oms.twinkit.server import Running, serve
from tests import build, way
from tests.pressing import Hand

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


def packed(**order: object) -> Shipment:
    build.stock(build.item("A"), 5)
    (work,) = way.work_of(build.order([("A", 2)], **order))
    confirm_pick([Found(work.pk)], by=SYSTEM)
    return pack([Packing(work.pk)], by=SYSTEM)[0]


def bought() -> Label:
    assert buy_labels(blocked=lambda ids: {})["bought"] == 1, OutboundEffect.objects.values("detail")
    return Label.objects.get()


def test_the_rule_takes_the_cheapest_in_time_of_all_accounts(carrier: Running) -> None:
    parcel = packed(shipping_method="Next Day Delivery")
    account("down", "http://127.0.0.1:9")
    post = account("post", carrier.url)
    ask_labels([parcel.pk], by=SYSTEM)
    label = bought()
    assert (label.carrier_account, label.rule, label.service) == (post, "in_time", "Tracked24")
    assert len(label.quotes) == 4 and label.quotes[0]["service"] == "Tracked48"
    assert [p.startswith("Down: ") for p in label.quote_problems] == [True]
    assert label.choice == "the cheapest that arrives in the days the customer chose (1), of 4 offers"
    assert Shipment.objects.get().carrier_account == post


def test_when_nobody_answers_it_is_tried_again_and_bought_once(carrier: Running) -> None:
    parcel = packed()
    down = account("down", "http://127.0.0.1:9")
    ask_labels([parcel.pk], by=SYSTEM)
    assert buy_labels(blocked=lambda ids: {}) == {"bought": 0, "failed": 0}
    effect = OutboundEffect.objects.get()
    assert effect.state == "pending" and Label.objects.get().carrier_account is None
    CarrierAccount.objects.filter(pk=down.pk).update(base_url=carrier.url)
    OutboundEffect.objects.update(due_at=effect.created_at)
    assert bought().rule == "cheapest"
    assert carrier.twin.records()["bought"] == 1


def test_a_clerk_compares_and_takes_another(carrier: Running) -> None:
    parcel, post = packed(), account("post", carrier.url)
    dock = Hand("warehouse")
    assert dock.press("fulfillment.compare_offers", parcel) == 302, dock.told
    assert "4 offers" in dock.told and "Tracked48" in dock.told
    assert carrier.twin.records()["bought"] == 0
    page = dock.look("fulfillment.buy_label", parcel).content.decode()
    assert "SpecialDelivery1PM" in page and "1 day" in page
    assert dock.press("fulfillment.buy_label", parcel, offer="9:No:Such") == 422
    assert not Label.objects.exists()
    assert dock.press("fulfillment.buy_label", parcel, offer=f"{post.pk}:DPDUK:ParcelNextDay") == 302, (
        dock.told
    )
    label = bought()
    assert (label.carrier, label.service, label.rule) == ("DPDUK", "ParcelNextDay", "chosen")
    shown = dock.client.get(f"/admin/fulfillment/shipment/{parcel.pk}/change/").content.decode()
    assert "chosen by hand" in shown and "by the rule" in shown


def test_nothing_is_compared_for_a_parcel_that_has_its_label_or_when_all_are_silent(carrier: Running) -> None:
    parcel, post = packed(), account("down", "http://127.0.0.1:9")
    with pytest.raises(Retry):
        compare_offers(parcel.pk)
    assert Shipment.objects.get().quotes == []
    CarrierAccount.objects.filter(pk=post.pk).update(base_url=carrier.url)
    ask_labels([parcel.pk], by=SYSTEM)
    bought()
    with pytest.raises(Refused, match="labelled"):
        compare_offers(parcel.pk)
