"""No command that writes the books is unknown to the law machine, and none of its rules is idle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.laws.commands import ROOT, Module, Name, modules, writers
from tests.laws.test_conservation import Shop

# One walk in which every rule does what it is for. Each step is a rule and what it is called with.
# n = -1 is the newest row.
WALK: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("receive", {"sku": "A", "at": "NORTH", "quantity": 4}),
    ("receive", {"sku": "B", "at": "SOUTH", "quantity": 4}),
    ("place", {"lines": [("A", 3)], "paid": True}),  # is sent and comes back
    ("carry", {}),
    ("pick", {"n": 0, "missing": 0, "reason": "miscount"}),
    ("pack", {"n": 0}),
    ("ship", {"n": 0}),
    ("deliver", {"n": 0}),
    ("come_back", {"n": 0, "quantity": 1, "kind": "restock"}),
    ("come_back_as_another", {"n": 0, "sku": "B", "kind": "restock", "late": True}),
    ("pay_return", {"n": 0}),
    ("carry_refund_on", {"n": 0, "end": "ask"}),
    ("carry_refund_on", {"n": 0, "end": "fail"}),
    ("carry_refund_on", {"n": 0, "end": "give up"}),
    ("find_on_the_dock", {"sku": "A", "quantity": 1}),
    ("match", {"n": 0, "m": 0}),
    ("unmatch", {"n": 0}),
    ("promise_money", {"n": 0}),
    ("carry_refund_on", {"n": 0, "end": "settle"}),
    ("enter_payment", {"n": 0, "kind": "external_paid", "status": "succeeded", "amount": 5}),
    ("enter_payment", {"n": 0, "kind": "chargeback", "status": "pending", "amount": 1}),
    ("enter_payment", {"n": 0, "kind": "chargeback", "status": "failed", "amount": 1}),
    ("place", {"lines": [("B", 2)], "paid": True}),  # is lost and sent again, then paid back
    ("carry", {}),
    ("pick", {"n": 0, "missing": 0, "reason": "miscount"}),
    ("pack", {"n": 0}),
    ("ship", {"n": 0}),
    ("send_again", {"n": 1}),  # 2
    ("cancel", {"n": -1, "part": False}),
    ("lose", {"n": 1}),
    ("pay_back", {"n": 1}),
    ("place", {"lines": [("C", 2)], "paid": True}),  # one piece is not found, the other sent back
    ("carry", {}),
    ("route_once_more", {"n": -1}),
    ("pick", {"n": 0, "missing": 1, "reason": "not_found"}),
    ("carry", {}),
    ("settle_difference", {"n": 0, "truth": "count", "counted": 1}),
    ("take_back", {"n": 0}),
    ("place", {"lines": [("A", 1)], "paid": True}),  # sent back
    ("carry", {}),
    ("send_back", {"n": -1, "reason": "too_busy", "some_lines": False, "passes_over": True}),
    ("place", {"lines": [("Z", 1)], "paid": True}),  # nobody knows what it is
    ("say_which_item", {"n": 0, "sku": "A"}),
    ("cancel_and_pay_back", {"n": -1}),
    ("place", {"lines": [("A", 1)], "paid": False}),  # is changed at the shop
    ("change_at_shop", {"n": -1, "edit": "more", "quantity": 1, "sku": "A"}),
    ("change_at_shop", {"n": -1, "edit": "refund", "quantity": 1, "sku": "A"}),
    ("change_at_shop", {"n": -1, "edit": "cancelled", "quantity": 1, "sku": "A"}),
    ("take_up_again", {"n": -1}),
    ("take", {"lines": [("B", 1)], "whole": True}),
    ("adjust", {"sku": "A", "at": "NORTH", "quantity": 1}),
    ("sort", {"n": 0, "kind": "damage", "quantity": 1}),
    ("repair", {"n": 0}),
)

# Why the machine need not call these: a command stands here by its module and name.
EXCUSED: Mapping[str, tuple[str, ...]] = {
    "reads what a shop has and calls place_orders and apply_changes for it": (
        "channels.ingest.ingest", "channels.fetch_orders.fetch_orders", "channels.fetch_orders.take_in",
        "channels.import_file.import_file", "channels.reread.reread", "channels.reconcile.reconcile",
        "channels.decide_change.accept_changes",
    ),
    "says which item a listing is and calls map_lines for its lines": (
        "channels.map_listings.auto_map", "channels.map_listings.map_listings", "channels.map_listings.resume_lines",
        "channels.pull_listings.pull_listings", "channels.disown_listings.ask_again",
    ),
    "asks a shop for refunds and calls request_refunds, settle_refunds and fail_refunds for what it answers": (
        "channels.send.send",
    ),
    "asks a carrier, or hears from it, and calls record_scans": (
        "fulfillment.track.ask_carriers", "fulfillment.receive_webhook.read_webhooks",
    ),
    "calls route_orders for what route_again does not name": ("fulfillment.reroute.route_waiting",),
}  # fmt: skip


@pytest.fixture(scope="module")
def code() -> Mapping[str, Module]:
    return modules()


@pytest.mark.django_db
def test_the_machine_knows_every_command_that_writes_the_books(code: Mapping[str, Module]) -> None:
    walked, found = _walk(), writers(code)
    excused = {_name(text) for texts in EXCUSED.values() for text in texts}
    assert sorted(found - walked - excused) == [], "write the books, and no rule of the machine calls them"
    assert sorted(excused - found) == [], "excused, and write no books (any more)"
    assert sorted(excused & walked) == [], "excused, and called by the machine"


def test_a_command_that_is_new_is_seen(code: Mapping[str, Module]) -> None:
    """Planted: a command that writes through another, one that does it itself, and one that only looks."""
    texts = {
        "inventory.actions.planted": "from inventory.actions.move_stock import move_stock\n"
        "def give_away(n): _deep(n)\n"
        "def _deep(n): move_stock(entries=n)\n",
        "orders.actions.planted": "from orders.models import OrderLine, Refund\n"
        "from oms.core.lifecycle import move\n"
        "from orders.actions import pay\n"
        "def forget(n): OrderLine.objects.filter(pk=n).update(promised=0)\n"
        "def pay(n): move(Refund.objects.all(), 'succeed')\n"
        "def book(n): pay.record_payments(n)\n"
        "_SQL = 'UPDATE orders_orderline SET shipped = 0'\n"
        "def unship(cursor): cursor.execute(_SQL)\n"
        "def rename(n): OrderLine.objects.filter(pk=n).update(title='x')\n"
        "def look(n): return OrderLine.objects.get(pk=n).promised\n",
    }
    planted = {name: Module.read(name, text) for name, text in texts.items()}
    new = writers({**code, **planted}) - writers(code)
    assert {top for _, top in new} == {"give_away", "forget", "pay", "book", "unship"}


def _name(text: str) -> Name:
    app, file, top = text.split(".")
    return f"{app}.actions.{file}", top


def _walk() -> set[Name]:
    """Take the walk, the laws checked at each step; returns the functions of actions that ran."""
    ran: set[Name] = set()
    shop, Shop.refused = Shop(), 0
    try:
        assert {step for step, _ in WALK} == {rule.function.__name__ for rule in shop.rules}
        for step, given in WALK:
            called = _called(lambda step=step, given=given: getattr(shop, step)(**given))  # type: ignore[misc]
            assert called, f"{step} {given} did nothing"
            assert Shop.refused == 0, f"{step} {given} was refused"
            ran |= called
            for law in shop.invariants:
                law.function(shop)
    finally:
        shop.teardown()
    return ran


def _called(work: Callable[[], None]) -> set[Name]:
    """The functions of actions that ran meanwhile."""
    codes: set[CodeType] = set()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, _: codes.add(frame.f_code) if event == "call" else None)
    try:
        work()
    finally:
        sys.setprofile(before)
    paths = {code: Path(code.co_filename) for code in codes}
    return {
        (f"{path.parent.parent.name}.actions.{path.stem}", code.co_qualname)
        for code, path in paths.items()
        if path.parent.name == "actions" and path.is_relative_to(ROOT)
    }
