"""The rule by which a shop rounds tax: asked when the connection is tried and once a day, kept on each order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse

from channels import tasks
from channels.actions.fetch_orders import fetch_orders
from channels.models import ChannelAccount
from channels.twins.woocommerce.twin import WooCommerce
from oms.core.models import JournalEntry
from oms.twinkit.server import serve
from orders.models import Order
from tests import build
from tests.channels.shops import Shop
from tests.pressing import Hand

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(tmp_path: Any) -> Iterator[Shop]:
    build.item("A")
    running = serve(WooCommerce(tmp_path / "shop.db"))
    yield Shop("woocommerce", running.url)
    running.stop()


def rule(row: ChannelAccount | Order) -> tuple[str, int | None]:
    row.refresh_from_db()
    return row.tax_rounding, row.tax_decimals


def test_orders_keep_the_rule_of_their_day(shop: Shop) -> None:
    before = shop.buy("A")
    assert rule(before) == ("", None)
    assert Hand("manager").press("channels.try_connection", shop.account) == 302
    assert rule(shop.account) == ("line", 2)
    entry = JournalEntry.objects.get(verb="read_tax_rule")
    assert entry.words == "It rounds tax on each line."
    shop.account.refresh_from_db()
    first = shop.buy("A")
    shop._post("configure", {"tax_round_at_subtotal": True})
    tasks.tax_rules()
    tasks.tax_rules()
    assert rule(shop.account) == ("order", 2)
    assert JournalEntry.objects.filter(verb="read_tax_rule").count() == 2
    second = shop.buy("A")
    assert [rule(order) for order in (before, first, second)] == [("", None), ("line", 2), ("order", 2)]
    fetch_orders(shop.account)
    assert rule(first) == ("line", 2)


def test_a_shop_that_will_not_tell_leaves_what_it_told_and_what_a_person_said(shop: Shop) -> None:
    shop._post("configure", {"manages_shop": False})
    ChannelAccount.objects.update(tax_rounding="order", tax_decimals=None)
    tasks.tax_rules()
    assert rule(shop.account) == ("order", None)
    assert not JournalEntry.objects.filter(verb="read_tax_rule").exists()
    page = Hand("manager").client.get(reverse("admin:channels_channelaccount_change", args=[shop.account.pk]))
    assert "once on the whole order" in page.content.decode()
