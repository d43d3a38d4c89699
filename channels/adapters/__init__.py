"""The channels that can be spoken to, by kind: those built in and those of installed packages.

A package adds its own under the entry point group ``oms.channels``: the name is the kind, the value a class
that is made with ``(account, http)``, has ``can``, and may have ``make_http(account) -> Http`` as a class
method where plain requests to ``account.base_url`` are not enough, and ``credentials`` (name -> words for the
person who types it in) where it needs some.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from channels.adapters.base import PROTOCOLS, Account, Can
from channels.adapters.csv_file import CsvFile
from channels.adapters.replay import Replay
from channels.adapters.shopify import Shopify
from channels.adapters.woocommerce import WooCommerce
from oms.core.errors import Permanent
from oms.core.http import Http

GROUP = "oms.channels"
BUILT_IN = (WooCommerce, Shopify, CsvFile, Replay)


@cache
def _found() -> tuple[Mapping[str, type], tuple[str, ...]]:
    """Adapters by kind, and what is wrong with those that could not be loaded."""
    adapters: dict[str, type] = {adapter.kind: adapter for adapter in BUILT_IN}
    wrong = []
    for entry in entry_points(group=GROUP):
        if entry.name in adapters:
            wrong.append(f"channel '{entry.name}' of {entry.value} is already taken")
            continue
        try:
            adapters[entry.name] = entry.load()
        except Exception as error:
            wrong.append(f"channel '{entry.name}' of {entry.value} cannot be loaded: {error}")
    return adapters, tuple(wrong)


def kinds() -> Mapping[str, type]:
    """Every adapter class by its kind."""
    return _found()[0]


def adapter_class(kind: str) -> Any:
    """Raises ``Permanent("unknown_channel")``."""
    try:
        return kinds()[kind]
    except KeyError:
        raise Permanent("unknown_channel", f"no channel is called '{kind}'") from None


def make_http(kind: str, account: Account) -> Http:
    """A client with the proof of identity this channel wants. Raises ``Permanent("no_credentials")``."""
    own = getattr(adapter_class(kind), "make_http", None)
    return own(account) if own else Http(account.base_url)


def build(kind: str, account: Account, http: Http | None = None) -> Any:
    """The adapter of an account; ``http`` is made where it is not handed in."""
    return adapter_class(kind)(account, http or make_http(kind, account))


def reader(kind: str, account: Account) -> Any:
    """The adapter of an account for ``read`` and ``split`` alone, which are pure: no keys are asked for, and its
    client has none. Raises ``Permanent("unknown_channel")``."""
    return adapter_class(kind)(account, Http(account.base_url))


def problems() -> list[str]:
    """What a start-up check must say: adapters that cannot be loaded or that promise what they have not."""
    found = list(_found()[1])
    for kind, adapter in kinds().items():
        for flag in getattr(adapter, "can", ()):
            protocol = PROTOCOLS.get(flag)
            if protocol is None:
                found.append(f"channel '{kind}' claims {flag!r}, which is no capability")
                continue
            lacking = [name for name in protocol_members(protocol) if not hasattr(adapter, name)]
            found += [f"channel '{kind}' claims {flag} but has no {name}" for name in lacking]
        if not hasattr(adapter, "can"):
            found.append(f"channel '{kind}' does not say what it can do")
    return found


def protocol_members(protocol: type) -> list[str]:
    """Methods and attributes that a Protocol asks for."""
    own = {name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")}
    return sorted(own | set(getattr(protocol, "__annotations__", {})))


__all__ = ["Account", "Can", "adapter_class", "build", "kinds", "make_http", "problems", "reader"]
