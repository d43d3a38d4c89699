"""The registry finds carriers, and finds out those that claim what they cannot."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from fulfillment import carriers
from fulfillment.carriers.base import Account, Can
from oms.core.errors import Permanent


class Honest:
    kind = "honest"
    can = frozenset({Can.TRACK})

    def __init__(self, account, http):
        self.account, self.http = account, http

    def track(self, tracker_ids):
        return []


class Boastful(Honest):
    can = frozenset({Can.TRACK, Can.LABEL, Can.VOID})

    def buy(self, parcel, quote):
        return None


class Silent:
    pass


@pytest.fixture
def plugged(monkeypatch):
    def plug(**points):
        made = {
            name: EntryPoint(
                name, f"{value.__module__}:{value.__qualname__}" if value else "nowhere:X", "oms.carriers"
            )
            for name, value in points.items()
        }
        monkeypatch.setattr(carriers, "_plugged", lambda: made)
        monkeypatch.setattr(carriers, "_load", carriers._load.__wrapped__)

    return plug


def test_what_comes_with_the_system_is_sound():
    assert carriers.problems() == []
    assert "easypost" in carriers.kinds()


def test_another_package_can_add_one(plugged):
    plugged(honest=Honest)
    made = carriers.build("honest", Account("a", "http://carrier.test"))
    assert type(made).__name__ == "Honest"
    assert repr(made.http) == "Http(carrier.test)"


def test_a_claim_without_its_method_is_found_at_start(plugged):
    plugged(boastful=Boastful)
    first, second = carriers.problems()[0].split(". ")
    assert first == "The carrier 'boastful' claims 'label' but has no find_label"
    assert second == "The carrier 'boastful' claims 'void' but has no void."
    with pytest.raises(Permanent, match="find_label"):
        carriers.build("boastful", Account("a", "http://carrier.test"))


def test_one_that_says_nothing_or_is_not_there(plugged):
    plugged(silent=Silent, absent=None)
    silent = next(words for words in carriers.problems() if "silent" in words)
    assert "'can' has to be a set" in silent
    assert any("cannot be loaded" in words for words in carriers.problems())


def test_an_unknown_name():
    with pytest.raises(Permanent, match="known: easypost") as error:
        carriers.load("pigeon")
    assert error.value.reason == "unknown_carrier"
