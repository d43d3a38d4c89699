"""Both kinds of shop, each test at each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels.actions.pull_listings import pull_listings
from channels.twins.shopify.twin import ShopifyTwin
from channels.twins.woocommerce.twin import WooCommerce
from oms.twinkit.server import serve
from tests import build
from tests.channels.shops import Shop


@pytest.fixture(params=["woocommerce", "shopify"])
def shop(request: Any, transactional_db: None) -> Iterator[Shop]:
    twin = (
        WooCommerce(":memory:", name="shop")
        if request.param == "woocommerce"
        else ShopifyTwin(":memory:", name="shop")
    )
    running = serve(twin)
    build.stock(build.item("A"), 10)
    made = Shop(request.param, running.url)
    pull_listings(made.account)
    yield made
    running.stop()
