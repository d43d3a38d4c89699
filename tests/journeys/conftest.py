"""Three simulated parties on real ports, a live server for what they send us, and the clock in our hands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from django.core.management import call_command

from channels.actions.pull_listings import pull_listings
from channels.demo import plan as plans
from channels.demo.hands import Party
from channels.demo.logins import make_logins
from channels.demo.story import Stage
from channels.models import ChannelAccount
from channels.twins.shopify.twin import ShopifyTwin
from channels.twins.woocommerce.twin import WooCommerce
from fulfillment.models import CarrierAccount
from fulfillment.twins.easypost.twin import EasyPost
from oms.twinkit.server import Running, serve
from tests.channels.shops import NOW
from tests.journeys.clockwork import Clock

ORDINARY = 10
SECRET = "whsec-of-the-journey"
KINDS = {"woocommerce": WooCommerce, "shopify": ShopifyTwin, "easypost": EasyPost}


@dataclass
class Twin:
    """One simulated party, from the shopper's side: HTTP, as anybody outside would."""

    name: str
    running: Running

    @property
    def url(self) -> str:
        return self.running.url

    def _call(self, method: str, path: str, given: Any = None) -> Any:
        reply = requests.request(method, f"{self.url}/_twin/{path}", json=given, timeout=30)
        assert reply.status_code == 200, f"{self.name} {path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def act(self, verb: str, **args: Any) -> Any:
        return self._call("POST", f"shopper/{verb}", args)

    def configure(self, **settings: Any) -> Any:
        return self._call("POST", "configure", settings)

    def records(self) -> Any:
        return self._call("GET", "records")

    def faults(self, *rules: dict[str, Any], seed: int = 1) -> Any:
        return self._call("POST", "faults", {"rules": list(rules), "seed": seed})

    def struck(self) -> dict[str, dict[str, int]]:
        return self._call("GET", "faults")["struck"]

    def calm(self) -> None:
        self._call("DELETE", "faults")

    def flush(self) -> None:
        self._call("POST", "webhooks/flush")


@dataclass
class Parties:
    woocommerce: Twin
    shopify: Twin
    easypost: Twin


@pytest.fixture
def parties() -> Iterator[Parties]:
    """Both shops and the carrier, set up as the story sets them up, knowing nobody yet."""
    running = {name: serve(kind(":memory:", name=name)) for name, kind in KINDS.items()}
    twins = {name: Twin(name, each) for name, each in running.items()}
    twins["woocommerce"].configure(
        prices_include_tax=True, tax_rates={"GB": "20"}, shipment_tracking=True, home_url=twins["woocommerce"].url
    )  # fmt: skip
    twins["shopify"].configure(taxes_included=False, throttle_maximum=100000, throttle_restore=50000)
    twins["easypost"].configure(index_per_second=0)
    yield Parties(**twins)
    for each in running.values():
        each.stop()


@dataclass
class Connected:
    """Accounts of ours at all three."""

    woocommerce: ChannelAccount
    shopify: ChannelAccount
    easypost: CarrierAccount

    def listings(self) -> None:
        for account in (self.woocommerce, self.shopify):
            pull_listings(account)


@pytest.fixture
def connected(db: None, parties: Parties) -> Connected:
    quick = {"settle_seconds": NOW}
    woocommerce = ChannelAccount.objects.create(
        slug="woocommerce", name="Shop One", kind="woocommerce", base_url=parties.woocommerce.url, order_prefix="W",
        credentials={"consumer_key": "ck_twin", "consumer_secret": "cs_twin", "webhook_secret": SECRET}, options=quick,
    )  # fmt: skip
    shopify = ChannelAccount.objects.create(
        slug="shopify", name="Shop Two", kind="shopify", base_url=parties.shopify.url, order_prefix="S",
        credentials={"access_token": "shpat_twin", "webhook_secret": "shpss_twin"}, options=quick,
    )  # fmt: skip
    easypost = CarrierAccount.objects.create(
        slug="easypost", name="EasyPost", kind="easypost", base_url=parties.easypost.url,
        credentials={"api_key": "EZTKtwin", "webhook_secret": SECRET}, options={"label_hosts": ["127.0.0.1"]},
    )  # fmt: skip
    return Connected(woocommerce, shopify, easypost)


@pytest.fixture
def clock(transactional_db: None) -> Iterator[Clock]:
    """The system's own clock, ticking in a thread of its own."""
    ticking = Clock()
    ticking.start()
    yield ticking
    ticking.stop()
    assert not ticking.errors, ticking.errors


@pytest.fixture
def ordinary_orders() -> int:
    """How many of the real orders the story has; the cases are always there."""
    return ORDINARY


@pytest.fixture
def stage(
    live_server: Any, parties: Parties, clock: Clock, settings: Any, tmp_path: Any, ordinary_orders: int
) -> Stage:
    """Everything that the story needs, in this very process: an empty system, and the parties around it."""
    settings.BASE_URL = live_server.url
    call_command("sync_roles", verbosity=0)
    return Stage(
        base_url=live_server.url, plan=plans.build(ordinary=ordinary_orders, heaviest_kg=60),
        woocommerce=Party("woocommerce", parties.woocommerce.url), shopify=Party("shopify", parties.shopify.url),
        easypost=Party("easypost", parties.easypost.url), logins=make_logins(tmp_path / "logins.json"), say=print,
        patience=30.0,
    )  # fmt: skip
