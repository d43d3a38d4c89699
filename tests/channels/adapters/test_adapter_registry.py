"""The registry: what is built in, what packages add, and that no adapter promises what it has not."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from channels import adapters
from channels.adapters.base import PROTOCOLS, Account, Can
from oms.core.errors import Permanent
from oms.core.http import Http


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EntryPoint]]:
    found: list[EntryPoint] = []
    monkeypatch.setattr(adapters, "entry_points", lambda group: found if group == "oms.channels" else [])
    adapters._found.cache_clear()
    yield found
    adapters._found.cache_clear()


class Bazaar:
    """A channel from somebody else's package."""

    kind = "bazaar"
    can = frozenset({Can.CANCEL_ORDER})

    def __init__(self, account: Account, http: Http):
        self.account, self.http = account, http

    def find_cancel(self, request: Any) -> bool:
        return False

    def cancel_order(self, request: Any) -> None:
        pass


class Boaster(Bazaar):
    can = frozenset({Can.CANCEL_ORDER, Can.PUSH_STOCK, "teleport"})


class Mute:
    pass


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, f"{__name__}:{value}", "oms.channels")


def test_what_is_built_in_keeps_its_promises(installed: list[EntryPoint]) -> None:
    assert set(adapters.kinds()) == {"woocommerce", "shopify", "csv", "replay"}
    assert adapters.problems() == []


@pytest.mark.parametrize("kind", ["woocommerce", "shopify", "csv"])
def test_each_flag_has_the_protocol_beside_it(kind: str) -> None:
    account = Account(
        "a", "https://shop.test", {"consumer_key": "k", "consumer_secret": "s", "access_token": "t"}
    )
    adapter = adapters.build(kind, account)
    for flag in Can:
        assert isinstance(adapter, PROTOCOLS[flag]) or flag not in adapter.can


def test_a_package_adds_a_channel(installed: list[EntryPoint]) -> None:
    installed.append(entry("bazaar", "Bazaar"))
    account = Account("b", "https://bazaar.test")
    adapter = adapters.build("bazaar", account)
    assert (adapter.account, adapter.http.base_url) == (account, "https://bazaar.test")
    assert adapters.problems() == []


def test_problems_are_named_one_by_one(installed: list[EntryPoint]) -> None:
    installed += [
        entry("boaster", "Boaster"),
        entry("mute", "Mute"),
        entry("gone", "Nothing"),
        entry("csv", "Bazaar"),
    ]
    told = "\n".join(adapters.problems())
    for words in (
        "has no push_stock",
        "has no read_stock",
        "has no stock_batch",
        "'teleport', which is no capability",
    ):
        assert "channel 'boaster' claims" in told and words in told
    assert "channel 'mute' does not say what it can do" in told
    assert "channel 'gone'" in told and "cannot be loaded" in told
    assert "channel 'csv'" in told and "already taken" in told
    assert "has no cancel_order" not in told


def test_an_unknown_kind() -> None:
    with pytest.raises(Permanent, match="nowhere"):
        adapters.build("nowhere", Account("a", ""))


def test_no_secret_is_ever_shown() -> None:
    keys = {"consumer_key": "ck_secret", "consumer_secret": "cs_secret", "access_token": "shpat_secret"}
    for kind in ("woocommerce", "shopify"):
        adapter = adapters.build(kind, Account("a", "http://shop.test", keys))
        assert "secret" not in repr(adapter) + repr(adapter.account) + repr(adapter.http)


@pytest.mark.parametrize("kind", ["woocommerce", "shopify", "csv", "replay"])
def test_a_reader_asks_for_no_keys(kind: str) -> None:
    """It gives its opinion of a body; whether the account has keys is nobody's question."""
    with pytest.raises(Permanent) as no:
        adapters.reader(kind, Account("shop", "https://shop.example")).read(b"nonsense")
    assert no.value.reason != "no_credentials"
