"""What buying and asking tell of a carrier's account: refused keys and silence, but not a no to one parcel."""

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
from oms.core.console import registry
from oms.core.errors import Retry
from oms.twinkit.server import Running, serve
from tests import build, way

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carrier() -> Iterator[Running]:
    running = serve(EasyPost())
    yield running
    running.stop()


def packed() -> Shipment:
    build.stock(build.item("A"), 1)
    (work,) = way.work_of(build.order([("A", 1)]))
    confirm_pick([Found(work.pk)], by=SYSTEM)
    return pack([Packing(work.pk)], by=SYSTEM)[0]


def account(carrier: Running, key: str) -> CarrierAccount:
    return CarrierAccount.objects.create(
        slug="post", name="Post", kind="easypost", base_url=carrier.url, credentials={"api_key": key},
        options={"label_hosts": ["127.0.0.1"]},
    )  # fmt: skip


def refusing() -> list[CarrierAccount]:
    return list(registry.queues["carrier-keys"].rows())


def test_a_label_that_our_keys_do_not_buy_is_told_at_home(carrier: Running) -> None:
    post, parcel = account(carrier, "EZTKwrong"), packed()
    ask_labels([parcel.pk], by=SYSTEM)
    assert buy_labels(blocked=lambda ids: {}) == {"bought": 0, "failed": 1}
    assert refusing() == [post]
    post.refresh_from_db()
    assert post.last_reason == "UNAUTHORIZED" and "API key" in post.last_error and post.failing_since
    CarrierAccount.objects.update(credentials={"api_key": "EZTKtwin"})
    ask_labels([parcel.pk], by=SYSTEM)
    assert buy_labels(blocked=lambda ids: {}) == {"bought": 1, "failed": 0}, list(
        Label.objects.values("failure")
    )
    post.refresh_from_db()
    assert refusing() == [] and post.failing_since is None and post.last_contact_at


def test_a_no_to_one_parcel_is_an_answer_and_silence_is_none(carrier: Running) -> None:
    post, parcel = account(carrier, "EZTKtwin"), packed()
    ask_labels([parcel.pk], service="Nonesuch", by=SYSTEM)
    assert buy_labels(blocked=lambda ids: {}) == {"bought": 0, "failed": 1}
    post.refresh_from_db()
    assert post.failing_since is None and post.last_contact_at and not post.last_error
    carrier.stop()
    with pytest.raises(Retry):
        compare_offers(parcel.pk)
    post.refresh_from_db()
    assert post.failing_since and refusing() == []
