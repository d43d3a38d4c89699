"""What may be sold at a channel follows its own settings and those of the places, not only the goods."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from channels.actions.map_listings import auto_map
from channels.models import ChannelAccount, Listing
from oms.core.actors import SYSTEM
from oms.core.relay import relay
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk() -> Client:
    person = get_user_model().objects.create_superuser("ada", password="x" * 12)
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def listing() -> Listing:
    account = ChannelAccount.objects.create(slug="shop", name="Shop", kind="woocommerce", order_prefix="S")
    build.stock(build.item("A"), 10)
    row = Listing.objects.create(account=account, external_id="1", sku="A", title="A")
    from django.db import transaction

    with transaction.atomic():
        auto_map([row], by=SYSTEM)
    row.refresh_from_db()
    assert row.desired == 10
    return row


def save(client: Client, path: str, **fields: object) -> None:
    page = client.get(f"{path}?edit=1")
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields}
    data = {k: v for k, v in data.items() if v is not None and v is not False and v != []}
    data["options"] = "{}" if "options" in form.fields else ""
    data.update(fields)
    answer = client.post(path, {k: v for k, v in data.items() if v is not None})
    assert answer.status_code == 302, answer.context and answer.context["errors"]


def test_a_buffer_is_kept_back_at_once(desk: Client, listing: Listing) -> None:
    save(
        desk,
        f"/admin/channels/channelaccount/{listing.account_id}/change/",
        buffer=3,
        active="on",
        push_stock="on",
    )
    listing.refresh_from_db()
    assert listing.desired == 7


def test_a_place_that_ceases_to_ship_is_no_longer_offered(desk: Client, listing: Listing) -> None:
    save(desk, f"/admin/inventory/location/{build.location().pk}/change/", ships=None, active="on")
    relay()
    listing.refresh_from_db()
    assert listing.desired == 0
