"""The carriers by name: those that come with the system, and those of other packages.

A package adds one with an entry point of the group ``oms.carriers``, such as ``dhl = "my_package.dhl:Dhl"``.
A carrier is a class made with ``(account, http)`` that has ``kind`` (its name), ``can`` (a set of ``Can``)
and the methods of each Protocol it claims; ``make_http(account)`` may make its own HTTP client.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from fulfillment.carriers.base import PROTOCOLS, Account, Can
from oms.core.errors import Permanent
from oms.core.http import Http

GROUP = "oms.carriers"
BUILT_IN: Mapping[str, str] = {"easypost": "fulfillment.carriers.easypost:EasyPost"}


def kinds() -> list[str]:
    """The names that ``build`` knows."""
    return sorted({*BUILT_IN, *_plugged()})


def load(kind: str) -> type[Any]:
    """The carrier's class. Raises :class:`Permanent` for an unknown, broken or dishonest one."""
    try:
        found = _load(kind)
    except KeyError:
        raise Permanent(
            "unknown_carrier", f"There is no carrier {kind!r}; known: {', '.join(kinds())}."
        ) from None
    except (ImportError, AttributeError) as error:
        raise Permanent("broken_carrier", f"The carrier {kind!r} cannot be loaded: {error}.") from error
    wrong = _wrong(kind, found)
    if wrong:
        raise Permanent("broken_carrier", " ".join(wrong))
    return found


def build(kind: str, account: Account, http: Http | None = None) -> Any:
    """A carrier for this account. Raises :class:`Permanent` as ``load`` does."""
    made = load(kind)
    if http is None:
        maker = getattr(made, "make_http", None)
        http = maker(account) if maker else Http(account.base_url)
    return made(account, http)


def problems() -> list[str]:
    """What is wrong with the registered carriers, in words; empty when all is well."""
    found = []
    for kind in kinds():
        try:
            load(kind)
        except Permanent as error:
            found.append(str(error))
    return found


def _wrong(kind: str, carrier: type[Any]) -> list[str]:
    claimed = getattr(carrier, "can", None)
    if not isinstance(claimed, set | frozenset) or not all(isinstance(flag, Can) for flag in claimed):
        return [f"The carrier {kind!r} does not say what it can do: 'can' has to be a set of Can."]
    wrong = []
    for flag in sorted(claimed):
        methods = [name for name in vars(PROTOCOLS[flag]) if not name.startswith("_")]
        absent = [name for name in methods if not callable(getattr(carrier, name, None))]
        if absent:
            wrong.append(f"The carrier {kind!r} claims {flag.value!r} but has no {', '.join(absent)}.")
    return wrong


@cache
def _load(kind: str) -> type[Any]:
    if kind in BUILT_IN:
        module, _, name = BUILT_IN[kind].partition(":")
        return getattr(import_module(module), name)
    return _plugged()[kind].load()


@cache
def _plugged() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
