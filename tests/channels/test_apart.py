"""A shop that is dead or slow touches nothing else: the others are told, asked and served on time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

import channels.tasks
from channels.actions.map_listings import auto_map
from channels.models import ChannelAccount, Listing
from channels.twins.woocommerce.twin import WooCommerce
from oms.core import apart, effects, http
from oms.core.actors import SYSTEM
from oms.core.effects import Intent
from oms.core.models import InboundMessage, JobRun, OutboundEffect
from oms.twinkit.server import serve
from tests import build

pytestmark = pytest.mark.django_db(transaction=True)
# What the dead shop costs whoever waits for it; the real one is half a minute.
ITS_TIME = 2.5


@pytest.fixture(autouse=True)
def in_a_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(apart, "_in_a_worker", lambda: True)
    monkeypatch.setattr(apart, "PATIENCE", 0.3)
    monkeypatch.setattr(
        http.Http.__init__, "__kwdefaults__", {"headers": None, "auth": None, "timeout": (1.0, ITS_TIME)}
    )
    yield
    until(lambda: not apart._under_way)


@pytest.fixture
def silent() -> Iterator[str]:
    """A shop that takes every call and never says a word."""
    with closing(socket.socket()) as line:
        line.bind(("127.0.0.1", 0))
        line.listen(64)
        yield f"http://127.0.0.1:{line.getsockname()[1]}"


@pytest.fixture
def well() -> Iterator[Any]:
    running = serve(WooCommerce(":memory:", name="well"))
    yield running
    running.stop()


def account(slug: str, url: str) -> ChannelAccount:
    return ChannelAccount.objects.create(
        slug=slug, name=slug, kind="woocommerce", base_url=url, order_prefix=slug[0].upper(),
        credentials={"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": "x"},
        options={"settle_seconds": 0},
    )  # fmt: skip


@pytest.fixture
def shops(silent: str, well: Any) -> tuple[ChannelAccount, ChannelAccount]:
    """The dead one first in line, both with a level to be sent."""
    with well.twin.lock, well.twin.store.transaction():
        made = well.twin.shopper("seed_products", {"products": [{"sku": "A", "stock": 99, "price": "1.00"}]})
        well.twin.shopper("place", {"lines": [{"sku": "A", "quantity": 1}]})
    dead, alive = account("dead", silent), account("well", well.url)
    build.stock(build.item("A"), 10)
    product = made["ids"]["A"][0]
    rows = [
        Listing.objects.create(
            account=each,
            external_id=str(product),
            sku="A",
            title="A",
            ref={"product": product, "variation": 0},
        )
        for each in (dead, alive)
    ]
    with transaction.atomic():
        auto_map(rows, by=SYSTEM)
    return dead, alive


def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_dead_shop_delays_neither_the_others_nor_the_worker(
    shops: tuple[ChannelAccount, ChannelAccount], well: Any
) -> None:
    dead, alive = shops
    began = time.monotonic()
    for task in (channels.tasks.push_stock, channels.tasks.pull, channels.tasks.confirm_stock):
        task()
    until(lambda: Listing.objects.get(account=alive).sent == 10)
    # What was placed in the very second of a pull is left to the next one.
    until(
        lambda: InboundMessage.objects.filter(source="well", kind="order").exists() or channels.tasks.pull()
    )
    assert time.monotonic() - began < ITS_TIME, (
        "whoever is well has been served before the dead one is given up"
    )
    assert not ChannelAccount.objects.get(pk=alive.pk).failing_since

    # A job that still waits for the dead shop is not begun again; the lock is a second net for other processes.
    under_way = set(apart._under_way)
    assert "channels.push_stock:dead" in under_way
    channels.tasks.push_stock()
    assert JobRun.objects.filter(name="channels.push_stock", scope="dead").count() == 1

    until(lambda: not apart._under_way)
    row = Listing.objects.get(account=dead)
    assert row.sent is None and row.due_at > row.desired_at, "it is tried again later"
    assert ChannelAccount.objects.get(pk=dead.pk).failing_since
    assert {run.scope: "error" in run.result for run in JobRun.objects.filter(name="channels.pull")} == {
        "dead": True, "well": False,
    }  # fmt: skip


def test_who_found_nothing_looks_once_more_for_those_it_turned_away(
    shops: tuple[ChannelAccount, ChannelAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another was quicker, and while we looked in vain something new came, whose nudge met our lock."""
    _, alive = shops
    plain, calls = channels.tasks.push_now, 0

    def meanwhile(account: ChannelAccount) -> dict[str, int]:
        nonlocal calls
        calls += 1
        if calls > 1:
            return plain(account)
        nudged = threading.Thread(target=_look, args=[account])
        nudged.start()
        nudged.join(10)
        return {}

    monkeypatch.setattr(channels.tasks, "push_now", meanwhile)
    channels.tasks._alone("channels.push_stock", alive, channels.tasks._push, channels.tasks._changed)
    assert Listing.objects.get(account=alive).sent == 10


def test_what_another_has_is_left_to_it(shops: tuple[ChannelAccount, ChannelAccount]) -> None:
    _, alive = shops
    lease = timezone.now() + timedelta(minutes=5)
    Listing.objects.filter(account=alive).update(leased_until=lease)
    assert not channels.tasks._changed(alive)
    with transaction.atomic():
        Listing.objects.filter(account=alive).update(leased_until=None)
        Listing.objects.select_for_update().get(account=alive)
        other = threading.Thread(target=_look, args=[alive])
        other.start()
        other.join(10)
        assert not other.is_alive(), "it would look for ever"
    assert Listing.objects.get(account=alive).sent is None


def _look(alive: ChannelAccount) -> None:
    try:
        channels.tasks._alone("channels.push_stock", alive, channels.tasks._push, channels.tasks._changed)
    finally:
        connection.close()


def test_whom_there_is_something_to_tell_is_told_apart() -> None:
    """The first two of many for a dead shop do not keep what another is to be told."""
    with transaction.atomic():
        effects.intend(
            Intent(f"channel:{shop}", "tell", f"{shop}{n}", f"order:{n}", "order:1")
            for shop in ("dead", "well")
            for n in range(3)
        )
    assert effects.due_targets("tell") == ["channel:dead", "channel:well"]
    assert effects.due_targets("other") == []
    claimed = effects.claim("tell", 2, "channel:well")
    assert {effect.target for effect in claimed} == {"channel:well"} and len(claimed) == 2
    assert OutboundEffect.objects.filter(state="sending").count() == 2
    assert {effect.target for effect in effects.claim("tell")} == {"channel:dead", "channel:well"}


def test_a_fault_of_ours_in_one_part_is_raised_when_all_had_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []

    def wrong() -> None:
        raise ZeroDivisionError

    for in_a_worker in (True, False):
        monkeypatch.setattr(apart, "_in_a_worker", lambda yes=in_a_worker: yes)
        with pytest.raises(ZeroDivisionError):
            apart.apart("test", {"a": wrong, "b": lambda: done.append("b")})
        until(lambda: not apart._under_way)
    assert done == ["b", "b"]
