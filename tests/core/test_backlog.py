"""More work than the machine can do makes queues longer and their age visible, and nothing else: it is worked off with
the same few statements a batch, however much waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from channels.actions.ingest import BATCH as PAYLOADS
from channels.actions.ingest import ingest
from channels.models import ChannelAccount
from inventory.events import StockChanged
from oms.core import inbox, relay
from oms.core.console.home import measure
from oms.core.console.registry import registry
from oms.core.inbox import Incoming
from oms.core.models import Delivery, InboundMessage
from oms.core.outbox import emit
from orders.models import Order
from tests import build, way
from tests.bench import world

pytestmark = pytest.mark.django_db(transaction=True)
EARLIER = timedelta(minutes=20)


def shown(slug: str) -> tuple[int, timedelta]:
    """What home says of a queue: how many, and how old the oldest is."""
    (view,) = measure([registry.queues[slug]])
    return view.count, timezone.now() - view.oldest if view.oldest else timedelta(0)


def test_a_flood_of_payloads_is_read_with_the_same_statements_a_batch() -> None:
    shop = ChannelAccount.objects.create(
        slug="shop", name="Shop", kind="woocommerce", base_url="http://127.0.0.1:9", order_prefix="S",
        credentials={"consumer_key": "ck", "consumer_secret": "cs"},
    )  # fmt: skip
    for number in (1, 2):
        build.stock(build.item(f"SKU{number:05d}"), 10_000)
    flood = 5 * PAYLOADS
    with transaction.atomic():
        told = [world.payload([(1 + n % 2, 1)]) for n in range(flood)]
        inbox.store([Incoming("shop", "order", name, body, remote_at=at) for name, at, body in told])
    InboundMessage.objects.update(due_at=timezone.now() - EARLIER)
    count, age = shown("payloads-waiting")
    assert count == flood and age >= EARLIER

    statements = []
    while InboundMessage.objects.filter(state="received").exists():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            figures = ingest(shop)
        assert figures["placed"] == PAYLOADS and not figures["parked"]
        statements.append(len(seen))
    assert len(statements) == 5 and len(set(statements[1:])) == 1, statements
    assert Order.objects.count() == flood
    assert shown("payloads-waiting") == (0, timedelta(0))
    way.sound()


def test_some_thousands_of_deliveries_are_carried_with_the_same_statements_a_batch() -> None:
    item = build.item("A")
    relay.relay()
    many = 3000
    with transaction.atomic():
        emit(StockChanged((item.pk + n,), False) for n in range(many))
    while relay.fan_out():
        pass
    Delivery.objects.filter(state="pending").update(due_at=timezone.now() - EARLIER)
    count, age = shown("deliveries-waiting")
    assert count >= 1000 and age >= EARLIER, "home counts as far as it needs to"

    statements = []
    for reaction in relay.due():
        while True:
            with CaptureQueriesContext(connection) as seen:
                ended = relay.carry(reaction)
            if not ended:
                break
            assert set(ended) == {"done"}
            statements.append((reaction, len(seen)))
    assert len(statements) == 2 * many / relay.BATCH
    assert len(set(statements)) == 2, sorted(set(statements))
    assert shown("deliveries-waiting") == (0, timedelta(0))
