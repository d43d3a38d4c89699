"""Webhooks in: the sender's word is stored and answered, nobody else's is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.utils import timezone

from channels.models import ChannelAccount
from fulfillment.actions.receive_webhook import read_webhooks
from fulfillment.models import CarrierAccount, Shipment
from oms.core.models import InboundMessage
from tests import way
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db

SECRET = "a secret of ours"
KEYS = {"consumer_key": "ck", "consumer_secret": "cs", "access_token": "at"}


def signed(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def account(kind: str) -> ChannelAccount:
    return ChannelAccount.objects.create(
        slug=f"my-{kind}", name=kind, kind=kind, base_url="http://127.0.0.1:9", order_prefix="W",
        credentials=KEYS | {"webhook_secret": SECRET},
    )  # fmt: skip


def post(
    slug: str, body: bytes, where: str = "channels", kind: str = "application/json", **headers: str
) -> Any:
    return Caller().post(f"/api/v1/webhooks/{where}/{slug}", data=body, content_type=kind, **headers)


WOO = json.dumps({"id": 4711, "status": "processing"}).encode()
SHOPIFY = json.dumps({"id": 99, "admin_graphql_api_id": "gid://shopify/Order/99"}).encode()


@pytest.mark.parametrize(
    ("kind", "body", "signature", "topic", "external_id"),
    [
        (
            "woocommerce",
            WOO,
            "HTTP_X_WC_WEBHOOK_SIGNATURE",
            {"HTTP_X_WC_WEBHOOK_TOPIC": "order.updated"},
            "4711",
        ),
        ("shopify", SHOPIFY, "HTTP_X_SHOPIFY_HMAC_SHA256", {"HTTP_X_SHOPIFY_TOPIC": "orders/updated"}, "99"),
    ],
)
class TestOfShops:
    def test_a_signed_one_is_stored_raw_as_a_hint(
        self, kind: str, body: bytes, signature: str, topic: dict[str, str], external_id: str
    ) -> None:
        account(kind)
        answers = [post(f"my-{kind}", body, **{signature: signed(body)}, **topic) for _ in range(3)]
        assert [(a.status_code, a.json()) for a in answers] == [(200, {"status": "stored"})] * 3
        kept = list(InboundMessage.objects.all())
        assert len(kept) == 3 and all(m.hint and m.raw == body for m in kept)
        assert {(m.source, m.external_id) for m in kept} == {(f"my-{kind}", external_id)}
        assert not any(signed(body) in str(m.headers) for m in kept)

    def test_a_bad_signature_is_nobodys_word(
        self, kind: str, body: bytes, signature: str, topic: dict[str, str], external_id: str
    ) -> None:
        account(kind)
        for wrong in (signed(body, "another"), signed(body + b" "), "", "ünsinn"):
            answer = post(f"my-{kind}", body, **{signature: wrong}, **topic)
            assert answer.status_code == 401 and answer.json()["error"]["code"] == "not_authenticated"
        assert post(f"my-{kind}", body, **topic).status_code == 401
        assert not InboundMessage.objects.exists()

    def test_without_a_secret_of_ours_nothing_is_believed(
        self, kind: str, body: bytes, signature: str, topic: dict[str, str], external_id: str
    ) -> None:
        made = account(kind)
        made.credentials = KEYS | {"webhook_secret": ""}
        made.save()
        assert post(f"my-{kind}", body, **{signature: signed(body, "")}, **topic).status_code == 401
        assert not InboundMessage.objects.exists()

    def test_what_is_nothing_to_us_is_answered_and_not_stored(
        self, kind: str, body: bytes, signature: str, topic: dict[str, str], external_id: str
    ) -> None:
        account(kind)
        other = dict.fromkeys(topic, "coupon.created")
        answer = post(f"my-{kind}", body, **{signature: signed(body)}, **other)
        assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
        assert not InboundMessage.objects.exists()


def test_woocommerces_unsigned_ping_is_answered() -> None:
    account("woocommerce")
    answer = post("my-woocommerce", b"webhook_id=12", kind="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
    assert (
        post("my-woocommerce", b"webhook_id=12&x=1", kind="application/x-www-form-urlencoded").status_code
        == 401
    )
    assert not InboundMessage.objects.exists()


def test_a_shop_that_is_not_ours_is_nowhere() -> None:
    assert post("nobody", WOO).status_code == 404
    account("csv")
    assert post("my-csv", WOO).status_code == 404


def test_it_needs_neither_token_nor_key_and_speaks_only_post() -> None:
    account("woocommerce")
    assert Caller().get("/api/v1/webhooks/channels/my-woocommerce").status_code == 405


def test_a_flood_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"webhooks": "2/min"})
    assert [post("nobody", b"{}").status_code for _ in range(3)] == [404, 404, 429]


def test_a_body_beyond_measure_is_refused(settings: Any) -> None:
    account("woocommerce")
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = post("my-woocommerce", b"x" * 200)
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "too_large"


# -- carriers


@pytest.fixture
def carrier(db: None) -> CarrierAccount:
    return CarrierAccount.objects.create(
        slug="my-woocommerce", name="Post", kind="easypost", base_url="http://127.0.0.1:9",
        credentials={"api_key": "x", "webhook_secret": SECRET},
    )  # fmt: skip


def event(tracking_number: str, status: str = "delivered") -> bytes:
    at = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    detail = {"object": "TrackingDetail", "message": "Left with neighbour", "status": status, "datetime": at,
              "tracking_location": {"city": "York", "state": None, "country": "GB", "zip": None}}  # fmt: skip
    tracker = {"id": "trk_1", "object": "Tracker", "tracking_code": tracking_number, "status": status,
               "carrier": "Post", "tracking_details": [detail], "updated_at": at}  # fmt: skip
    return json.dumps(
        {"id": "evt_1", "object": "Event", "description": "tracker.updated", "result": tracker}
    ).encode()


def carrier_signature(body: bytes, secret: str = SECRET) -> str:
    return f"hmac-sha256-hex={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def test_a_carriers_word_moves_the_parcel_once_however_often_it_comes(carrier: CarrierAccount) -> None:
    order = way.shipped([("A", 1)])
    parcel = Shipment.objects.get()
    body = event(parcel.tracking_number)
    for _ in range(2):
        answer = post(carrier.slug, body, "carriers", HTTP_X_HMAC_SIGNATURE=carrier_signature(body))
        assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    assert {m.source for m in InboundMessage.objects.all()} == {f"carrier:{carrier.slug}"}
    assert read_webhooks(carrier) == {"read": 2, "moved": 1, "parked": 0}
    parcel.refresh_from_db()
    order.refresh_from_db()
    assert (parcel.state, order.state, parcel.scans.count()) == ("delivered", "completed", 1)
    assert read_webhooks(carrier) == {"read": 0, "moved": 0, "parked": 0}


def test_a_carriers_word_that_cannot_be_read_is_parked_and_the_others_go_on(carrier: CarrierAccount) -> None:
    way.shipped([("A", 1)])
    good = event(Shipment.objects.get().tracking_number)
    for body in (b"not json at all", good):
        post(carrier.slug, body, "carriers", HTTP_X_HMAC_SIGNATURE=carrier_signature(body))
    assert read_webhooks(carrier) == {"read": 1, "moved": 1, "parked": 1}
    parked = InboundMessage.objects.get(state="parked")
    assert parked.raw == b"not json at all" and parked.reason


def test_a_bad_carriers_signature_is_nobodys_word(carrier: CarrierAccount) -> None:
    body = event("T1")
    for wrong in (carrier_signature(body, "x"), carrier_signature(body + b" "), "", "hmac-sha256-hex=ü"):
        assert post(carrier.slug, body, "carriers", HTTP_X_HMAC_SIGNATURE=wrong).status_code == 401
    assert post("nobody", body, "carriers").status_code == 404
    assert not InboundMessage.objects.exists()
